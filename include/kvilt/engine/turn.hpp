// A lock that those who wait for it may find to be needless: what makes one sync serve many writers.
#pragma once

#include <kvilt/core/threads.hpp>

#include <condition_variable>
#include <mutex>

namespace kvilt::engine {

// Lockable. One thread: it never waits.
template <ThreadsTag Threads>
class Turn : public Threads::Mutex {
public:
    // Locked when it returns true; false: `needless()` holds, which is asked again whenever the lock is let go.
    template <class Needless>
    bool lock_unless(Needless needless) {
        return !needless();
    }
};

// A mutex would wake one of those who wait, and only if nobody came in between: here all look at what was done.
template <>
class Turn<threads::Many> {
public:
    void lock() {
        (void)lock_unless([] { return false; });
    }
    void unlock() {
        {
            const std::lock_guard lock(mutex_);
            taken_ = false;
        }
        changed_.notify_all();
    }

    template <class Needless>
    bool lock_unless(Needless needless) {
        std::unique_lock lock(mutex_);
        for (;; changed_.wait(lock)) {
            if (needless()) return false;
            if (!taken_) return taken_ = true;
        }
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool taken_ = false;
};

} // namespace kvilt::engine
