// What every benchmark needs: a watch, a place, a median, and what was measured on.
#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <sys/utsname.h>
#include <thread>
#include <vector>

namespace bench {

class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(); }

private:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

// Fresh, below `parent` (empty: where temporary files go), and removed with all that is in it.
class TemporaryDirectory {
public:
    explicit TemporaryDirectory(const std::string& parent) {
        const std::string place = parent.empty() ? std::filesystem::temp_directory_path().string() : parent;
        path_ = place + "/kvilt-bench-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr)
            throw std::runtime_error(path_ + " cannot be made; name a directory that can be written");
    }
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

    const std::string& path() const { return path_; }

private:
    std::string path_;
};

// Of an even number of values the mean of the two in the middle; 0 of none.
inline double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// "AMD EPYC, 2 cores, Linux 6.1.0, g++ 12.2.0 -O3"
inline std::string machine() {
    std::string processor = "unknown processor";
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) {
            processor = line.substr(line.find(':') + 2);
            break;
        }
    utsname system{};
    ::uname(&system);
#ifdef __clang__
    const std::string compiler = "clang " __clang_version__;
#else
    const std::string compiler = "g++ " __VERSION__;
#endif
#if defined(NDEBUG) && defined(__OPTIMIZE__)
    const std::string build = "optimized";
#else
    const std::string build = "NOT OPTIMIZED OR WITH ASSERTIONS: configure with -DCMAKE_BUILD_TYPE=Release";
#endif
    return processor + ", " + std::to_string(std::thread::hardware_concurrency()) + " cores, " + system.sysname + " " +
           system.release + ", " + compiler + ", " + build;
}

} // namespace bench
