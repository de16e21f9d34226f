// Background work that happens when a test says so.
#pragma once

#include <kvilt/env/clock.hpp>
#include <kvilt/env/executor.hpp>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

namespace kvilt {

// Thread-safe. Workers are numbered by their age. Ticks follow the clock that it is given. Workers may outlive it.
class ManualExecutor final : public Executor {
public:
    enum class Mode : std::uint8_t {
        on_demand, // tasks run in run_one() and run_pending() only
        at_once,   // wake() runs the task before it returns, which breaks Worker's promise: only for tasks that take
                   // no lock that a waker holds. Ticks are on demand still.
    };

    explicit ManualExecutor(const Clock& clock, Mode mode = Mode::on_demand)
        : state_(std::make_shared<State>(clock, mode)) {}

    std::unique_ptr<Worker> start(std::function<void()> task) override {
        auto job = std::make_shared<Job>(std::move(task));
        const std::lock_guard lock(state_->mutex);
        state_->jobs.push_back(job);
        return std::make_unique<ManualWorker>(state_, std::move(job));
    }

    // How many workers have been woken, or are due for a tick.
    std::size_t pending() const {
        const std::lock_guard lock(state_->mutex);
        return state_->ready().size();
    }

    // Runs one of the pending, `choice` modulo their number; false if there is none.
    bool run_one(std::size_t choice = 0) {
        std::unique_lock lock(state_->mutex);
        const auto ready = state_->ready();
        if (ready.empty()) return false;
        state_->run(*ready[choice % ready.size()], lock);
        return true;
    }

    // Runs pending tasks, the oldest worker's first, until there is none, but at most `runs_max`. How many it ran.
    std::size_t run_pending(std::size_t runs_max = 10'000) {
        std::size_t runs = 0;
        while (runs < runs_max && run_one()) ++runs;
        return runs;
    }

private:
    struct Job {
        explicit Job(std::function<void()> what) : task(std::move(what)) {}
        std::function<void()> task;
        bool woken = false;
        bool running = false;
        std::uint64_t interval_us = 0;
        std::uint64_t due_us = 0;
    };

    struct State {
        State(const Clock& given, Mode chosen) : clock(given), mode(chosen) {}

        std::vector<std::shared_ptr<Job>> ready() const {
            std::vector<std::shared_ptr<Job>> found;
            for (const auto& job : jobs) {
                const bool due = job->interval_us != 0 && clock.monotonic_us() >= job->due_us;
                if ((job->woken || due) && !job->running) found.push_back(job);
            }
            return found;
        }

        void run(Job& job, std::unique_lock<std::mutex>& lock) {
            job.woken = false;
            job.running = true;
            job.due_us = clock.monotonic_us() + job.interval_us;
            lock.unlock();
            try {
                job.task();
            } catch (...) { // as on a thread of its own
            }
            lock.lock();
            job.running = false;
            idle.notify_all();
        }

        const Clock& clock;
        const Mode mode;
        mutable std::mutex mutex;
        std::condition_variable idle;
        std::vector<std::shared_ptr<Job>> jobs;
    };

    class ManualWorker final : public Worker {
    public:
        ManualWorker(std::shared_ptr<State> state, std::shared_ptr<Job> job)
            : state_(std::move(state)), job_(std::move(job)) {}
        ~ManualWorker() override {
            std::unique_lock lock(state_->mutex);
            std::erase(state_->jobs, job_);
            state_->idle.wait(lock, [this] { return !job_->running; });
        }

        void wake() override {
            std::unique_lock lock(state_->mutex);
            job_->woken = true;
            while (state_->mode == Mode::at_once && job_->woken && !job_->running) state_->run(*job_, lock);
        }

        void tick_every(std::uint64_t interval_us) override {
            const std::lock_guard lock(state_->mutex);
            job_->interval_us = interval_us;
            job_->due_us = state_->clock.monotonic_us() + interval_us;
        }

    private:
        std::shared_ptr<State> state_;
        std::shared_ptr<Job> job_;
    };

    std::shared_ptr<State> state_;
};

} // namespace kvilt
