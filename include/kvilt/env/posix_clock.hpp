// The clocks of the operating system.
#pragma once

#include <kvilt/env/clock.hpp>

#include <cerrno>
#include <ctime>

namespace kvilt {

class PosixClock final : public Clock {
public:
    std::uint64_t monotonic_us() const override { return now_us(CLOCK_MONOTONIC); }
    std::uint64_t wall_us() const override { return now_us(CLOCK_REALTIME); }

    void sleep_us(std::uint64_t duration_us) override {
        const std::uint64_t end_us = monotonic_us() + duration_us;
        timespec end{};
        end.tv_sec = static_cast<time_t>(end_us / 1'000'000);
        end.tv_nsec = static_cast<long>(end_us % 1'000'000 * 1000);
        while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, nullptr) == EINTR) {
        }
    }

private:
    static std::uint64_t now_us(clockid_t clock) noexcept {
        timespec now{};
        ::clock_gettime(clock, &now);
        return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1000;
    }
};

} // namespace kvilt
