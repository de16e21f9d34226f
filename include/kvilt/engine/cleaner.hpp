// Where there are no tables: keeps log and index within twice the live data, by copying on what lives in the oldest
// segment. The log is a ring: always the oldest first, so whatever a tombstone hides has gone before it.
#pragma once

#include <kvilt/engine/side_by_side.hpp>
#include <kvilt/engine/state.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <span>
#include <string>
#include <vector>

namespace kvilt::engine {

// Stores with tables have nothing to clean: flushing frees their segments.
template <class P>
class Cleaner {
public:
    explicit Cleaner(State<P>&) {}
};

// Wants the writer lock held, where nothing else is said.
template <class P>
    requires(!P::tables)
class Cleaner<P> {
public:
    explicit Cleaner(State<P>& state) : state_(state) {}

    // Room for a frame of `body_bytes`, within the budget if it `grows` the data; does its share of cleaning first.
    Result<void> make_room(std::size_t body_bytes, bool grows) {
        appended_bytes_ += body_bytes;
        if (appended_bytes_ >= check_bytes) [[unlikely]] {
            const std::size_t bytes = std::exchange(appended_bytes_, 0);
            if (over(limit())) KVILT_TRY(step(share_of(bytes)));
            note_lag();
        }
        if (state_.log->room() >= body_bytes) [[likely]]
            return {};
        if constexpr (P::evicting)
            KVILT_TRY(evict(body_bytes));
        else if (grows)
            KVILT_TRY(keep_budget());
        return rotate(body_bytes);
    }

    // Scans at least `bytes` of the oldest segment, if there is one beside the active.
    Result<void> step(std::size_t bytes) {
        recount_pinned();
        std::size_t scanned = 0;
        while (scanned < bytes) {
            if (cursor_.number == 0 && !choose_victim()) return {};
            KVILT_TRY_ASSIGN(count, scan_slice(bytes - scanned));
            scanned += count;
            if (count == 0) finish_victim();
        }
        return {};
    }

    // Frees what has been scanned: the copies are made durable, then the manifest says so, then the readers leave.
    // Where that fails the segments wait for the next time: one that came back without a later one's tombstones would
    // bring back what they hid. Without the writer lock; the caller holds the maintainer's. `copied_to`: the copies
    // stand in this segment and later.
    Result<void> release(SegmentNumber copied_to = 0)
        requires P::durable
    {
        std::vector<SegmentNumber> numbers;
        {
            const std::lock_guard lock(state_.writer);
            numbers = scanned_;
        }
        if (numbers.empty()) return {};
        // Of the commits up to here none can be lost any more, though the records of some may have gone.
        const Sequence settled = state_.published.load();
        auto synced = state_.log->sync(copied_to);
        if (!synced) return state_.health.poison(std::move(synced).error());
        if (state_.peers != nullptr) KVILT_TRY(state_.peers->make_durable());
        auto edited = state_.home.manifest->append({.sequence = settled, .freed = numbers});
        if (!edited) return state_.health.poison(std::move(edited).error());
        {
            const std::lock_guard lock(state_.writer); // the writer has only added to them
            scanned_.erase(scanned_.begin(), scanned_.begin() + static_cast<std::ptrdiff_t>(numbers.size()));
        }
        for (const SegmentNumber number : numbers) state_.retire_segment(number);
        state_.epochs.collect();
        return {};
    }

    // Behind a published tombstone nobody reads any more: in memory it says no more than no record does. In the log it
    // stays until everything older has gone.
    [[gnu::noinline]] void forget(LogRecord& tombstone) noexcept {
        if (peek(tombstone.key()) != &tombstone) return; // a batch has put the key again
        try {
            state_.active->index.erase(&tombstone);
        } catch (const std::bad_alloc&) { // the key has left, and the index stays as large as it was
        }
    }

    // Scans every segment there is; what lives in them stands behind the number returned.
    Result<SegmentNumber> clean_all() {
        KVILT_TRY(rotate(1));
        const SegmentNumber fresh = state_.log->active();
        while ((cursor_.number != 0 || choose_victim()) && cursor_.number < fresh) KVILT_TRY(step(1));
        return fresh;
    }

private:
    static constexpr std::size_t slack_bytes = 256 << 10;
    static constexpr std::size_t slice_records = 64;
    static constexpr std::size_t check_bytes = 4096;

    // Without what is cleaned already: that goes of itself, and cleaning more would only move what was moved before.
    std::size_t used_bytes() const {
        const std::size_t bytes = state_.log->memory_bytes() + state_.active->index.bytes_used();
        return P::evicting ? bytes : bytes - state_.leaving_bytes.load(std::memory_order_relaxed);
    }
    bool over(std::size_t bytes) const { return used_bytes() > bytes; }

