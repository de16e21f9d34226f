// The Debian package index in a key-value store: loads it, asks it, crashes it, and changes its composition. Exits with
// 1 if anything that was checked does not hold, with 2 on bad arguments.
#include "acts.hpp"
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <vector>

namespace {

constexpr const char* usage = R"(usage: example_package_index [--directory DIRECTORY] [--generate PACKAGES | DUMP]

Puts a Debian package index into kvilt stores and checks what comes out.

  DUMP                  a file with the output of `apt-cache dumpavail`, or a Packages file; by default apt is asked
  --generate PACKAGES   so many made-up packages instead
  --directory DIRECTORY keeps the stores there; by default they are removed
  --help                this
)";

struct Arguments {
    Input input;
    std::string directory; // empty: a temporary one
    bool help = false;
};

// Throws std::invalid_argument.
Arguments parse(const std::vector<std::string>& words) {
    Arguments arguments;
    for (auto word = words.begin(); word != words.end(); ++word) {
        const auto value = [&] {
            if (++word == words.end()) throw std::invalid_argument(word[-1] + " needs a value");
            return *word;
        };
        if (*word == "--help") {
            arguments.help = true;
        } else if (*word == "--directory") {
            arguments.directory = value();
        } else if (*word == "--generate") {
            const std::string number = value();
            const auto end = number.data() + number.size();
            const auto [stopped, wrong] = std::from_chars(number.data(), end, arguments.input.generated);
            if (wrong != std::errc() || stopped != end || arguments.input.generated < 2)
                throw std::invalid_argument("--generate needs a number of at least 2, not " + number);
        } else if (word->starts_with('-') || !arguments.input.file.empty()) {
            throw std::invalid_argument(*word + " is not understood");
        } else {
            arguments.input.file = *word;
        }
    }
    return arguments;
}

// Removed at the end, unless it was named.
class WorkDirectory {
public:
    explicit WorkDirectory(const std::string& named) : path_(named), temporary_(named.empty()) {
        if (!temporary_) return;
        path_ = (std::filesystem::temp_directory_path() / "kvilt-XXXXXX").string();
        if (::mkdtemp(path_.data()) == nullptr)
            throw std::runtime_error(path_ + " cannot be made; name another place with --directory");
    }
    ~WorkDirectory() {
        std::error_code ignored;
        if (temporary_) std::filesystem::remove_all(path_, ignored);
    }
    WorkDirectory(const WorkDirectory&) = delete;
    WorkDirectory& operator=(const WorkDirectory&) = delete;

    const std::string& path() const { return path_; }

private:
    std::string path_;
    bool temporary_;
};

int run(const Arguments& arguments) {
    Report report;
    const Stopwatch watch;
    const Dump dump = read_dump(arguments.input);
    std::printf("%s packages with %s dependencies, %s of text, from %s\n", grouped(dump.packages.size()).c_str(),
                grouped(dump.dependencies).c_str(), megabytes(dump.text_bytes).c_str(), dump.source.c_str());

    const WorkDirectory directory(arguments.directory);
    const std::string index = directory.path() + "/index";
    load(report, dump, index);
    ask(report, dump, index);
    crash(report, dump, index);
    change_one_alias(report, dump, directory.path());
    ring(report, dump, directory.path() + "/ring");

    std::printf("\n%d of %d checks hold, in %s s.\n", report.checks() - report.failures(), report.checks(),
                decimal(watch.seconds(), 1).c_str());
    std::printf(
        "Typed records in atomic batches, ordered keys, a crash without loss, and five stores of one template.\n"
        "Read on: README.md, then examples/durable_lsm.cpp and docs/tour.md.\n");
    return report.failures() == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int main(int count, char** words) {
    try {
        const Arguments arguments = parse({words + 1, words + count});
        if (arguments.help) return std::fputs(usage, stdout) < 0;
        return run(arguments);
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "%s\n\n%s", error.what(), usage);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}
