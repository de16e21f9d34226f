// What all runs have measured, and how it is shown.
#pragma once

#include "engine.hpp"
#include "limits.hpp"
#include "options.hpp"
#include "run_figures.hpp"
#include <optional>
#include <string>
#include <vector>

namespace bench {

// Of one workload on one engine.
struct Result {
    const Description* engine = nullptr;
    std::string workload{};
    std::vector<Figures> rounds{};
    std::string failure{}; // of a round, or nothing

    bool ran() const { return !rounds.empty() || !failure.empty(); }
    Figures median() const;
    double rate() const; // operations a second, the median
    double rate_least() const;
    double rate_most() const;
    double amplification_written() const; // NaN where nothing is written
    double amplification_space() const;
};

class Results {
public:
    Result& of(const Description& engine, const std::string& workload);

    const std::vector<Result>& all() const { return all_; } // in the order in which they first came
    std::vector<std::string> workloads() const;             // that have run
    // The fastest peer of the same kind, that is one that keeps order or one that does not; null without one.
    const Result* best_peer(const Result& result) const;
    // Of RocksDB for the same workload; null without one.
    const Result* rocksdb(const Result& result) const;

private:
    std::vector<Result> all_{};
};

// What was run: for the heads of files.
struct Circumstances {
    std::string command{};
    std::string machine{};
    std::string date{};
};
Circumstances circumstances(const std::vector<std::string>& words);

std::string table(const Results& results);
std::string csv(const Results& results, const Options& options, const Circumstances& circumstances);
std::string json(const Results& results, const Options& options, const Circumstances& circumstances,
                 const std::optional<Limits>& limits);
std::string list(const std::vector<Candidate>& candidates);

} // namespace bench