    // Cleaning starts here: below twice the live bytes by what the segments in work may take.
    std::size_t limit() const noexcept {
        if constexpr (P::evicting)
            return state_.options.memtable.bytes_max / 16 * 14;
        else {
            const std::size_t live = state_.live_bytes + pinned_bytes_;
            return live + live * 3 / 4 + slack_bytes;
        }
    }

    // The device may be slower than the writers: before the log has grown to twice the live bytes they wait for it.
    void note_lag() {
        if constexpr (P::durable) {
            const std::size_t live = state_.live_bytes + pinned_bytes_;
            const std::size_t leaving = state_.leaving_bytes.load(std::memory_order_relaxed);
            const std::size_t bytes = used_bytes() + leaving;
            state_.freeing_lags.store(leaving != 0 && bytes > live + live / 8 * 7 + 2 * slack_bytes,
                                      std::memory_order_relaxed);
        }
    }

    // Four times what is appended keeps pace with any share of live data up to three quarters.
    std::size_t share_of(std::size_t appended) const { return appended * (over(limit() + limit() / 8) ? 16 : 4); }

    // What is live may take half of the budget: the ring needs as much again.
    Result<void> keep_budget() const {
        const std::size_t budget = state_.options.memory_bytes_max;
        if (budget == 0 || 2 * state_.live_bytes + state_.active->index.bytes_used() <= budget) return {};
        return failure(Errc::full, "write",
                       "the memory budget of " + std::to_string(budget) +
                           " bytes is spent; erase keys, or raise .memory_bytes_max");
    }

    // Evicts until another segment fits. Twice round the ring: the first round may find everything used, the second
    // does not. What readers pin is freed when they leave.
    Result<void> evict(std::size_t body_bytes) {
        state_.free_ready();
        const std::size_t budget = state_.options.memtable.bytes_max;
        const std::size_t wanted = std::max(body_bytes, segment_bytes()) + FileHeader::bytes + Frame::header_bytes;
        if (wanted > budget)
            return failure(Errc::full, "write",
                           "a record of " + std::to_string(body_bytes) + " bytes does not fit into a cache of " +
                               std::to_string(budget) + "; raise .memtable.bytes_max");
        for (std::size_t left = 2 * state_.log->segments().size(); left > 0 && over(budget - wanted); --left)
            KVILT_TRY(step(segment_bytes()));
        return {};
    }

    // A sixteenth of the live data: what the ring's seam may waste.
    std::size_t segment_bytes() const noexcept {
        if constexpr (P::evicting)
            return state_.options.memtable.bytes_max / 16;
        else
            return std::max<std::size_t>(64 << 10, state_.live_bytes / 16);
    }

public:
    // A fresh segment with that room. One that is left without a frame will never be a victim: it goes as it is.
    Result<void> rotate(std::size_t body_bytes) {
        state_.epochs.collect(); // memory of the index that is free counts as used until then
        state_.free_ready();     // also for the cleaner's own copies: they may leave writers nothing to rotate for
        state_.log->limit_segment_bytes(segment_bytes());
        const SegmentNumber left = state_.log->active();
        const auto used = state_.log->segments();
        KVILT_TRY(state_.log->rotate(body_bytes));
        if (left != 0 && (used.empty() || used.back() != left)) give_up(left);
        return {};
    }

private:
    bool choose_victim() {
        for (const SegmentNumber number : state_.log->segments()) {
            if (number <= last_scanned_ || number == state_.log->active()) continue;
            cursor_ = {.number = number};
            return true;
        }
        return false;
    }

    void finish_victim() {
        last_scanned_ = std::exchange(cursor_, {}).number;
        state_.counters.cleaned_segments.fetch_add(1, std::memory_order_relaxed);
        give_up(last_scanned_);
    }

    // Nothing of the segment is needed any more.
    void give_up(SegmentNumber number) {
        state_.leaving_bytes.fetch_add(state_.log->capacity_bytes(number));
        if constexpr (P::durable) {
            scanned_.push_back(number);
            state_.work_waits.store(true, std::memory_order_relaxed);
        } else {
            state_.retire_segment(number);
            state_.epochs.collect();
            state_.free_ready();
        }
    }

    struct Move {
        LogRecord* from;
        LogRecord* newer; // its neighbour in the chain, null for a head
    };

