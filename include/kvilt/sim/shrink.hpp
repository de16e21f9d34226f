// Makes what fails small: a list of steps from which none can be left out without the failure going away.
// docs/testing.md
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace kvilt::sim {

template <class T>
struct Shrunk {
    std::vector<T> steps;  // still fail
    std::size_t tried = 0; // calls of the predicate
    bool minimal = true;   // false: the budget ran out
};

// `still_fails(steps)` must hold for what is given, and be the same for the same steps. Leaves out runs of steps, then
// ever shorter ones, until no single one can go: Zeller and Hildebrandt, "Simplifying and isolating failure-inducing
// input" (2002). Steps keep their order. Calls: about m log n where m of n steps remain, at worst their square.
template <class T, class StillFails>
Shrunk<T> shrink(std::vector<T> steps, StillFails&& still_fails, std::size_t tries_max = 10'000) {
    Shrunk<T> shrunk{std::move(steps)};
    std::size_t run = std::max<std::size_t>(shrunk.steps.size() / 2, 1);
    bool removed = false; // in this round
    for (std::size_t at = 0; !shrunk.steps.empty();) {
        if (at >= shrunk.steps.size()) {
            if (run == 1 && !removed) break;
            run = std::max<std::size_t>(std::min(run, shrunk.steps.size()) / 2, 1);
            removed = false;
            at = 0;
            continue;
        }
        if (shrunk.tried == tries_max) {
            shrunk.minimal = false;
            break;
        }
        const auto first = shrunk.steps.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last = first + static_cast<std::ptrdiff_t>(std::min(run, shrunk.steps.size() - at));
        std::vector<T> rest(shrunk.steps.begin(), first);
        rest.insert(rest.end(), last, shrunk.steps.end());
        ++shrunk.tried;
        if (still_fails(std::as_const(rest))) {
            shrunk.steps = std::move(rest);
            removed = true;
        } else {
            at += run;
        }
    }
    return shrunk;
}

} // namespace kvilt::sim
