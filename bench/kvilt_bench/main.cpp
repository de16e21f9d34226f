// kvilt beside other embedded stores, on the workloads by which they are compared.
#include "../figures.hpp"
#include "limits.hpp"
#include "results.hpp"
#include "run.hpp"
#include "workload.hpp"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <unistd.h>

namespace {

using namespace bench;

// One process's worth: the workloads of a sequence that an engine can do.
struct Sequence {
    std::vector<const Workload*> asked{};
    const Workload* fill = nullptr; // that comes before them

    std::vector<std::string> for_engine(const Description& engine) const {
        std::vector<std::string> names;
        for (const Workload* workload : asked)
            if ((engine.ordered || !workload->is(Trait::ordered)) && (engine.threads || !workload->is(Trait::threads)))
                names.push_back(workload->name);
        if (!names.empty() && names.front() != fill->name) names.insert(names.begin(), fill->name);
        return names;
    }
    bool shows(const Figures& row) const {
        return std::ranges::any_of(asked,
                                   [&](const Workload* workload) { return row.workload.starts_with(workload->name); });
    }
};

std::vector<Sequence> sequences(const Options& options) {
    std::vector<Sequence> all;
    const Workload* fill = nullptr;
    bool begun = false;
    for (const Workload& workload : workloads()) {
        if (fill == nullptr || workload.sequence != fill->sequence) {
            fill = &workload;
            begun = false;
        }
        const bool named = std::ranges::find(options.workloads, workload.name) != options.workloads.end();
        if (!named && (workload.is(Trait::by_name) || !options.workloads.empty())) continue;
        if (!begun) all.push_back({.fill = fill});
        begun = true;
        all.back().asked.push_back(&workload);
    }
    return all;
}

const Candidate* named(const std::vector<Candidate>& candidates, const std::string& name) {
    const auto found = std::ranges::find_if(
        candidates, [&](const Candidate& candidate) { return candidate.description.name == name; });
    return found == candidates.end() ? nullptr : &*found;
}

const Candidate& named_in(const char* option, const std::vector<Candidate>& candidates, const std::string& name) {
    if (const Candidate* const engine = named(candidates, name)) return *engine;
    throw Usage(option + (": there is no \"" + name) +
                "\"; --list names those that were found when this program was configured");
}

std::vector<const Candidate*> chosen(const std::vector<Candidate>& candidates, const Options& options) {
    std::vector<const Candidate*> engines;
    for (const Candidate& candidate : candidates)
        if (options.engines.empty() && !candidate.description.by_name) engines.push_back(&candidate);
    for (const std::string& name : options.engines) engines.push_back(&named_in("--engines", candidates, name));
    for (const std::string& name : options.once) static_cast<void>(named_in("--once", candidates, name));
    return engines;
}

// How far all is, on a terminal; else a line for each run.
class Progress {
public:
    explicit Progress(std::size_t runs) : runs_(runs) {}
    ~Progress() {
        if (terminal_) std::fputs("\r\033[K", stderr);
    }

