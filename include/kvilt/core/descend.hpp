// Several look-ups that wait for memory together and not one after the other.
#pragma once

#include <span>

namespace kvilt {

// Takes the steps of all in turn: each reads what the one before has fetched into the caches, fetches what the next one
// reads, and returns whether there is one. docs/decisions/0013-waiting-for-memory-together.md
template <class Steps>
void descend(std::span<Steps> several) {
    for (bool more = true; more;) {
        more = false;
        for (Steps& each : several) more |= each.step();
    }
}

} // namespace kvilt
