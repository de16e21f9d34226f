// A lock that can say whether somebody waits for it.
#pragma once

#include <kvilt/core/threads.hpp>

namespace kvilt::engine {

// Lockable. Who takes it again and again is to let others go first, which a mutex does not see to: the one who lets it
// go would have it again before they are awake.
template <ThreadsTag Threads>
class WatchedMutex {
public:
    // Makes others let this thread go first, while it lives.
    class Waiting {
    public:
        explicit Waiting(WatchedMutex& mutex) noexcept : mutex_(mutex) { mutex_.waiting_.fetch_add(1); }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;
        ~Waiting() { mutex_.waiting_.fetch_sub(1); }

    private:
        WatchedMutex& mutex_;
    };

    void lock() {
        if (mutex_.try_lock()) return;
        const Waiting waiting(*this);
        mutex_.lock();
    }
    bool try_lock() { return mutex_.try_lock(); }
    void unlock() { mutex_.unlock(); }

    bool wanted() const noexcept { return waiting_.load() != 0; }

private:
    typename Threads::Mutex mutex_{};
    typename Threads::template Atomic<std::size_t> waiting_{0};
};

// Nobody waits.
template <>
class WatchedMutex<threads::One> : public threads::One::Mutex {
public:
    struct Waiting {
        explicit Waiting(WatchedMutex&) noexcept {}
    };
};

} // namespace kvilt::engine
