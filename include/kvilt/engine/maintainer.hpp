// What is done behind the writers' backs: frozen generations become tables, tables are compacted.
#pragma once

#include <kvilt/engine/generation_source.hpp>
#include <kvilt/engine/writer.hpp>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace kvilt::engine {

// Every member wants the maintainer lock held and the writer lock free. A failure leaves the store as it was and may be
// tried again, but for one of the manifest, which poisons.
template <class P>
    requires P::tables
class Maintainer {
public:
    static constexpr std::size_t slice_bytes = 1 << 20;

    explicit Maintainer(State<P>& state) : state_(state) {}

    bool flush_due() const { return frozen_count() != 0; }

    // The oldest frozen generation, if there is one, becomes a run.
    Result<void> flush_oldest() {
        bool done = !flush_due();
        while (!done) {
            KVILT_TRY_ASSIGN(whole, flush_slice(slice_bytes));
            done = whole;
        }
        return {};
    }

    // Takes about `bytes` more of the oldest frozen generation, which there is. True when it has become a run.
    Result<bool> flush_slice(std::size_t bytes) {
        if (!flush_) {
            flushing_ = oldest_frozen();
            // A part of a batch may leave its log only when the other parts are as safe as it will be.
            if (flushing_->has_parts && state_.peers != nullptr) KVILT_TRY(state_.peers->make_durable());
            flush_ = state_.tables->plan_flush(GenerationSource<P>(*flushing_), state_.snapshots.list());
        }
        auto flush = std::move(flush_); // a job that fails or throws goes, with its outputs
        auto done = flush->step(bytes);
        if (!done) return done;
        if (!*done) {
            flush_ = std::move(flush);
            return false;
        }
        KVILT_TRY(carry_out({.sequence = flushing_->highest, .tables = flush->edit(), .freed = freed_by(*flushing_)},
                            flushing_));
        flushing_ = nullptr;
        note_shape();
        state_.counters.flushes.fetch_add(1, std::memory_order_relaxed);
        return true;
    }

    // What is frozen by now: beside fast writers there is always more.
    Result<void> flush_all() {
        for (std::size_t left = frozen_count(); left > 0; --left) KVILT_TRY(flush_oldest());
        return {};
    }

    // Goes on with the present compaction, or plans one. False: the shape is as it should be. Between two slices of a
    // long one, what was frozen meanwhile is flushed first.
    Result<bool> compact_slice(std::size_t bytes, bool everything = false) {
        if (!job_) job_ = state_.tables->plan(current(), state_.snapshots.list(), everything);
        if (!job_) return false;
        auto job = std::move(job_); // as in flush_slice
        KVILT_TRY_ASSIGN(done, job->step(bytes));
        if (!done) {
            job_ = std::move(job);
            return true;
        }
        KVILT_TRY(carry_out({.tables = job->edit()}, nullptr));
        note_shape();
        state_.counters.compactions.fetch_add(1, std::memory_order_relaxed);
        return true;
    }

    // Of what is in tables now: one run, in which nothing is hidden and no tombstone is left that hides nothing. What
    // is frozen meanwhile is flushed beside it.
    Result<void> compact_all() {
        while (job_) KVILT_TRY(compact_and_flush(false));
        do KVILT_TRY(compact_and_flush(true));
        while (job_);
        return {};
    }

    // When nothing is due: begins to merge runs that reads have paid for. Not beside writers, of more than one write in
    // eight reads: they would miss the core, and change the shape themselves. True when it has.
    bool compact_for_reads()
        requires counts_reads<P>
    {
        const std::uint64_t reads = state_.epochs.reads();
        const Sequence written = state_.published.load(std::memory_order_relaxed);
        const bool calm = (written - written_before_) * 8 <= reads - reads_before_;
        reads_before_ = reads;
        written_before_ = written;
        if (job_ || !calm) return false;
        job_ = state_.tables->plan_for_reads(current(), state_.snapshots.list(), reads - reads_at_shape_);
        if (!job_) return false;
        note_shape(); // also if it fails: the next attempt has to be paid for as well
        return true;
    }

    // What the last jobs have written is checked before a read pays for it. True: there is more.
    Result<bool> check_ahead(std::size_t bytes) { return state_.tables->check_ahead(bytes); }

    // If nothing was written since the last flush, no more of the log is kept for reuse than an eighth of the tables.
    void let_spares_go() {
        state_.epochs.collect();
        let_spares_go(std::unique_lock(state_.writer));
    }

