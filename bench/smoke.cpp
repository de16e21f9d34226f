// A smoke test, no claim: the durable LSM composition beside RocksDB and LevelDB, in one run, in rounds that take
// turns.
#include <kvilt/core/checksum.hpp>

#include "figures.hpp"
#include "peers.hpp"
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace {

using namespace bench;

constexpr const char* usage = R"(usage: bench_smoke [--rounds N] [--records N] [--directory DIRECTORY]

Puts records of 16-byte keys and 100-byte values in random order (fillrandom), brings each store into its best shape
(compact), gets all in another random order (readrandom), and walks all in order (readseq).

  --rounds N              medians are of so many rounds (3)
  --records N             at least 1000 (1000000)
  --directory DIRECTORY   where the stores are made, and removed (the place for temporary files)
)";

struct Settings {
    std::size_t rounds = 3;
    std::size_t records = 1'000'000;
    std::string directory{};
};

constexpr std::array<const char*, 4> phases{"fillrandom", "compact", "readrandom", "readseq"};
constexpr std::size_t compact = 1;
using Times = std::array<double, phases.size()>; // seconds

// What all stores are given, made beforehand.
class Workload {
public:
    explicit Workload(std::size_t records) : fill_(shuffled(records, 1)), read_(shuffled(records, 2)) {
        for (std::size_t n = 0; n < records; ++n) {
            const std::string digits = std::to_string(n);
            keys_.append(key_bytes - digits.size(), '0').append(digits);
        }
        for (std::uint64_t n = 0; pool_.size() < 1 << 20; ++n) kvilt::coding::append(pool_, kvilt::mix(3, n));
    }

    const std::vector<std::uint32_t>& fill() const { return fill_; }
    const std::vector<std::uint32_t>& read() const { return read_; }
    Bytes key(std::size_t n) const { return Bytes(keys_).substr(n * key_bytes, key_bytes); }
    Bytes value(std::size_t n) const {
        return Bytes(pool_).substr(n * 7919 % (pool_.size() - value_bytes), value_bytes);
    }

private:
    static constexpr std::size_t key_bytes = 16;
    static constexpr std::size_t value_bytes = 100;

    static std::vector<std::uint32_t> shuffled(std::size_t count, std::uint64_t seed) {
        std::vector<std::uint32_t> numbers(count);
        for (std::size_t n = 0; n < count; ++n) {
            numbers[n] = static_cast<std::uint32_t>(n);
            std::swap(numbers[n], numbers[kvilt::mix(seed, n) % (n + 1)]);
        }
        return numbers;
    }

    std::vector<std::uint32_t> fill_;
    std::vector<std::uint32_t> read_;
    std::string keys_;
    std::string pool_;
};

void verify(bool right, const std::string& name) {
    if (!right) throw std::runtime_error(name + " did not give back what was put");
}

template <class Store>
Times measure(const Workload& workload, const std::string& parent) {
    const TemporaryDirectory directory(parent);
    Store store(directory.path() + "/store");
    Times times{};
    const auto timed = [&](std::size_t phase, auto act) {
        const Stopwatch watch;
        act();
        times[phase] = watch.seconds();
    };
    timed(0, [&] {
        for (const std::uint32_t n : workload.fill()) store.put(workload.key(n), workload.value(n));
    });
    timed(compact, [&] { store.compact(); });
    std::string value;
    std::size_t right = 0;
    timed(2, [&] {
        for (const std::uint32_t n : workload.read())
            right += store.get(workload.key(n), value) && value == workload.value(n);
    });
    verify(right == workload.read().size(), Store::name());
    std::size_t walked = 0;
    std::size_t bytes = 0;
    timed(3, [&] {
        store.scan([&](Bytes key, Bytes found) {
            ++walked;
            bytes += key.size() + found.size() + static_cast<unsigned char>(found.back()) / 256;
        });
    });
    verify(walked == workload.read().size() && bytes == walked * 116, Store::name());
    return times;
}

struct Subject {
    std::string name;
    Times (*run)(const Workload&, const std::string&);
    std::array<std::vector<double>, phases.size()> nanoseconds{}; // a record, of each round
};

template <class Store>
Subject subject() {
    return {Store::name(), measure<Store>};
}

