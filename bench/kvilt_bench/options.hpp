// What the command line asks for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

struct Options {
    std::vector<std::string> engines{};   // empty: all that are not to be named
    std::vector<std::string> workloads{}; // empty: all but those that are to be named
    std::vector<std::string> once{};      // engines that run one round
    std::size_t entries = 100'000;
    std::size_t value_bytes = 100;
    std::size_t operations = 0; // of reads and of YCSB; 0: as many as entries, a million at most
    std::size_t synced = 1000;  // puts of fillsync
    std::size_t rounds = 3;
    std::size_t latency_every = 8;
    std::size_t memory_bytes_max = 0;
    std::size_t timeout_seconds = 3600; // of a run
    std::string memory_group{};
    std::string directory{};
    std::string csv{};
    std::string json{};
    bool compressed = false;
    bool without_limits = false;
    bool list = false;
    bool help = false;

    // A run of its own in a fresh directory, which the program starts itself for.
    std::string run_engine{};
    std::string run_directory{};
    std::vector<std::string> run_workloads{};

    std::size_t reads() const { return operations != 0 ? operations : std::min<std::size_t>(entries, 1'000'000); }
};

// Says what is wrong on the command line, and how to mend it.
class Usage : public std::invalid_argument {
public:
    using std::invalid_argument::invalid_argument;
};

Options parse(const std::vector<std::string>& words);
// The words from which parse makes the same again.
std::vector<std::string> words_of(const Options& options);
std::string help();

} // namespace bench
