// Background work as a seam.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace kvilt {

// A worker that calls its task once for each burst of wake() calls, never two at a time.
// Destruction stops it: a running task is waited for, none starts after.
class Worker {
public:
    Worker() = default;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;
    virtual ~Worker() = default;

    virtual void wake() = 0; // thread-safe, never blocks, never runs the task in the call
    // Calls the task at least every `interval_us` even if nothing wakes it; 0 switches that off.
    virtual void tick_every(std::uint64_t interval_us) = 0;
};

// Thread-safe.
class Executor {
public:
    Executor() = default;
    Executor(const Executor&) = delete;
    Executor& operator=(const Executor&) = delete;
    virtual ~Executor() = default;

    virtual std::unique_ptr<Worker> start(std::function<void()> task) = 0;
};

} // namespace kvilt
