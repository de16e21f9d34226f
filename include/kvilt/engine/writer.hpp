// The one who appends: frames into the log, pointers into the index, a sequence for each record.
#pragma once

#include <kvilt/core/batch.hpp>
#include <kvilt/engine/cleaner.hpp>
#include <kvilt/engine/side_by_side.hpp>
#include <kvilt/engine/state.hpp>

#include <string>
#include <utility>

namespace kvilt::engine {

[[gnu::cold]] inline std::unexpected<Error> too_large(std::size_t key_bytes, std::size_t value_bytes) {
    if (key_bytes > key_bytes_max)
        return failure(Errc::invalid_argument, "write",
                       "the key has " + std::to_string(key_bytes) + " bytes, at most 65536 are allowed");
    return failure(Errc::invalid_argument, "write",
                   "the value has " + std::to_string(value_bytes) +
                       " bytes, at most 1 GiB is allowed; split it over several keys");
}
[[gnu::always_inline]] inline Result<void> check_sizes(std::size_t key_bytes, std::size_t value_bytes) {
    if (key_bytes > key_bytes_max || value_bytes > value_bytes_max) return too_large(key_bytes, value_bytes);
    return {};
}

// Every member wants the writer lock held. What each write passes through is inlined always, here and where it leads:
// a compiler's budget for that runs out in a file with several stores.
template <class P>
class Writer {
public:
    static constexpr std::size_t frozen_max = 2;

    explicit Writer(State<P>& state) : state_(state), cleaner_(state) {}

    Cleaner<P>& cleaner() noexcept { return cleaner_; }

    // Makes room for a frame of `body_bytes`, which `grows` the data if it holds a put. False: a frozen generation must
    // be flushed first.
    [[gnu::always_inline]] Result<bool> prepare(std::size_t body_bytes, [[maybe_unused]] bool grows = true) {
        if constexpr (P::tables) {
            if (state_.health.healthy() && state_.log->room() >= body_bytes && !too_many_entries()) [[likely]]
                return true;
            KVILT_TRY(state_.health.admit());
            return renew(body_bytes);
        } else {
            KVILT_TRY(state_.health.admit());
            KVILT_TRY(cleaner_.make_room(body_bytes, grows));
            return true;
        }
    }

    // A frame in the log that nobody sees yet.
    struct Logged {
        Frame frame{}; // of its position only the begin is known
        Sequence before = 0;
        std::size_t count = 0;
        LogPosition end{};
    };

    // One frame: `fill(char* at, Sequence first)` writes LogRecords of `body_bytes` in all, numbered from `first`;
    // `count` is the number of sequences taken. Of a part frame the first record is the descriptor and takes none.
    template <class Fill>
    [[gnu::always_inline]] Result<LogPosition> append(FrameKind kind, std::size_t body_bytes, std::size_t count,
                                                      Fill&& fill) {
        Logged logged;
        KVILT_TRY(log_frame(kind, body_bytes, count, fill, logged));
        publish(logged);
        return logged.end;
    }

    template <class Fill>
    Result<Logged> log_frame(FrameKind kind, std::size_t body_bytes, std::size_t count, Fill&& fill) {
        Logged logged;
        KVILT_TRY(log_frame(kind, body_bytes, count, fill, logged));
        return logged;
    }

    // The same into a place of the caller's, which then need not be moved.
    template <class Fill>
    [[gnu::always_inline]] Result<void> log_frame(FrameKind kind, std::size_t body_bytes, std::size_t count,
                                                  Fill&& fill, Logged& logged) {
        const Sequence before = state_.published.load(std::memory_order_relaxed);
        const LogPosition begin = state_.log->end();
        char* at = state_.log->begin(body_bytes);
        fill(at, before + 1);
        auto end = state_.log->commit(kind, body_bytes);
        if (!end) return state_.health.poison(std::move(end).error());
        logged.frame.position = begin;
        logged.frame.kind = kind;
        logged.frame.records = {at, body_bytes};
        logged.before = before;
        logged.count = count;
        logged.end = *end;
        return {};
    }

    // Readers see the frame from now on.
    [[gnu::always_inline]] void publish(const Logged& logged) {
        if (logged.count == 1 && logged.frame.kind == FrameKind::records) [[likely]]
            logged.frame.for_each([&](LogRecord& record) { index(&record, logged.before); });
        else
            index_all(logged);
        state_.active->log_bytes += Frame::header_bytes + logged.frame.records.size();
        state_.active->highest = logged.before + logged.count;
        state_.published.store(state_.active->highest, std::memory_order_seq_cst);
        if constexpr (!P::tables)
            if (!state_.snapshots.any()) forget_former(logged.frame);
        if constexpr (P::tables)
            if (too_many_entries() && may_freeze()) (void)freeze(); // where that fails, the next prepare() says so
    }

