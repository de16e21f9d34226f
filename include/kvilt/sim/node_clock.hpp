// The clock of one simulated node: virtual time, as wrong as the nemesis makes it.
// docs/testing.md
#pragma once

#include <kvilt/env/clock.hpp>
#include <kvilt/sim/event_queue.hpp>

#include <cstdint>

namespace kvilt::sim {

// Only the wall clock is wrong. For one thread; the queue must outlive it.
class NodeClock final : public Clock {
public:
    explicit NodeClock(const EventQueue& queue, std::uint64_t wall_us = 1'700'000'000'000'000) noexcept
        : queue_(queue), wall_start_us_(wall_us) {}

    std::uint64_t monotonic_us() const override { return queue_.now_us(); }
    std::uint64_t wall_us() const override {
        return wall_start_us_ + queue_.now_us() + static_cast<std::uint64_t>(skew_us_);
    }
    // Returns at once: time moves only between events.
    void sleep_us(std::uint64_t) override {}

    // Adds to what it is wrong by; a later call of the opposite amount makes it right again.
    void jump_us(std::int64_t amount_us) noexcept { skew_us_ += amount_us; }

private:
    const EventQueue& queue_;
    std::uint64_t wall_start_us_;
    std::int64_t skew_us_ = 0;
};

} // namespace kvilt::sim
