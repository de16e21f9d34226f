// Who may be inside a node: many at a time, until it closes.
#pragma once

#include <kvilt/core/epoch.hpp>
#include <kvilt/core/threads.hpp>

#include <thread>
#include <type_traits>

namespace kvilt::cluster {

// Closed at first. One opens and closes at a time, and not from inside. A thread may be inside more than once.
template <ThreadsTag Threads>
class Gate {
public:
    class [[nodiscard]] Pass {
    public:
        explicit Pass(Gate& gate) : gate_(gate.enter() ? &gate : nullptr) {}
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        ~Pass() {
            if (gate_ != nullptr) gate_->leave();
        }
        explicit operator bool() const noexcept { return gate_ != nullptr; }

    private:
        Gate* gate_;
    };

    void open() noexcept { closed_.store(false, std::memory_order_release); }
    bool is_open() const noexcept { return !closed_.load(std::memory_order_acquire); }

    // Nobody is inside when it returns.
    void close() noexcept {
        closed_.store(true);
        if constexpr (Threads::many)
            while (inside_.oldest(nobody) != nobody) std::this_thread::yield();
    }

private:
    // The mark comes before the look: who closes and does not see it has closed before the look. Each thread marks a
    // place of its own, so that those who go in and out do not wait for one another's cache lines.
    bool enter() {
        if constexpr (Threads::many) inside_.enter(somebody_);
        if (!closed_.load()) [[likely]]
            return true;
        leave();
        return false;
    }
    void leave() noexcept {
        if constexpr (Threads::many) inside_.leave();
    }

    static constexpr Era nobody = ~Era{0};
    struct Unmarked {};

    typename Threads::template Atomic<bool> closed_{true};
    const typename Threads::template Atomic<Era> somebody_{1};
    [[no_unique_address]] std::conditional_t<Threads::many, kvilt::detail::ShortPins<Threads>, Unmarked> inside_{};
};

} // namespace kvilt::cluster
