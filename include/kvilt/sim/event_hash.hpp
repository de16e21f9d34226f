// A running hash of what happened in a simulation: equal on every compiler and machine if the same happened.
// docs/testing.md
#pragma once

#include <kvilt/core/checksum.hpp>

#include <initializer_list>

namespace kvilt::sim {

// Run a seed twice and compare: where they differ something leaked in that the seed does not decide.
class EventHash {
public:
    // Kinds are numbered by the user.
    void add(std::uint64_t time_us, std::uint64_t kind, std::initializer_list<std::uint64_t> numbers = {},
             Bytes bytes = {}) noexcept {
        stir(time_us);
        stir(kind);
        stir(numbers.size());
        for (const std::uint64_t number : numbers) stir(number);
        stir(checksum64(bytes, bytes.size()));
        ++events_;
    }

    std::uint64_t value() const noexcept { return value_; }
    std::uint64_t events() const noexcept { return events_; }

private:
    void stir(std::uint64_t number) noexcept { value_ = mix(value_, mix(number)); }

    std::uint64_t value_ = 0;
    std::uint64_t events_ = 0;
};

} // namespace kvilt::sim
