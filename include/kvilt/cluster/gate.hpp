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
    // Where there is one thread, nobody is waited for.
    struct NoMarks {
        struct Slot {};
        Slot& enter(const typename Threads::template Atomic<Era>&) noexcept { return slot; }
        static void leave(Slot&) noexcept {}
        [[no_unique_address]] Slot slot{};
    };
    using Marks = std::conditional_t<Threads::many, kvilt::detail::ShortPins<Threads>, NoMarks>;

public:
    class [[nodiscard]] Pass {
    public:
        explicit Pass(Gate& gate) : mark_(gate.enter()) {}
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;
        ~Pass() {
            if (mark_ != nullptr) Marks::leave(*mark_);
        }
        explicit operator bool() const noexcept { return mark_ != nullptr; }

    private:
        typename Marks::Slot* mark_;
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
    typename Marks::Slot* enter() {
        auto& mark = inside_.enter(somebody_);
        if (!closed_.load()) [[likely]]
            return &mark;
        Marks::leave(mark);
        return nullptr;
    }

    static constexpr Era nobody = ~Era{0};

    typename Threads::template Atomic<bool> closed_{true};
    const typename Threads::template Atomic<Era> somebody_{1};
    [[no_unique_address]] Marks inside_{};
};

} // namespace kvilt::cluster
