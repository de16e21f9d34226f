// The thread tags: a parameter of the memtable policy, read by everything else from there.
#pragma once

#include <atomic>
#include <concepts>
#include <mutex>
#include <utility>

namespace kvilt::threads {

// One thread uses the store. Locks are empty, atomics are plain, maintenance runs inside the call.
struct One {
    static constexpr bool many = false;

    struct Mutex {
        void lock() noexcept {}
        void unlock() noexcept {}
        bool try_lock() noexcept { return true; }
    };

    template <class T>
    class Atomic {
    public:
        Atomic() noexcept = default;
        explicit Atomic(T value) noexcept : value_(value) {}
        Atomic(const Atomic&) = delete;
        Atomic& operator=(const Atomic&) = delete;

        T load(std::memory_order = std::memory_order_seq_cst) const noexcept { return value_; }
        void store(T value, std::memory_order = std::memory_order_seq_cst) noexcept { value_ = value; }
        T exchange(T value, std::memory_order = std::memory_order_seq_cst) noexcept {
            return std::exchange(value_, value);
        }
        T fetch_add(T by, std::memory_order = std::memory_order_seq_cst) noexcept {
            const T before = value_;
            value_ = static_cast<T>(value_ + by);
            return before;
        }
        T fetch_sub(T by, std::memory_order = std::memory_order_seq_cst) noexcept {
            const T before = value_;
            value_ = static_cast<T>(value_ - by);
            return before;
        }
        bool compare_exchange_weak(T& expected, T value, std::memory_order = std::memory_order_seq_cst) noexcept {
            const bool equal = value_ == expected;
            (equal ? value_ : expected) = equal ? value : value_;
            return equal;
        }

    private:
        T value_{};
    };
};

// Any thread may call any member: one writer at a time under a short lock, readers without locks.
struct Many {
    static constexpr bool many = true;
    using Mutex = std::mutex;
    template <class T>
    using Atomic = std::atomic<T>;
};

} // namespace kvilt::threads

namespace kvilt {

template <class T>
concept ThreadsTag = requires {
    { T::many } -> std::convertible_to<bool>;
    typename T::Mutex;
    typename T::template Atomic<int>;
};

} // namespace kvilt
