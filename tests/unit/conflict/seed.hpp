// The seeds of the random tests of this room. Environment variables: KVILT_SEED, this seed alone; KVILT_CAMPAIGN, how
// many seeds, or `long`.
#pragma once

#include "../../from_environment.hpp"
#include <string>

// run(seed) for each, while it returns true.
template <class Run>
void for_each_seed(std::uint64_t count, Run run) {
    const std::uint64_t chosen = from_environment("KVILT_SEED", 0);
    if (chosen != 0) count = 1;
    for (std::uint64_t n = 0; n < count; ++n)
        if (!run(chosen != 0 ? chosen : n + 1)) return;
}

inline std::uint64_t campaign_seeds(std::uint64_t otherwise) {
    const std::uint64_t chosen = from_environment("KVILT_CAMPAIGN", otherwise);
    return chosen == 0 ? 20 * otherwise : chosen;
}

inline std::string replay(std::uint64_t seed) { return "replay: KVILT_SEED=" + std::to_string(seed); }
