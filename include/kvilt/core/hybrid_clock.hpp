// A clock that never goes back and never stays behind a time that it was shown, for stamps that several nodes give:
// hybrid logical time (Kulkarni, Demirbas, Madappa, Avva, Leone 2014).
#pragma once

#include <kvilt/core/result.hpp>
#include <kvilt/core/threads.hpp>

#include <algorithm>
#include <concepts>
#include <string_view>

namespace kvilt {

// A time is microseconds since 1970 << 12 | counter; the counter runs over into the microseconds. Good until 2112.
inline constexpr unsigned hybrid_counter_bits = 12;

namespace clocks {

struct Options {
    // How far ahead of the own clock a time from elsewhere may be. What is further ahead is refused: one wrong clock
    // would otherwise win over every write until the others have caught up with it.
    std::uint64_t drift_us_max = 500'000;
};

inline constexpr std::uint64_t drift_us_limit = 86'400'000'000; // a day: more is no clock's drift

inline Result<void> validate_options(const Options& options) {
    if (options.drift_us_max <= drift_us_limit) return {};
    return failure(Errc::invalid_option, "open",
                   "drift_us_max is " + std::to_string(options.drift_us_max) +
                       ", more than a day; a clock that wrong must be set right");
}

} // namespace clocks

// Thread-safe under threads::Many.
template <ThreadsTag Threads>
class HybridClock {
public:
    // Gives nothing at or below `floor`. After a restart that is at least the greatest time that the former life gave:
    // a bound above last() is stored before times up to it are used.
    explicit HybridClock(const clocks::Options& options = {}, std::uint64_t floor = 0) noexcept
        : drift_us_max_(options.drift_us_max), last_(floor) {}

    // Greater than every time that was given or observed before; `wall_us`, since 1970, where that is greater.
    std::uint64_t now(std::uint64_t wall_us) noexcept {
        std::uint64_t last = this->last();
        std::uint64_t next = 0;
        do next = std::max(last + 1, wall_us << hybrid_counter_bits);
        while (!last_.compare_exchange_weak(last, next, std::memory_order_relaxed));
        return next;
    }

    // What now() gives later is greater than `time`. Errc::clock_ahead if it is too far ahead; then nothing changes.
    [[gnu::always_inline]] Result<void> observe(std::uint64_t time, std::uint64_t wall_us) {
        const std::uint64_t time_us = time >> hybrid_counter_bits;
        if (time_us > wall_us && time_us - wall_us > drift_us_max_) [[unlikely]]
            return too_far_ahead(time_us - wall_us);
        for (std::uint64_t last = this->last();
             last < time && !last_.compare_exchange_weak(last, time, std::memory_order_relaxed);) {
        }
        return {};
    }

    // The greatest time that was given or observed.
    std::uint64_t last() const noexcept { return last_.load(std::memory_order_relaxed); }

private:
    std::unexpected<Error> too_far_ahead(std::uint64_t by_us) const {
        return failure(Errc::clock_ahead, "observe time",
                       "a stamp is " + std::to_string(by_us) + " us ahead of this node's clock, and drift_us_max is " +
                           std::to_string(drift_us_max_) +
                           "; set the clocks of the nodes right, or allow for their drift");
    }

    std::uint64_t drift_us_max_;
    typename Threads::template Atomic<std::uint64_t> last_;
};

// Who has a clock of its own. Called `clocks` because an unqualified `clock()` of <ctime> must stay what it is.
namespace clocks {

// Every coordinator has its own, and observes the times that it meets.
struct Hybrid {
    using Options = clocks::Options;
    static constexpr std::string_view name = "clocks::Hybrid";
    static constexpr bool shared = false;
    template <ThreadsTag Threads>
    using Source = HybridClock<Threads>;
};

// All coordinators of a store share one, so that a write that begins after another has ended has the greater time.
// Right only where all of them are in one process.
struct ProcessWide {
    using Options = clocks::Options;
    static constexpr std::string_view name = "clocks::ProcessWide";
    static constexpr bool shared = true;
    template <ThreadsTag Threads>
    using Source = HybridClock<Threads>;
};

} // namespace clocks

// `shared` says how many a cluster makes: one, or one for each coordinator.
template <class C>
concept ClockPolicy = requires(typename C::template Source<threads::One>& clock, std::uint64_t us) {
    { C::name } -> std::convertible_to<std::string_view>;
    { C::shared } -> std::convertible_to<bool>;
    requires std::same_as<typename C::Options, clocks::Options>;
    { clock.now(us) } -> std::same_as<std::uint64_t>;
    { clock.observe(us, us) } -> std::same_as<Result<void>>;
};

} // namespace kvilt
