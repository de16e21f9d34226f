// One node: bytes in, bytes out. The parts of the engine put together behind the calls that a Store makes.
// docs/life_of_a_write.md, docs/life_of_a_read.md
#pragma once

#include <kvilt/engine/checkpoint.hpp>
#include <kvilt/engine/opening.hpp>
#include <kvilt/engine/reader.hpp>
#include <kvilt/engine/scan.hpp>
#include <kvilt/engine/stats.hpp>
#include <kvilt/engine/upkeep.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::engine {

// Thread-safe under threads::Many. Every Bytes that is passed is borrowed for the call.
template <class P>
class Engine {
public:
    using Pin = typename Epochs<typename P::Threads>::Pin;
    using SnapshotMark = Sequence;
    using ScanCursor = Scan<P>;

    static Result<std::unique_ptr<Engine>> open(EngineOptions<P> options)
        requires(!P::on_disk)
    {
        KVILT_TRY_ASSIGN(state, open_volatile<P>(std::move(options)));
        return std::make_unique<Engine>(std::move(state));
    }

    static Result<std::unique_ptr<Engine>> open(EngineOptions<P> options, const std::string& directory,
                                                const Environment& environment)
        requires P::on_disk
    {
        KVILT_TRY_ASSIGN(opening, Opening<P>::begin(std::move(options), directory, environment));
        KVILT_TRY_ASSIGN(state, opening.finish());
        return std::make_unique<Engine>(std::move(state));
    }

    explicit Engine(std::unique_ptr<State<P>> state)
        : state_(std::move(state)), writer_(*state_), upkeep_(*state_, writer_), reader_(*state_) {
        if (!state_->options.read_only) upkeep_.start();
    }
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // ---- writing

    Result<void> put(Bytes key, Bytes value, const WriteOptions& options) {
        return write({.key = key, .cell = {.kind = Kind::put, .value = value}}, options);
    }
    Result<void> erase(Bytes key, const WriteOptions& options) {
        return write({.key = key, .cell = {.kind = Kind::tombstone}}, options);
    }

    // What the owner of an engine keeps of itself there: few, small, and each in the place of the one before. So it has
    // room where the budget of memory is spent, as what is erased has.
    Result<void> note(Bytes key, Bytes value) {
        const Record record{.key = key, .cell = {.kind = Kind::put, .value = value}};
        return commit(LogRecord::bytes_for(record), false, {}, [&] { return append(record); });
    }

    Result<void> apply(const Batch& batch, const WriteOptions& options) {
        KVILT_TRY(check_batch(batch));
        if (batch.empty()) return {};
        return commit(batch.bytes().size(), true, options, [&] { return writer_.append(batch); });
    }

    // Writes `desired` if the key's present value is `expected` (nothing: if the key is absent); tells which.
    Result<bool> compare_and_set(Bytes key, std::optional<Bytes> expected, Bytes desired, const WriteOptions& options) {
        KVILT_TRY(check_sizes(key.size(), desired.size()));
        const Record record{.key = key, .cell = {.kind = Kind::put, .value = desired}};
        bool equal = false;
        KVILT_TRY(commit(LogRecord::bytes_for(record), true, options, [&]() -> Result<LogPosition> {
            KVILT_TRY_ASSIGN(same, is_now(key, expected));
            equal = same;
            if (!equal) return LogPosition{};
            return append(record);
        }));
        return equal;
    }

    // ---- reading

    // Calls `use(Bytes value)` if the key is there; the bytes are valid in the call. Writing inside is legal.
    template <class Use>
    Result<bool> view(Bytes key, std::optional<Sequence> at, Use&& use) const {
        const Pin pin(state_->epochs);
        bool live = false;
        const auto use_record = [&](const Record& record) {
            live = record.cell.kind == Kind::put;
            if (live) use(record.cell.value);
        };
        auto found = at ? reader_.find(pin, key, *at, use_record) : reader_.find_newest(pin, key, use_record);
        upkeep_.after_read(pin);
        if (!found) return found;
        return live;
    }

    // The newest values of many keys: use(n, Bytes value) for each that is there, in their order, as view() calls it.
    template <class Use>
    Result<void> view_many(std::span<const Bytes> keys, Use&& use) const {
        for (std::size_t done = 0; done < keys.size(); done += side_by_side_max) {
            const auto some = keys.subspan(done, std::min(side_by_side_max, keys.size() - done));
            const Pin pin(state_->epochs);
            KVILT_TRY(reader_.find_newest_of(pin, some, [&](std::size_t n, const Record& record) {
                if (record.cell.kind == Kind::put) use(done + n, record.cell.value);
            }));
            upkeep_.after_read(pin);
        }
        return {};
    }

