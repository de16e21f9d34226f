// Time that a test moves.
#pragma once

#include <kvilt/env/clock.hpp>

#include <atomic>

namespace kvilt {

class ManualClock final : public Clock {
public:
    explicit ManualClock(std::uint64_t wall_us = 1'700'000'000'000'000) noexcept : wall_offset_us_(wall_us) {}

    std::uint64_t monotonic_us() const override { return now_us_; }
    std::uint64_t wall_us() const override { return now_us_ + wall_offset_us_; }
    void sleep_us(std::uint64_t duration_us) override { advance_us(duration_us); } // returns at once

    void advance_us(std::uint64_t duration_us) noexcept { now_us_ += duration_us; }
    // Only the wall clock jumps, in either direction.
    void set_wall_us(std::uint64_t wall_us) noexcept { wall_offset_us_ = wall_us - now_us_; }

private:
    std::atomic<std::uint64_t> now_us_{0};
    std::atomic<std::uint64_t> wall_offset_us_;
};

} // namespace kvilt
