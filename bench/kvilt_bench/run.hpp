// One run: a process and a fresh directory for one engine and one sequence of workloads.
#pragma once

#include "engine.hpp"
#include "options.hpp"
#include "run_figures.hpp"
#include <functional>
#include <string>
#include <vector>

namespace bench {

// In the process that was started for it: does what options.run_* say, and prints a line for each row of figures.
void carry_out(const Candidate& candidate, const Options& options);

struct Outcome {
    std::vector<Figures> rows{};
    std::string failure{}; // why rows are missing, or nothing
};

// Starts such a process, and waits for it. `begins` is told of each workload. What fails is in the outcome; throws
// where no process can be had, and when the user interrupts.
Outcome run_apart(const Options& options, const std::function<void(const std::string&)>& begins);

// The user has interrupted.
struct Interrupted {};

// A group of Linux's control groups, of either version, made by the user: its limit is set.
void limit_memory_group(const std::string& path, std::size_t bytes_max);

} // namespace bench