    void run_begins(std::size_t round, const std::string& engine) {
        what_ = "round " + std::to_string(round + 1) + ", " + engine;
        ++begun_;
        if (!terminal_) std::fprintf(stderr, "%zu of %zu: %s\n", begun_, runs_, what_.c_str());
    }
    void workload_begins(const std::string& name) const {
        if (!terminal_) return;
        constexpr std::size_t width = 30;
        const std::size_t full = (begun_ - 1) * width / runs_;
        std::fprintf(stderr, "\r\033[K[%s%s] %zu/%zu %s: %s", std::string(full, '#').c_str(),
                     std::string(width - full, '.').c_str(), begun_, runs_, what_.c_str(), name.c_str());
    }

private:
    const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    std::size_t runs_;
    std::size_t begun_ = 0;
    std::string what_{};
};

// What is asked of the engine in this round.
void run(const Candidate& candidate, const Sequence& sequence, Options options, Results& results,
         const Progress& progress) {
    const Description& engine = candidate.description;
    options.run_engine = engine.name;
    options.run_workloads = sequence.for_engine(engine);
    if (options.run_workloads.empty()) return;
    const Outcome outcome = run_apart(options, [&](const std::string& name) { progress.workload_begins(name); });
    for (const Figures& row : outcome.rows)
        if (sequence.shows(row)) results.of(engine, row.workload).rounds.push_back(row);
    if (outcome.failure.empty()) return;
    for (const std::string& name : options.run_workloads) {
        const bool there = std::ranges::find(outcome.rows, name, &Figures::workload) != outcome.rows.end();
        if (!there && sequence.shows({.workload = name})) results.of(engine, name).failure = outcome.failure;
    }
}

Results run_all(const std::vector<const Candidate*>& engines, const Options& options) {
    const std::vector<Sequence> all = sequences(options);
    const TemporaryDirectory directory(options.directory);
    Options each = options;
    each.csv = each.json = {};
    each.run_directory = directory.path() + "/run";
    Results results;
    for (const Sequence& sequence : all) // rows of a table stay in the order of engines
        for (const Candidate* engine : engines)
            for (const std::string& name : sequence.for_engine(engine->description))
                for (const std::string& row : {name, name + also_writes})
                    if (sequence.shows({.workload = row})) results.of(engine->description, row);
    const auto rounds_of = [&](const Candidate* engine) {
        return std::ranges::find(options.once, engine->description.name) == options.once.end() ? options.rounds : 1;
    };
    std::size_t turns = 0;
    for (const Candidate* engine : engines) turns += rounds_of(engine);
    Progress progress(all.size() * turns);
    for (std::size_t round = 0; round < options.rounds; ++round)
        for (const Sequence& sequence : all)
            for (std::size_t turn = 0; turn < engines.size(); ++turn) {
                const Candidate& engine = *engines[(round + turn) % engines.size()]; // none is always the first
                if (round >= rounds_of(&engine)) continue;
                progress.run_begins(round, engine.description.name);
                run(engine, sequence, each, results, progress);
            }
    return results;
}

void write(const std::string& path, const std::string& text) {
    if (path.empty()) return;
    std::ofstream file(path);
    file << text << std::flush;
    if (!file) throw std::runtime_error(path + " cannot be written");
}

int compare(const std::vector<Candidate>& candidates, const Options& options, const std::vector<std::string>& words) {
    const std::vector<const Candidate*> engines = chosen(candidates, options);
    for (const std::string& path : {options.csv, options.json}) write(path, ""); // not after hours
    if (!options.memory_group.empty()) limit_memory_group(options.memory_group, options.memory_bytes_max);
    const Circumstances around = circumstances(words);
    std::printf("%zu entries of %zu-byte keys and %zu-byte values%s, medians of %zu rounds, %s\n%s\n", options.entries,
                key_bytes, options.value_bytes, options.compressed ? ", half compressible" : "", options.rounds,
                around.date.c_str(), around.machine.c_str());
    std::fflush(stdout);
    std::optional<Limits> limits;
    if (!options.without_limits) {
        limits = measure_limits(TemporaryDirectory(options.directory).path());
        std::printf("\n%s", to_text(*limits).c_str());
        std::fflush(stdout);
    }
    const Results results = run_all(engines, options);
    std::fputs(table(results).c_str(), stdout);
    write(options.csv, csv(results, options, around));
    write(options.json, json(results, options, around, limits));
    const bool failed = std::ranges::any_of(results.all(), [](const Result& each) { return !each.failure.empty(); });
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void interrupt(int) {}

} // namespace

int main(int count, char** arguments) {
    try {
        const std::vector<std::string> words(arguments + 1, arguments + count);
        const Options options = parse(words);
        if (options.help) return std::fputs(help().c_str(), stdout) < 0;
        const std::vector<Candidate> all = candidates();
        if (options.list) return std::fputs(list(all).c_str(), stdout) < 0;
        if (!options.run_engine.empty()) {
            carry_out(*named(all, options.run_engine), options);
            return EXIT_SUCCESS;
        }
        struct sigaction action{};
        action.sa_handler = interrupt; // and wakes whoever waits for a run
        ::sigaction(SIGINT, &action, nullptr);
        ::sigaction(SIGTERM, &action, nullptr);
        return compare(all, options, words);
    } catch (const bench::Usage& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    } catch (const bench::Interrupted&) {
        std::fprintf(stderr, "interrupted\n");
        return 130;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return EXIT_FAILURE;
    }
}
