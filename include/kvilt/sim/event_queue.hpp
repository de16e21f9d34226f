// Virtual time: what is to happen, in the order in which it does. A simulation has one, and no other clock.
// docs/testing.md
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace kvilt::sim {

// Events happen in the order of (time, insertion), and may add and cancel others. For one thread.
class EventQueue {
public:
    using Action = std::function<void()>;

    // Names an event; a default one names none.
    struct Timer {
        std::uint64_t time_us = 0;
        std::uint64_t number = 0; // of the insertion, from 1
        friend auto operator<=>(const Timer&, const Timer&) = default;
    };

    EventQueue() = default;
    EventQueue(const EventQueue&) = delete; // actions refer to it
    EventQueue& operator=(const EventQueue&) = delete;

    std::uint64_t now_us() const noexcept { return now_us_; }

    // What is due already happens next, but after all else that is.
    Timer at(std::uint64_t time_us, Action action) {
        const Timer timer{time_us < now_us_ ? now_us_ : time_us, ++inserted_};
        events_.emplace(timer, std::move(action));
        return timer;
    }
    Timer after(std::uint64_t delay_us, Action action) { return at(now_us_ + delay_us, std::move(action)); }

    // False if it has happened, happens now, or was cancelled.
    bool cancel(Timer timer) { return events_.erase(timer) != 0; }

    std::size_t pending() const noexcept { return events_.size(); }
    std::uint64_t happened() const noexcept { return happened_; }

    // The next event; false if there is none.
    bool run_one() {
        if (events_.empty()) return false;
        auto next = events_.extract(events_.begin());
        now_us_ = next.key().time_us;
        ++happened_;
        next.mapped()();
        return true;
    }

    // All events up to `time_us`, those included that they add; then it is that time.
    void run_until(std::uint64_t time_us) {
        while (!events_.empty() && events_.begin()->first.time_us <= time_us) run_one();
        if (now_us_ < time_us) now_us_ = time_us;
    }

    // Until there is none, but at most so many; false if some are left, as where a timer starts itself anew for ever.
    bool run(std::size_t events_max = 10'000'000) {
        for (std::size_t n = 0; n < events_max; ++n)
            if (!run_one()) return true;
        return events_.empty();
    }

private:
    std::map<Timer, Action> events_{};
    std::uint64_t now_us_ = 0;
    std::uint64_t inserted_ = 0;
    std::uint64_t happened_ = 0;
};

} // namespace kvilt::sim