void print_times(const std::vector<Subject>& subjects) {
    std::printf("\n%-38s", "ns a record: median (least-most)");
    for (const char* phase : phases) std::printf("%24s", phase);
    for (const Subject& each : subjects) {
        std::printf("\n%-38s", each.name.c_str());
        for (const auto& values : each.nanoseconds) {
            const auto [least, most] = std::minmax_element(values.begin(), values.end());
            char text[64];
            std::snprintf(text, sizeof text, "%.0f (%.0f-%.0f)", median(values), *least, *most);
            std::printf("%24s", text);
        }
    }
    std::printf("\n");
}

// How many times longer each peer takes; the first `ours` subjects are kvilt.
void print_ratios(const std::vector<Subject>& subjects, std::size_t ours) {
    bool ahead = true;
    std::printf("\n%-38s", "median of a peer / median of ours");
    for (std::size_t our = 0; our < ours; ++our)
        for (std::size_t peer = ours; peer < subjects.size(); ++peer) {
            std::printf("\n%-38s", (subjects[peer].name + " / " + subjects[our].name).c_str());
            for (std::size_t phase = 0; phase < phases.size(); ++phase) {
                const double ratio =
                    median(subjects[peer].nanoseconds[phase]) / median(subjects[our].nanoseconds[phase]);
                std::printf("%24.2f", ratio);
                ahead = ahead && (phase == compact || ratio > 1);
            }
        }
    std::printf("\n");
    if (subjects.size() > ours)
        std::printf("kvilt is %s in each of fillrandom, readrandom and readseq.\n", ahead ? "ahead" : "NOT ahead");
}

int run(const Settings& settings) {
    std::vector<Subject> subjects{subject<Kvilt<kvilt::threads::One>>(), subject<Kvilt<kvilt::threads::Many>>()};
    const std::size_t ours = subjects.size();
    std::printf("%zu records of 16-byte keys and 100-byte values, %zu rounds\n%s\n", settings.records, settings.rounds,
                machine().c_str());
#ifdef KVILT_BENCH_ROCKSDB
    subjects.push_back(subject<RocksDb>());
    std::printf("Mind: the RocksDB of Debian is built with assertions, which cost it a good part of its speed.\n");
#else
    std::printf("Without RocksDB: install librocksdb-dev and configure again.\n");
#endif
#ifdef KVILT_BENCH_LEVELDB
    subjects.push_back(subject<LevelDb>());
#else
    std::printf("Without LevelDB: install libleveldb-dev and configure again.\n");
#endif
    const Workload workload(settings.records);
    for (std::size_t round = 0; round < settings.rounds; ++round)
        for (std::size_t turn = 0; turn < subjects.size(); ++turn) {
            Subject& each = subjects[(round + turn) % subjects.size()]; // none is always the first
            std::fprintf(stderr, "round %zu: %s\n", round + 1, each.name.c_str());
            const Times times = each.run(workload, settings.directory);
            for (std::size_t phase = 0; phase < phases.size(); ++phase)
                each.nanoseconds[phase].push_back(times[phase] * 1e9 / static_cast<double>(settings.records));
        }
    print_times(subjects);
    print_ratios(subjects, ours);
    return EXIT_SUCCESS;
}

// Throws std::invalid_argument.
std::size_t number(const std::string& option, const std::string& text, std::size_t least) {
    std::size_t value = 0;
    const auto [stopped, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (wrong != std::errc() || stopped != text.data() + text.size() || value < least || value > 100'000'000)
        throw std::invalid_argument(option + " needs a number from " + std::to_string(least) + " to 100000000, not " +
                                    text);
    return value;
}

Settings parse(const std::vector<std::string>& words) {
    Settings settings;
    for (std::size_t n = 0; n < words.size(); n += 2) {
        if (n + 1 == words.size()) throw std::invalid_argument(words[n] + " needs a value, or is not understood");
        if (words[n] == "--rounds")
            settings.rounds = number(words[n], words[n + 1], 1);
        else if (words[n] == "--records")
            settings.records = number(words[n], words[n + 1], 1000);
        else if (words[n] == "--directory")
            settings.directory = words[n + 1];
        else
            throw std::invalid_argument(words[n] + " is not understood");
    }
    return settings;
}

} // namespace

int main(int count, char** words) {
    try {
        const std::vector<std::string> arguments(words + 1, words + count);
        if (arguments == std::vector<std::string>{"--help"}) return std::fputs(usage, stdout) < 0;
        return run(parse(arguments));
    } catch (const std::invalid_argument& error) {
        std::fprintf(stderr, "%s\n\n%s", error.what(), usage);
        return 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}
