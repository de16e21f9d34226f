// When maintenance runs: in bounded slices inside the writers' calls (threads::One), or on a worker (threads::Many).
#pragma once

#include <kvilt/engine/cleaner.hpp>
#include <kvilt/engine/maintainer.hpp>
#include <kvilt/engine/writer.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace kvilt::engine {

// Without tables there is nothing to flush or compact.
template <class P>
struct MaintainerOf {
    struct type {
        explicit type(State<P>&) {}
    };
};
template <class P>
    requires P::tables
struct MaintainerOf<P> {
    using type = Maintainer<P>;
};

// Back-pressure is a function of present sizes only: the more the tables are over their shape, the more compaction each
// appended byte pays (one thread) or the longer it waits (many).
template <class P>
class Upkeep {
public:
    static constexpr bool has_worker = P::Threads::many && P::on_disk;

    Upkeep(State<P>& state, Writer<P>& writer) : state_(state), writer_(writer), maintainer_(state) {
        if constexpr (counts_reads<P>) reads_between_looks_ = state.tables->merge_after_reads();
    }
    ~Upkeep() { stop(); }

    void start() {
        if constexpr (has_worker) {
            worker_ = state_.home.environment.executor->start([this] { work(); });
            if constexpr (P::durable)
                if (state_.options.log.sync == Sync::interval) {
                    timer_ = state_.home.environment.executor->start([this] { sync_now(); });
                    timer_->tick_every(state_.options.log.sync_interval_us);
                }
        }
    }
    void stop() {
        stopping_.store(true);
        timer_.reset();
        worker_.reset();
        if constexpr (P::tables) {
            const std::lock_guard lock(state_.maintainer);
            maintainer_.abandon();
        }
    }

    // The shape has changed, though nothing was appended.
    void wake() const {
        if (worker_ == nullptr) return;
        calls_.fetch_add(1);
        worker_->wake();
    }

    auto& maintainer() noexcept { return maintainer_; }

    // A writer found no room: the oldest frozen generation must go first, whoever flushes it.
    Result<void> make_way()
        requires P::tables
    {
        state_.counters.stalls.fetch_add(1, std::memory_order_relaxed);
        std::unique_lock lock(state_.maintainer, std::defer_lock);
        {
            const typename WatchedMutex<typename P::Threads>::Waiting waiting(state_.maintainer);
            while (!lock.try_lock()) {
                if (!frozen_to_the_limit()) return {};
                std::this_thread::sleep_for(std::chrono::microseconds(50));
            }
        }
        if (!frozen_to_the_limit()) return {};
        return maintainer_.flush_oldest();
    }

    // After each commit, without the writer lock.
    void after_commit(std::size_t bytes) {
        if constexpr (P::on_disk) {
            if (!due(bytes)) [[likely]]
                return;
            if constexpr (has_worker) {
                wake();
                if (state_.freeing_lags.load(std::memory_order_relaxed)) note(slice(quantum_bytes));
                wait_for_debt();
            } else {
                note(slice(slice_for_debt()));
            }
        }
    }

    // After each read, inside its pin: the worker looks once in a while at how much was read.
    [[gnu::always_inline]] void after_read(const typename Epochs<typename P::Threads>::Pin& pin) const {
        if constexpr (counts_reads<P>)
            if (reads_between_looks_ != 0 && pin.counted(reads_between_looks_)) [[unlikely]]
                wake();
    }

    // What the last slice of maintenance failed with; it is tried again with the next.
    std::optional<Error> last_error() const {
        const std::lock_guard lock(noting_);
        return last_error_;
    }

private:
    static constexpr std::size_t quantum_bytes = 64 << 10;
    static constexpr std::size_t worker_slice_bytes = 1 << 20;
    static constexpr std::size_t check_slice_bytes = 256 << 10; // a tenth of a millisecond

    using Count = typename P::Threads::template Atomic<std::size_t>;

    // Once for every quantum appended, and whenever something waits to be flushed or freed. Of two who count at the
    // same time one may not be counted: that is cheaper than to be exact, and the next ones are.
    [[gnu::always_inline]] bool due(std::size_t bytes) {
        const std::size_t owed = owed_bytes_.load(std::memory_order_relaxed) + bytes;
        if (owed < quantum_bytes) [[likely]] {
            owed_bytes_.store(owed, std::memory_order_relaxed);
            if (!state_.work_waits.load(std::memory_order_relaxed)) return false;
            if (!state_.work_waits.exchange(false)) return false; // who waits is told of once
        }
        owed_bytes_.store(0, std::memory_order_relaxed);
        return true;
    }

    bool frozen_to_the_limit() const {
        const typename Epochs<typename P::Threads>::Pin pin(state_.epochs);
        return state_.seen().frozen.size() >= Writer<P>::frozen_max;
    }

