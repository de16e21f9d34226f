// Whether the store still takes writes, and if not, why.
#pragma once

#include <kvilt/core/result.hpp>
#include <kvilt/core/threads.hpp>

#include <mutex>

namespace kvilt::engine {

// After a failed log write, sync or manifest edit nothing is known of the bytes behind it, so the store takes no more
// writes until resume(). The first error is kept and handed out. Thread-safe under threads::Many.
template <ThreadsTag Threads>
class Health {
public:
    Result<void> admit() const {
        if (!refusing_.load(std::memory_order_acquire)) [[likely]]
            return {};
        const std::lock_guard lock(mutex_);
        return std::unexpected(refusal_);
    }

    // Returns `error` for the caller to pass on.
    std::unexpected<Error> poison(Error error) {
        refuse(Error{Errc::read_only, error.os_code, "write",
                     "the store is read-only since this failed: " + error.message() +
                         "; mend the cause, then call resume() or reopen"});
        return std::unexpected(std::move(error));
    }

    void refuse(Error refusal) {
        const std::lock_guard lock(mutex_);
        if (!refusing_.load(std::memory_order_relaxed)) refusal_ = std::move(refusal);
        refusing_.store(true, std::memory_order_release);
    }

    void heal() {
        const std::lock_guard lock(mutex_);
        refusing_.store(false, std::memory_order_release);
    }

    bool healthy() const noexcept { return !refusing_.load(std::memory_order_acquire); }

private:
    mutable typename Threads::Mutex mutex_;
    typename Threads::template Atomic<bool> refusing_{false};
    Error refusal_{};
};

} // namespace kvilt::engine