    // The same with the whole record, for those who look at its stamp.
    template <class Use>
    [[gnu::always_inline]] Result<bool> view_record(Bytes key, Use&& use) const {
        const Pin pin(state_->epochs);
        bool live = false;
        KVILT_TRY(reader_.find_newest(pin, key, [&](const Record& record) {
            live = record.cell.kind == Kind::put;
            if (live) use(record);
        }));
        upkeep_.after_read(pin);
        return live;
    }

    Scan<P> scan(Range range, std::optional<Sequence> at) const {
        if constexpr (counts_reads<P>) upkeep_.after_read(Pin(state_->epochs)); // for the scans before this one
        return Scan<P>(*state_, std::move(range), at);
    }

    Sequence take_snapshot() const { return state_->snapshots.take(state_->published); }
    void release_snapshot(Sequence at) const noexcept {
        state_->snapshots.release(at);
        state_->epochs.collect();
    }

    // ---- upkeep

    // Everything committed before the call survives power loss.
    Result<void> sync()
        requires P::durable
    {
        return sync_to(state_->log->end());
    }

    // Everything committed before the call is in tables.
    Result<void> flush()
        requires P::tables
    {
        KVILT_TRY(state_->health.admit());
        {
            const std::lock_guard lock(state_->maintainer);
            KVILT_TRY(flush_under_lock());
            upkeep_.maintainer().let_spares_go();
        }
        upkeep_.wake(); // a compaction may be due
        return {};
    }

    // Without tables: every segment is cleaned.
    Result<void> compact() {
        KVILT_TRY(state_->health.admit());
        if constexpr (P::tables) {
            {
                const std::lock_guard lock(state_->maintainer);
                KVILT_TRY(flush_under_lock());
                KVILT_TRY(upkeep_.maintainer().compact_all());
                upkeep_.maintainer().let_spares_go();
            }
            upkeep_.wake(); // to check what was written
            return {};
        } else {
            const std::lock_guard lock(state_->maintainer);
            return clean_under_lock();
        }
    }

    Result<void> checkpoint(const std::string& directory)
        requires P::on_disk
    {
        if constexpr (P::tables) {
            const std::lock_guard lock(state_->maintainer);
            if (!state_->options.read_only) KVILT_TRY(flush_under_lock());
            return checkpoint_tables(*state_, directory);
        } else {
            return checkpoint_log(*state_, directory);
        }
    }

    // Reads and checks every byte on disk; the number checked.
    Result<std::uint64_t> verify() const
        requires P::on_disk
    {
        std::uint64_t bytes = 0;
        {
            const std::lock_guard lock(state_->maintainer); // who may begin another manifest and remove this one
            KVILT_TRY_ASSIGN(manifest, Manifest::read(state_->home.environment, state_->home.directory));
            bytes += manifest.bytes();
        }
        if constexpr (P::durable) {
            const typename State<P>::SegmentReader reader(*state_);
            KVILT_TRY_ASSIGN(in_log, state_->log->verify());
            bytes += in_log;
        }
        if constexpr (P::tables) {
            const Pin pin(state_->epochs);
            KVILT_TRY_ASSIGN(in_tables, state_->tables->verify(*state_->seen().tables));
            bytes += in_tables;
        }
        return bytes;
    }

    Stats stats() const { return stats_of(*state_, upkeep_.last_error()); }

    // After a failed write or sync: what may not be durable is written to fresh files; then the store takes writes
    // again.
    Result<void> resume()
        requires P::on_disk
    {
        if (state_->options.read_only) return state_->health.admit();
        const std::lock_guard lock(state_->maintainer);
        if (state_->health.healthy()) return {};
        KVILT_TRY(renew_log());
        state_->health.heal(); // not before: until now the log was not to be appended to
        return {};
    }

    // Everything acknowledged is durable when it returns without an error. Nothing may be called afterwards.
    Result<void> close() {
        upkeep_.stop();
        if (state_->options.read_only) return {};
        KVILT_TRY(state_->health.admit());
        return last_words();
    }

    // ---- for those who lock several engines at once (cluster/)

    State<P>& state() noexcept { return *state_; }
    Writer<P>& writer() noexcept { return writer_; }
    Upkeep<P>& upkeep() noexcept { return upkeep_; }

    Result<void> sync_to(LogPosition end)
        requires P::durable
    {
        const auto done = [&] { return state_->log->synced() >= end; };
        if (done() || !state_->syncer.lock_unless(done)) return {};
        const std::lock_guard lock(state_->syncer, std::adopt_lock);
        auto synced = state_->log->sync();
        if (!synced) return state_->health.poison(std::move(synced).error());
        return {};
    }

    // What follows a commit that ends at `end`, without the writer lock.
    [[gnu::always_inline]] Result<void> after_commit(LogPosition end, std::size_t bytes, const WriteOptions& options) {
        upkeep_.after_commit(bytes);
        if constexpr (P::durable)
            if (syncs(options)) return sync_to(end);
        return {};
    }

