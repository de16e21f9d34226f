// Whether a history of one key could be that of operations which happen one by one, each at a moment between its start
// and its end. docs/testing.md
#pragma once

#include <kvilt/sim/linearization_search.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace kvilt::sim {

struct Linearizability {
    enum class Verdict : std::uint8_t {
        linearizable,
        violated,
        undecided, // the budget ran out: no pass
    };
    Verdict verdict = Verdict::linearizable;
    std::string text{};     // empty if linearizable
    std::size_t states = 0; // that were visited
};

// Keeps its memory from one check to the next. For one thread.
template <SequentialModel Model = RegisterModel>
class LinearizabilityChecker {
public:
    struct Options {
        std::size_t states_max = std::size_t{1} << 20; // of one history
    };

    explicit LinearizabilityChecker(const Options& options) : options_(options) {}
    LinearizabilityChecker() : LinearizabilityChecker(Options{}) {}

    // A violation is told by the answer that no order allows, though there is one for all that was answered before,
    // which is shown. That answer is the end of the shortest prefix in time that is not linearizable.
    Linearizability check(const Operations& operations) {
        using enum Linearizability::Verdict;
        if (std::string broken = malformed(operations, false); !broken.empty()) return {violated, std::move(broken)};
        const auto outcome = search_.run(operations, options_.states_max);
        const std::size_t states = search_.states();
        if (outcome == Search::Outcome::found) return {linearizable, {}, states};
        if (outcome == Search::Outcome::exhausted)
            return {undecided, "undecided after " + std::to_string(options_.states_max) + " states", states};
        return {violated, explain(operations), states};
    }

    // The text alone: empty, or what is broken, or that it is undecided.
    std::string operator()(const Operations& operations) { return check(operations).text; }

private:
    using Search = LinearizationSearch<Model>;

    // What was known when the first `answers` answers were in, in the order of their ends.
    static Operations prefix(const Operations& operations, const std::vector<std::size_t>& by_end,
                             std::size_t answers) {
        const std::uint64_t end_us = answers == 0 ? 0 : operations[by_end[answers - 1]].end_us;
        Operations known;
        std::vector<bool> answered(operations.size(), false);
        for (std::size_t n = 0; n < answers; ++n) answered[by_end[n]] = true;
        for (std::size_t n = 0; n < operations.size(); ++n) {
            if (operations[n].start_us > end_us) continue;
            known.push_back(operations[n]);
            if (operations[n].outcome == Operation::Outcome::ok && !answered[n]) {
                known.back().outcome = Operation::Outcome::unknown;
                known.back().swapped = true;
            }
        }
        return known;
    }

    std::string explain(const Operations& operations) {
        std::vector<std::size_t> by_end;
        for (std::size_t n = 0; n < operations.size(); ++n)
            if (operations[n].outcome == Operation::Outcome::ok) by_end.push_back(n);
        std::sort(by_end.begin(), by_end.end(), [&](std::size_t a, std::size_t b) {
            return std::pair(operations[a].end_us, a) < std::pair(operations[b].end_us, b);
        });
        // A prefix of a linearizable history is linearizable. A search that is exhausted counts as broken: the answer
        // that is named may then be too early, but the history is violated all the same.
        std::size_t good = 0;
        std::size_t bad = by_end.size();
        while (bad - good > 1) {
            const std::size_t middle = good + (bad - good) / 2;
            const bool found =
                search_.run(prefix(operations, by_end, middle), options_.states_max) == Search::Outcome::found;
            (found ? good : bad) = middle;
        }
        const Operations known = prefix(operations, by_end, good);
        search_.run(known, options_.states_max);
        std::string text = "not linearizable: " + text_of(operations[by_end[bad - 1]]) +
                           ", has no place in any order of what began before its end; without its answer there is:";
        for (const std::size_t n : search_.order()) text += "\n    " + text_of(known[n]);
        return text;
    }

    Options options_;
    Search search_{};
};

} // namespace kvilt::sim
