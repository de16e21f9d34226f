// The workloads: db_bench's and YCSB's, on any engine.
#pragma once

#include "../figures.hpp"
#include "distributions.hpp"
#include "engine.hpp"
#include "keys.hpp"
#include "options.hpp"
#include "run_figures.hpp"
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace bench {

// A store in the midst of a sequence of workloads, and what is known of its content.
class Subject {
public:
    Subject(const Candidate& candidate, const Options& options);

    void open();
    void close() { engine_.reset(); }

    const Options options;
    const Description& description;
    const Values values;
    std::uint64_t keys = 0;         // numbers below it are there, unless they were removed
    std::uint64_t versions_max = 0; // of any value
    bool mixed = false;             // values of several versions, unknown which

    Engine& engine() { return *engine_; }
    const std::string& directory() const { return options.run_directory; }
    double entry_bytes() const { return static_cast<double>(key_bytes + options.value_bytes); }

    // Throws unless `right`: an engine that answers wrongly has no figures.
    void judge(bool right, const char* asked, std::uint64_t number) const {
        if (!right) [[unlikely]]
            wrong(asked, number);
    }

private:
    [[noreturn]] void wrong(const char* asked, std::uint64_t number) const;

    const Candidate& candidate_;
    std::unique_ptr<Engine> engine_{};
};

// More than one may hold of a workload.
enum class Trait : unsigned {
    writes = 1,  // what it has written is settled, and weighed
    ordered = 2, // it asks for an order of keys
    threads = 4, // it asks for several
    by_name = 8, // it runs only when asked for by its name
    opens = 16,  // it opens the store by itself
};
constexpr Trait operator|(Trait a, Trait b) {
    return static_cast<Trait>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}

struct Workload {
    const char* name;
    const char* does; // for --help
    int sequence;     // those of one sequence run in one process, in this order, after its first, which fills
    // A row, or more that name themselves. What is measured beside time and user bytes is the caller's.
    std::vector<Figures> (*run)(Subject&);
    Trait traits;

    bool is(Trait trait) const { return (static_cast<unsigned>(traits) & static_cast<unsigned>(trait)) != 0; }
};

// Of what a workload's other thread did: a row of its own, named after the workload's.
inline constexpr const char* also_writes = "-writes";

// In the order in which they run. The first of each sequence begins with an empty directory.
std::span<const Workload> workloads();
// Null if there is none.
const Workload* workload_named(const std::string& name);

namespace work {

std::vector<Figures> fillseq(Subject&);
std::vector<Figures> fillrandom(Subject&);
std::vector<Figures> fillsync(Subject&);
std::vector<Figures> fillsync_of_eight(Subject&);
std::vector<Figures> fillbatch_of_100(Subject&);
std::vector<Figures> fillbatch_of_1000(Subject&);
std::vector<Figures> overwrite(Subject&);
std::vector<Figures> compact(Subject&);
std::vector<Figures> readrandom(Subject&);
std::vector<Figures> readmissing(Subject&);
std::vector<Figures> multireadrandom(Subject&);
std::vector<Figures> readseq(Subject&);
std::vector<Figures> readreverse(Subject&);
std::vector<Figures> seekrandom(Subject&);
std::vector<Figures> deleterandom(Subject&);
std::vector<Figures> readwhilewriting(Subject&);
std::vector<Figures> recovery(Subject&);
std::vector<Figures> reopen(Subject&);
std::vector<Figures> ycsb_a(Subject&);
std::vector<Figures> ycsb_b(Subject&);
std::vector<Figures> ycsb_c(Subject&);
std::vector<Figures> ycsb_d(Subject&);
std::vector<Figures> ycsb_e(Subject&);
std::vector<Figures> ycsb_f(Subject&);

} // namespace work

// Calls operation(n) for each n below `count` on the caller's thread, and measures.
template <class Operation>
Figures measured(std::uint64_t count, std::uint64_t every, Operation operation) {
    Histogram latencies;
    const TickLength tick;
    const Stopwatch watch;
    timed(count, every, latencies, operation);
    Figures figures{.operations = static_cast<double>(count), .seconds = watch.seconds()};
    figures.take(latencies, tick.nanoseconds());
    return figures;
}

// The same of one long operation, which has no distribution.
template <class Operation>
Figures measured_once(double operations, Operation operation) {
    const Stopwatch watch;
    operation();
    return {.operations = operations, .seconds = watch.seconds()};
}

} // namespace bench
