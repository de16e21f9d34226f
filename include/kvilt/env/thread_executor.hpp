// Background work on threads: one for each worker.
#pragma once

#include <kvilt/env/executor.hpp>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

namespace kvilt {

// Not to be destroyed by its own task. What the task throws is swallowed: the next wake calls it again.
class ThreadWorker final : public Worker {
public:
    // Throws std::system_error if the system has no thread to give.
    explicit ThreadWorker(std::function<void()> task) : task_(std::move(task)), thread_(start()) {}
    ~ThreadWorker() override {
        {
            const std::lock_guard lock(mutex_);
            stopped_ = true;
        }
        changed_.notify_one();
        thread_.join();
    }

    void wake() override {
        {
            const std::lock_guard lock(mutex_);
            if (std::exchange(woken_, true)) return;
        }
        changed_.notify_one();
    }

    void tick_every(std::uint64_t interval_us) override {
        {
            const std::lock_guard lock(mutex_);
            interval_ = std::chrono::microseconds(interval_us);
            ticks_changed_ = true;
        }
        changed_.notify_one();
    }

private:
    // Signals go to the threads that the program itself made.
    std::thread start() {
        sigset_t all;
        sigset_t before;
        ::sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        struct Restore {
            sigset_t* mask;
            ~Restore() { ::pthread_sigmask(SIG_SETMASK, mask, nullptr); }
        } const restore{&before};
        return std::thread([this] { run(); });
    }

    void run() {
        std::unique_lock lock(mutex_);
        while (wait(lock)) {
            woken_ = false;
            lock.unlock();
            try {
                task_();
            } catch (...) { // the task keeps its own account of failures
            }
            lock.lock();
        }
    }

    // Until there is a reason to call the task; false: stop.
    bool wait(std::unique_lock<std::mutex>& lock) {
        using SteadyClock = std::chrono::steady_clock;
        auto due = SteadyClock::now() + interval_;
        while (!stopped_ && !woken_) {
            if (std::exchange(ticks_changed_, false)) due = SteadyClock::now() + interval_;
            if (interval_.count() == 0)
                changed_.wait(lock);
            else if (changed_.wait_until(lock, due) == std::cv_status::timeout && !ticks_changed_)
                break;
        }
        return !stopped_;
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    bool stopped_ = false;
    bool ticks_changed_ = false;
    std::chrono::microseconds interval_{0};
    std::function<void()> task_;
    std::thread thread_; // last: it uses the others
};

class ThreadExecutor final : public Executor {
public:
    std::unique_ptr<Worker> start(std::function<void()> task) override {
        return std::make_unique<ThreadWorker>(std::move(task));
    }
};

} // namespace kvilt
