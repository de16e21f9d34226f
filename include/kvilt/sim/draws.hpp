// Draws of a simulation: integers only, so that every compiler and machine draws the same.
#pragma once

#include <kvilt/core/checksum.hpp>

namespace kvilt::sim {

// The nth draw follows from the seed and n.
class Draws {
public:
    explicit Draws(std::uint64_t seed) noexcept : seed_(seed) {}

    std::uint64_t next() noexcept { return mix(seed_, count_++); }

    // From 0 to `bound` - 1; `bound` is not 0. Even enough for bounds far below 2^64.
    std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }

    // From `least` to `most`, both included.
    std::uint64_t between(std::uint64_t least, std::uint64_t most) noexcept { return least + below(most - least + 1); }

    // True so many times in a million.
    bool chance_ppm(std::uint64_t per_million) noexcept { return below(1'000'000) < per_million; }

    // As Pareto with exponent 1: over k * `scale` once in k draws, but at most `most`. `scale` is below 2^43.
    std::uint64_t heavy_tailed(std::uint64_t scale, std::uint64_t most) noexcept {
        const std::uint64_t part = (next() >> 44) + 1; // of 2^20
        if (scale >= most) return most;
        const std::uint64_t drawn = (scale << 20) / part;
        return drawn < most ? drawn : most;
    }

private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

} // namespace kvilt::sim