    // Judges records of the victim until `bytes` are seen or a slice is full; moves those that live. Zero at its end.
    // Where they cannot be moved they will be judged again: none may be left behind.
    Result<std::size_t> scan_slice(std::size_t bytes) {
        const LogCursor begin = cursor_;
        const std::size_t pinned_before = pinned_bytes_;
        std::array<Move, slice_records> moves;
        std::size_t move_count = 0;
        std::size_t move_bytes = 0;
        std::size_t seen = 0;
        std::size_t fetched = 0;
        while (seen < bytes && move_count < slice_records) {
            if (fetched == 0) fetched = fetch_ahead();
            --fetched;
            LogRecord* record = state_.log->next(cursor_);
            if (record == nullptr) break;
            seen += record->bytes();
            if (!judge(record, moves[move_count])) continue;
            move_bytes += record->bytes();
            ++move_count;
        }
        if (auto copied = copy_on(moves.data(), move_count, move_bytes); !copied) {
            cursor_ = begin;
            pinned_bytes_ = pinned_before;
            return std::unexpected(std::move(copied).error());
        }
        return seen;
    }

    // What judging the next records will touch; how many they are, at least 1.
    std::size_t fetch_ahead() const {
        std::array<Bytes, side_by_side_max> keys;
        std::size_t count = 0;
        LogCursor ahead = cursor_;
        for (const LogRecord* record; count < keys.size() && (record = state_.log->next(ahead)) != nullptr;)
            keys[count++] = record->key();
        fetch(state_.active->index, std::span<const Bytes>(keys.data(), count));
        return std::max<std::size_t>(count, 1);
    }

    // Whether `record` lives on; otherwise it has left index and chain.
    bool judge(LogRecord* record, Move& move) {
        LogRecord* head = peek(record->key());
        if (head == nullptr) return false;
        if (head == record) return judge_head(head, move);
        LogRecord* newer = head;
        while (newer->older() != nullptr && newer->older() != record) newer = newer->older();
        if (newer->older() == nullptr) return false; // unlinked before
        if (state_.snapshots.needed(record->sequence(), newer->sequence())) {
            pinned_bytes_ += record->bytes() + Frame::header_bytes;
            move = {record, newer};
            return true;
        }
        newer->set_older(record->older());
        return false;
    }

    bool judge_head(LogRecord* head, Move& move) {
        move = {head, nullptr};
        if (head->kind() == Kind::tombstone) {
            // Everything older of its key lay in older segments, which have gone, or is in its chain.
            if (head->older() != nullptr) return true;
            state_.active->index.erase(head);
            return false;
        }
        if constexpr (P::evicting) {
            if (!state_.active->index.keep(head)) {
                state_.live_bytes -= State<P>::weight(*head);
                state_.active->index.erase(head);
                return false;
            }
        }
        return true;
    }

    LogRecord* peek(Bytes key) const {
        if constexpr (P::evicting)
            return state_.active->index.peek(key);
        else
            return state_.active->index.find(key);
    }

    Result<void> copy_on(Move* moves, std::size_t count, std::size_t body_bytes) {
        if (count == 0) return {};
        if (state_.log->room() < body_bytes) KVILT_TRY(rotate(body_bytes));
        char* const body = state_.log->begin(body_bytes);
        char* at = body;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t bytes = moves[i].from->bytes();
            std::memcpy(at, static_cast<const void*>(moves[i].from), bytes);
            reinterpret_cast<LogRecord*>(at)->set_older(nullptr);
            at += bytes;
        }
        auto end = state_.log->commit(FrameKind::copy, body_bytes);
        if (!end) return state_.health.poison(std::move(end).error());
        at = body;
        for (std::size_t i = 0; i < count; ++i) {
            auto* copy = reinterpret_cast<LogRecord*>(at);
            relink(moves[i].from, copy);
            at += copy->bytes();
        }
        return {};
    }

    // The chain may have changed since it was judged: two records of one key may move in one slice.
    void relink(LogRecord* from, LogRecord* to) {
        to->set_older(from->older());
        LogRecord* head = peek(from->key());
        if (head == from) return state_.active->index.replace(from, to);
        while (head->older() != from) head = head->older();
        head->set_older(to);
    }

    // What snapshots pinned counts as live until one of them is released; the next round counts anew.
    void recount_pinned() {
        const std::uint64_t releases = state_.snapshots.releases();
        if (std::exchange(releases_seen_, releases) != releases) pinned_bytes_ = 0;
    }

    State<P>& state_;
    std::size_t pinned_bytes_ = 0;
    std::uint64_t releases_seen_ = 0;
    std::size_t appended_bytes_ = 0; // since the limit was last looked at
    LogCursor cursor_{};             // in the victim; number 0: there is none
    SegmentNumber last_scanned_ = 0;
    std::vector<SegmentNumber> scanned_{};
};

} // namespace kvilt::engine