    // For the worker, who comes often: a writer who has the lock would have to be woken, and where one writes nothing
    // is let go.
    void let_spares_go_if_nobody_writes() {
        state_.epochs.collect();
        if (std::unique_lock lock(state_.writer, std::try_to_lock); lock) let_spares_go(std::move(lock));
    }

    void abandon() noexcept {
        flush_.reset();
        job_.reset();
    }

    const auto& current() const { return *state_.tables->current(); }

private:
    static constexpr std::size_t spare_bytes_least = 1 << 20;

    using Tables = typename TablesOf<P>::type;

    // The runs are others: what was read of the former ones does not count.
    void note_shape() noexcept {
        if constexpr (counts_reads<P>) reads_at_shape_ = state_.epochs.reads();
    }

    void let_spares_go(std::unique_lock<typename P::Threads::Mutex> lock) {
        if (state_.log->active() != 0) return;
        state_.free_ready();
        state_.log->limit_spare_bytes(std::max<std::size_t>(spare_bytes_least, table_bytes() / 8));
        lock.unlock();
        if constexpr (P::durable) state_.log->remove_freed();
    }

    Result<void> compact_and_flush(bool everything) {
        KVILT_TRY(compact_slice(slice_bytes, everything));
        return flush_all();
    }

    std::size_t table_bytes() const {
        const typename Epochs<typename P::Threads>::Pin pin(state_.epochs);
        return static_cast<std::size_t>(state_.tables->stats(*state_.seen().tables).bytes);
    }

    std::size_t frozen_count() const {
        const typename Epochs<typename P::Threads>::Pin pin(state_.epochs);
        return state_.seen().frozen.size();
    }

    Generation<P>* oldest_frozen() const {
        const typename Epochs<typename P::Threads>::Pin pin(state_.epochs);
        const View<P>& view = state_.seen();
        return view.frozen.empty() ? nullptr : view.frozen.back();
    }

    static std::vector<SegmentNumber> freed_by(const Generation<P>& generation) {
        if constexpr (P::durable)
            return generation.segments;
        else
            return {};
    }

    // First in the manifest, then in memory. An exception between the two ends all writing: an edit that is on disk
    // and not in memory must not be followed by others.
    Result<void> carry_out(const ManifestEdit& edit, Generation<P>* flushed) {
        bool recorded = false;
        try {
            auto result = state_.home.manifest->append(edit);
            if (!result) return state_.health.poison(std::move(result).error());
            recorded = true;
            install(edit.tables, flushed);
            return {};
        } catch (...) {
            if (recorded) state_.home.manifest->abandon();
            (void)state_.health.poison({Errc::full, ENOMEM, "edit manifest", "memory ran out in the middle of it"});
            throw;
        }
    }

    // Publishes the edited tables, without the generation that went into them.
    void install(const TableEdit& edit, Generation<P>* flushed) {
        const auto* former = state_.tables->current();
        auto prepared = state_.tables->prepare(edit);
        Era former_born = 0;
        {
            const std::lock_guard lock(state_.writer);
            auto next = std::make_unique<View<P>>(state_.seen());
            state_.epochs.reserve(3 + (flushed == nullptr ? 0 : flushed->segments.size()));
            former_born = next->tables_born; // nothing throws from here on
            next->tables = state_.tables->adopt(std::move(prepared));
            next->tables_born = state_.epochs.now();
            if (flushed != nullptr) {
                next->frozen.pop_back();
                std::erase(state_.generations, flushed);
            }
            state_.publish_view(std::move(next));
        }
        state_.epochs.retire_delete(former_born, const_cast<typename Tables::Version*>(former));
        if (flushed != nullptr) {
            for (const SegmentNumber number : flushed->segments) state_.retire_segment(number, flushed->born);
            state_.epochs.retire_delete(flushed->born, flushed);
        }
        state_.epochs.collect();
    }

    State<P>& state_;
    std::unique_ptr<typename Tables::template Flush<GenerationSource<P>>> flush_{};
    Generation<P>* flushing_ = nullptr; // while there is a flush
    std::unique_ptr<typename Tables::Job> job_{};
    std::uint64_t reads_at_shape_ = 0;
    std::uint64_t reads_before_ = 0; // compact_for_reads()
    Sequence written_before_ = 0;
};

} // namespace kvilt::engine
