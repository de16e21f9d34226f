// The process that runs workloads: what it writes, takes and keeps.
#include "run.hpp"
#include "workload.hpp"
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace bench {

namespace {

// The number that follows `name` in a file of /proc; 0 without it.
double number_in(const char* path, const std::string& name) {
    std::ifstream file(path);
    for (std::string word; file >> word;)
        if (word == name) {
            double number = 0;
            file >> number;
            return number;
        }
    return 0;
}

// Of pages that this process made dirty in the page cache, mapped ones too: a page that is written again before the
// kernel has written it counts once, and so it does on the device.
double bytes_written() { return number_in("/proc/self/io", "write_bytes:"); }

double peak_memory_bytes() { return number_in("/proc/self/status", "VmHWM:") * 1024; }

void forget_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5\n"; }

double bytes_on_disk(const std::string& directory) {
    double bytes = 0;
    std::error_code ignored; // background work may remove a file meanwhile
    for (const auto& file : std::filesystem::recursive_directory_iterator(directory, ignored)) {
        struct stat found{};
        if (::stat(file.path().c_str(), &found) == 0) bytes += static_cast<double>(found.st_blocks) * 512;
    }
    return bytes;
}

// What is dirty from before is neither counted again nor written beside what is measured.
void write_back(const std::string& directory) {
    for (const auto& file : std::filesystem::recursive_directory_iterator(directory)) {
        const int opened = ::open(file.path().c_str(), O_RDONLY | O_CLOEXEC);
        if (opened < 0) continue;
        ::fsync(opened);
        ::close(opened);
    }
}

// Once files that a store no longer needs have gone, which it may do behind its back.
double bytes_left_on_disk(const std::string& directory) {
    for (double before = bytes_on_disk(directory);;) {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        const double now = bytes_on_disk(directory);
        if (now >= before) return now;
        before = now;
    }
}

void run_one(Subject& subject, const Workload& workload) {
    std::printf("begin %s\n", workload.name);
    std::fflush(stdout);
    if (workload.is(Trait::writes)) write_back(subject.directory());
    forget_peak_memory();
    const double before = bytes_written();
    std::vector<Figures> rows = workload.run(subject);
    Figures& first = rows.front();
    if (workload.is(Trait::writes)) {
        const Stopwatch watch;
        subject.engine().settle();
        first.settle_seconds = watch.seconds();
        first.written_bytes = bytes_written() - before;
        first.disk_bytes = bytes_left_on_disk(subject.directory());
        first.live_bytes = static_cast<double>(subject.keys) * subject.entry_bytes();
    }
    first.peak_memory_bytes = peak_memory_bytes();
    for (Figures& row : rows) {
        if (row.workload.empty()) row.workload = workload.name;
        std::printf("%s\n", to_line(row).c_str());
    }
    std::fflush(stdout);
}

} // namespace

std::string to_line(const Figures& figures) {
    std::ostringstream line;
    line.precision(17);
    line << "figures " << figures.workload;
    Figures::for_each(figures, [&](const char*, double number) { line << ' ' << number; });
    return line.str();
}

std::optional<Figures> from_line(const std::string& line) {
    std::istringstream words(line);
    std::string kind;
    Figures figures;
    if (!(words >> kind >> figures.workload) || kind != "figures") return std::nullopt;
    Figures::for_each(figures, [&](const char*, double& number) { words >> number; });
    if (!words) throw std::runtime_error("a run has sent what is not understood: " + line);
    return figures;
}

void carry_out(const Candidate& candidate, const Options& options) {
    Subject subject(candidate, options);
    for (const std::string& name : options.run_workloads) {
        const Workload& workload = *workload_named(name);
        if (&name == &options.run_workloads.front() && !workload.is(Trait::opens)) subject.open();
        try {
            run_one(subject, workload);
        } catch (const std::exception& error) {
            throw std::runtime_error(name + ": " + error.what());
        }
    }
    subject.close();
    std::printf("done\n");
    std::fflush(stdout);
}

} // namespace bench
