// Time as a seam.
#pragma once

#include <cstdint>

namespace kvilt {

// Thread-safe.
class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    virtual std::uint64_t monotonic_us() const = 0; // never goes back; from an arbitrary start
    virtual std::uint64_t wall_us() const = 0;      // since 1970; may jump
    virtual void sleep_us(std::uint64_t duration_us) = 0;
};

} // namespace kvilt