    // Whether a write is to survive power loss when it returns.
    bool syncs(const WriteOptions& options) const noexcept {
        if constexpr (P::durable)
            return options.sync || state_->options.log.sync == Sync::every_write;
        else
            return options.sync;
    }

    static Result<void> check_batch(const Batch& batch) {
        KVILT_TRY(check_sizes(batch.largest_key_bytes(), batch.largest_value_bytes()));
        if (batch.bytes().size() > batch_bytes_max)
            return failure(Errc::invalid_argument, "write",
                           "the batch has " + std::to_string(batch.bytes().size()) +
                               " bytes, at most 2 GiB are allowed; split it");
        return {};
    }

    static Result<void> check_sync(const WriteOptions& options) {
        if (!P::durable && options.sync)
            return failure(Errc::invalid_option, "write",
                           "{.sync = true} needs a log that can sync; choose log::Mapped instead of " +
                               std::string(P::LogKind::name));
        return {};
    }

private:
    Result<void> write(const Record& record, const WriteOptions& options) {
        KVILT_TRY(check_sizes(record.key.size(), record.cell.value.size()));
        return commit(LogRecord::bytes_for(record), record.cell.kind == Kind::put, options,
                      [&] { return append(record); });
    }

    [[gnu::always_inline]] Result<LogPosition> append(const Record& record) {
        return writer_.append(FrameKind::records, LogRecord::bytes_for(record), 1, [&](char* at, Sequence first) {
            Record numbered = record;
            numbered.sequence = first;
            LogRecord::write(at, numbered);
        });
    }

    // Runs `append` under the writer lock, with room for its frame.
    template <class Append>
    Result<void> commit(std::size_t body_bytes, bool grows, const WriteOptions& options, Append append) {
        KVILT_TRY(check_sync(options));
        for (;;) {
            {
                std::unique_lock lock(state_->writer);
                KVILT_TRY_ASSIGN(ready, writer_.prepare(body_bytes, grows));
                if (ready) {
                    KVILT_TRY_ASSIGN(end, append());
                    lock.unlock();
                    return after_commit(end, body_bytes + Frame::header_bytes, options);
                }
            }
            if constexpr (P::tables) KVILT_TRY(upkeep_.make_way());
        }
    }

    Result<bool> is_now(Bytes key, std::optional<Bytes> expected) const {
        bool same = false;
        KVILT_TRY_ASSIGN(live, view(key, std::nullopt, [&](Bytes value) { same = expected && *expected == value; }));
        return live ? same : !expected;
    }

    Result<void> flush_under_lock()
        requires P::tables
    {
        KVILT_TRY(upkeep_.maintainer().flush_all()); // first: a freeze wants a place among the frozen
        {
            const std::lock_guard lock(state_->writer);
            KVILT_TRY(writer_.freeze());
        }
        return upkeep_.maintainer().flush_all();
    }

    Result<void> clean_under_lock()
        requires(!P::tables)
    {
        SegmentNumber fresh = 0;
        {
            const std::lock_guard lock(state_->writer);
            KVILT_TRY_ASSIGN(copied_to, writer_.cleaner().clean_all());
            fresh = copied_to;
        }
        if constexpr (P::durable) KVILT_TRY(writer_.cleaner().release(fresh));
        const std::lock_guard lock(state_->writer);
        state_->free_ready();
        return {};
    }

    Result<void> renew_log() {
        KVILT_TRY(state_->home.manifest->rewrite(state_->home.manifest->state()));
        if constexpr (P::durable) {
            const std::lock_guard syncing(state_->syncer);
            const std::lock_guard writing(state_->writer);
            KVILT_TRY(state_->log->renew());
            return writer_.begin_segment();
        } else {
            return flush_under_lock();
        }
    }

    // Seals the log, and lists its segments in the manifest: a segment that is missed later was not torn but lost.
    Result<void> last_words() {
        if constexpr (P::durable) {
            const std::lock_guard lock(state_->writer);
            state_->epochs.collect();
            state_->free_ready(); // what is freed must not be listed again
            auto& log = *state_->log;
            log.limit_spare_bytes(0);
            log.remove_freed();
            auto sealed = log.seal();
            if (!sealed) return state_->health.poison(std::move(sealed).error());
            ManifestEdit edit{.unlisted_from = log.next_number()};
            for (const SegmentNumber number : log.segments())
                edit.sealed.push_back({number, static_cast<std::uint32_t>(log.used_bytes(number))});
            return state_->home.manifest->append(edit);
        } else if constexpr (P::tables) {
            return flush();
        } else {
            return {};
        }
    }

    std::unique_ptr<State<P>> state_;
    Writer<P> writer_;
    Upkeep<P> upkeep_;
    Reader<P> reader_;
};

} // namespace kvilt::engine