    Result<LogPosition> append(const Batch& batch) {
        const Bytes body = batch.bytes();
        return append(FrameKind::records, body.size(), batch.count(),
                      [&](char* at, Sequence first) { copy_numbered(at, body, first); });
    }

    static void copy_numbered(char* at, Bytes records, Sequence first) noexcept {
        std::memcpy(at, records.data(), records.size());
        for (std::size_t done = 0; done < records.size();) {
            auto* record = reinterpret_cast<LogRecord*>(at + done);
            record->set_sequence(first++);
            done += record->bytes();
        }
    }

    // Freezes the active generation, if it holds anything: it will be flushed whole, and keeps all its segments to
    // itself. The next begins with the next write, so a store that is flushed has no log.
    Result<void> freeze()
        requires P::tables
    {
        if (state_.active->index.count() == 0) return {};
        const View<P>& now = state_.seen();
        auto next = std::make_unique<View<P>>(now);
        next->frozen.insert(next->frozen.begin(), now.active);
        auto fresh = state_.make_generation();
        state_.generations.reserve(state_.generations.size() + 1);
        KVILT_TRY(state_.log->end_segment());
        next->active = state_.active = fresh.get();
        state_.generations.push_back(fresh.release());
        state_.publish_view(std::move(next));
        state_.work_waits.store(true, std::memory_order_relaxed);
        return {};
    }

    // Nothing more goes into the present segment.
    Result<void> begin_segment() {
        if constexpr (P::tables) {
            return rotate(1);
        } else {
            return cleaner_.rotate(1);
        }
    }

private:
    bool too_many_entries() const {
        const std::size_t max = state_.options.memtable.entries_max;
        return max != 0 && state_.active->index.count() >= max;
    }

    bool generation_full() const {
        const Generation<P>& active = *state_.active;
        return active.log_bytes + active.index.bytes_used() >= state_.options.memtable.bytes_max || too_many_entries();
    }

    bool may_freeze() const { return state_.seen().frozen.size() < frozen_max; }

    Result<bool> renew(std::size_t body_bytes) {
        const bool full = generation_full();
        if (full && !may_freeze()) return false;
        state_.free_ready();
        if (full) KVILT_TRY(freeze());
        KVILT_TRY(rotate(body_bytes));
        return true;
    }

    // A segment belongs to the generation whose records it takes, so memory is allocated before: a segment that no
    // generation knows would never be freed, and bring back at recovery what tables have overwritten.
    Result<void> rotate(std::size_t body_bytes) {
        auto& segments = state_.active->segments;
        segments.reserve(segments.size() + 1);
        KVILT_TRY(state_.log->rotate(body_bytes));
        segments.push_back(state_.log->active());
        return {};
    }

    [[gnu::noinline]] void index_all(const Logged& logged) {
        FetchedAhead records(state_.active->index, [&](LogRecord& record) { index(&record, logged.before); });
        bool descriptor = logged.frame.kind == FrameKind::part;
        logged.frame.for_each([&](LogRecord& record) {
            if (!std::exchange(descriptor, false)) records.add(record);
        });
        records.flush();
    }

    [[gnu::always_inline]] void index(LogRecord* record, Sequence published) {
        LogRecord* old = state_.active->index.put(record);
        if constexpr (!P::tables) state_.replaced(*record, old);
        if (old == nullptr) return;
        if (old->sequence() > published) return record->set_older(old->older()); // of this very batch: never to be seen
        // Chains matter to readers of snapshots only. With tables they end with their generation; see forget_former.
        if (state_.snapshots.any()) trim(*old);
    }

    // Nobody reads behind what is published now, for a snapshot that is taken later sees it too. The links are cut
    // while these records are at hand: to cut them when the next version comes would make a page dirty that has long
    // been written. Readers on their way find nothing and look again: see Reader::newest_in.
    void forget_former(const Frame& frame) noexcept {
        frame.for_each([this](LogRecord& record) {
            record.set_older(nullptr);
            if (record.kind() == Kind::tombstone) cleaner_.forget(record);
        });
    }

    // Keeps a chain as short as the snapshots allow: behind the new head stays the former one, for readers who took
    // their sequence before; the next is unlinked unless a snapshot sees it.
    void trim(LogRecord& old) {
        const LogRecord* elder = old.older();
        if (elder != nullptr && !state_.snapshots.needed(elder->sequence(), old.sequence()))
            old.set_older(elder->older());
    }

    State<P>& state_;
    [[no_unique_address]] Cleaner<P> cleaner_;
};

} // namespace kvilt::engine
