// Randomness that a seed repeats.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/env/random.hpp>

#include <atomic>

namespace kvilt {

class SeededRandom final : public Random {
public:
    explicit SeededRandom(std::uint64_t seed = 1) noexcept : seed_(seed) {}
    std::uint64_t next() override { return mix(seed_, count_++); }

private:
    std::uint64_t seed_;
    std::atomic<std::uint64_t> count_{0};
};

} // namespace kvilt
