// Who may be inside a node: many at a time, until it closes.
#pragma once

#include <kvilt/core/threads.hpp>

#include <cstdint>
#include <thread>

namespace kvilt::cluster {

// Closed at first. One opens and closes at a time, and not from inside.
template <ThreadsTag Threads>
class Gate {
public:
    class [[nodiscard]] Pass {
    public:
        explicit Pass(Gate& gate) noexcept : gate_(gate.enter() ? &gate : nullptr) {}
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        ~Pass() {
            if (gate_ != nullptr) gate_->inside_.fetch_sub(1, std::memory_order_release);
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
        while (Threads::many && inside_.load() != 0) std::this_thread::yield();
    }

private:
    // The mark comes before the look: who closes and does not see it has closed before the look.
    bool enter() noexcept {
        inside_.fetch_add(1);
        if (!closed_.load()) [[likely]]
            return true;
        inside_.fetch_sub(1);
        return false;
    }

    typename Threads::template Atomic<std::uint32_t> inside_{0};
    typename Threads::template Atomic<bool> closed_{true};
};

} // namespace kvilt::cluster