    std::uint64_t debt_bytes() const {
        if constexpr (P::tables) {
            const typename Epochs<typename P::Threads>::Pin pin(state_.epochs);
            return state_.tables->debt_bytes(*state_.seen().tables);
        } else
            return 0;
    }

    // In memtables: how far the shape is behind.
    std::uint64_t debt_in_memtables() const { return debt_bytes() / state_.options.memtable.bytes_max; }

    std::size_t slice_for_debt() const { return quantum_bytes * (4 + static_cast<std::size_t>(debt_in_memtables())); }

    void wait_for_debt() {
        constexpr std::uint64_t free_of_charge = 8;
        constexpr std::uint64_t us_least = 4'000; // fewer and longer: a wakeup costs, and so does a late one
        constexpr std::uint64_t us_most = 20'000;
        const std::uint64_t debt = debt_in_memtables();
        if (debt <= free_of_charge) return;
        const std::uint64_t us = owed_us_.load(std::memory_order_relaxed) + (debt - free_of_charge) * 100;
        owed_us_.store(us < us_least ? us : 0, std::memory_order_relaxed);
        if (us < us_least) return;
        state_.counters.stalls.fetch_add(1, std::memory_order_relaxed);
        state_.home.environment.clock->sleep_us(std::min(us, us_most));
    }

    // One bounded piece of whatever is due. True: there is more.
    Result<bool> slice(std::size_t bytes) {
        const std::lock_guard lock(state_.maintainer);
        state_.work_waits.store(false, std::memory_order_relaxed);
        if constexpr (P::tables) {
            if (maintainer_.flush_due()) {
                KVILT_TRY(maintainer_.flush_slice(bytes));
                return true;
            }
            if (stopping_.load()) return false; // whoever closes does not wait: it is planned anew
            return maintainer_.compact_slice(bytes);
        } else if constexpr (P::durable) {
            // Where nothing is cleaned the writer keeps his lock to himself.
            if (state_.leaving_bytes.load(std::memory_order_relaxed) != 0) KVILT_TRY(writer_.cleaner().release());
        }
        return false;
    }

    void note(const Result<bool>& result) {
        const std::lock_guard lock(noting_);
        if (result)
            last_error_.reset();
        else
            last_error_ = result.error();
    }

    // The worker's task. Lets others who wait for the maintainer's lock go first.
    void work() {
        const std::size_t calls_before = calls_.load();
        for (;;) {
            while (state_.maintainer.wanted()) std::this_thread::yield();
            if constexpr (P::durable) {
                state_.log->remove_freed();
                state_.log->stay_ahead(may_grow());
            }
            const auto more = slice(worker_slice_bytes);
            note(more);
            if (!more || (!*more && !settle(calls_before))) return;
        }
    }

    // Whether a file more may be made for the log. Not of a store that is cleaned while segments come back: it is to
    // stay within twice its live data.
    bool may_grow() const { return P::tables || state_.leaving_bytes.load(std::memory_order_relaxed) == 0; }

    // Nothing is due. Until somebody writes or calls the worker spares readers what they would have to do: beside a
    // writer they would miss the core that he has. True: now something is.
    bool settle(std::size_t calls_before) {
        if constexpr (P::tables) {
            const std::size_t owed_before = owed_bytes_.load(std::memory_order_relaxed);
            {
                const std::lock_guard lock(state_.maintainer);
                maintainer_.let_spares_go_if_nobody_writes();
            }
            for (Result<bool> more = true; more && *more;) {
                while (state_.maintainer.wanted()) std::this_thread::yield();
                if (stopping_.load() || calls_.load() != calls_before) return false;
                if (owed_bytes_.load(std::memory_order_relaxed) != owed_before) return false;
                const std::lock_guard lock(state_.maintainer);
                more = maintainer_.check_ahead(check_slice_bytes);
                if (!more) note(more);
            }
            const std::lock_guard lock(state_.maintainer);
            return reads_between_looks_ != 0 && maintainer_.compact_for_reads();
        }
        return false;
    }

    // The timer's task. Not the worker's, who may be long at a compaction, or wait for one that was asked for.
    void sync_now() {
        const std::lock_guard lock(state_.syncer);
        if (!state_.health.healthy() || state_.log->synced() == state_.log->end()) return;
        if (auto synced = state_.log->sync(); !synced) (void)state_.health.poison(std::move(synced).error());
    }

    State<P>& state_;
    Writer<P>& writer_;
    [[no_unique_address]] typename MaintainerOf<P>::type maintainer_;
    std::uint64_t reads_between_looks_ = 0; // 0: nobody looks
    std::unique_ptr<Worker> worker_{};
    std::unique_ptr<Worker> timer_{}; // with Sync::interval
    Count owed_bytes_{0};
    Count owed_us_{0};
    mutable Count calls_{0}; // for the worker
    typename P::Threads::template Atomic<bool> stopping_{false};
    [[no_unique_address]] mutable typename P::Threads::Mutex noting_{};
    std::optional<Error> last_error_{};
};

} // namespace kvilt::engine
