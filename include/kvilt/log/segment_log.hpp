// A log in files: one class, whatever the memory of a segment is and however its bytes reach the file.
// docs/policies/log.md
#pragma once

#include <kvilt/log/lead.hpp>
#include <kvilt/log/log_segment.hpp>
#include <kvilt/log/segment.hpp>
#include <kvilt/log/segment_store.hpp>

#include <cassert>
#include <mutex>
#include <utility>

namespace kvilt::log::detail {

// See LogPolicy for the members, SegmentFile for what Memory must be.
template <ThreadsTag Threads, class Memory>
class SegmentLog {
public:
    static Result<std::unique_ptr<SegmentLog>> open(const LogContext& context, const FileOptions& options) {
        KVILT_TRY(options.validate(Memory::policy));
        if (context.environment.files == nullptr)
            return failure(Errc::invalid_option, "open log", "the environment has no file system");
        return std::unique_ptr<SegmentLog>(new SegmentLog(context, options));
    }

    Result<LogScan> scan(const LogState& state) {
        KVILT_TRY_ASSIGN(recovered, store_.load(state));
        for (auto& [number, file, listed] : recovered.segments)
            segments_.add(std::make_unique<Segment>(number, std::move(file))).listed = listed;
        next_ = recovered.next;
        adopt(recovered.scan);
        return std::move(recovered.scan);
    }

    template <class Visitor>
    Result<void> replay(const LogScan& scan, Visitor&& visit) {
        adopt(scan);
        for (const auto& segment : segments_) {
            const std::uint32_t end = segment->end.load(std::memory_order_relaxed);
            for (std::uint32_t at = FileHeader::bytes; at < end;) {
                const Frame frame = segment->known_frame(at);
                KVILT_TRY(visit(frame));
                at = static_cast<std::uint32_t>(frame.end());
                if (!context().read_only) KVILT_TRY(segment->rewrite_often(at));
            }
            if (!context().read_only) KVILT_TRY(segment->rewrite(end));
        }
        return {};
    }

    Result<std::vector<SealedSegment>> settle(const LogScan& scan) {
        if (context().read_only) return read_only("settle log");
        adopt(scan);
        std::vector<SealedSegment> sealed;
        for (const auto& segment : segments_) {
            const std::uint32_t end = segment->end.load(std::memory_order_relaxed);
            KVILT_TRY(segment->rewrite(end));
            if (!segment->listed) KVILT_TRY(segment->file->sync());
            segment->synced_end = end;
            sealed.push_back({segment->number, end});
        }
        KVILT_TRY(context().environment.files->sync_directory(context().directory));
        if (!sealed.empty()) {
            end_.store(LogPosition{sealed.back().number, sealed.back().end}.packed());
            synced_.store(end_.load());
        }
        return sealed;
    }

    [[gnu::always_inline]] std::size_t room() const noexcept {
        if (active_ == nullptr) return 0;
        const std::size_t taken = active_->end.load(std::memory_order_relaxed) + overhead;
        return taken < active_->file->capacity ? active_->file->capacity - taken : 0;
    }

    [[gnu::always_inline]] char* begin([[maybe_unused]] std::size_t body_bytes) noexcept {
        assert(body_bytes <= room());
        Segment& segment = *active_;
        const std::size_t at = segment.end.load(std::memory_order_relaxed) + Frame::header_bytes;
        return segment.file->memory.data() + at;
    }

    [[gnu::always_inline]] Result<LogPosition> commit(FrameKind kind, std::size_t body_bytes) {
        Segment& segment = *active_;
        const std::uint32_t at = segment.end.load(std::memory_order_relaxed);
        const auto end = static_cast<std::uint32_t>(at + Frame::header_bytes + body_bytes);
        char* const frame = segment.file->memory.data() + at;
        seal_frame(frame, context().identity, {segment.number, at}, synced(), kind, body_bytes);
        if constexpr (Memory::appends) {
            auto written = segment.file->memory.append(*segment.file->file, at, end - at);
            if (!written) return fail(*segment.file, std::move(written).error());
        }
        segment.end.store(end, std::memory_order_release);
        const LogPosition position{segment.number, end};
        end_.store(position.packed(), std::memory_order_release);
        return position;
    }

    Result<void> rotate(std::size_t body_bytes) {
        if (context().read_only) return read_only("rotate log");
        if (body_bytes > body_bytes_max)
            return failure(Errc::invalid_argument, "rotate log", "a batch is at most 2 GiB");
        KVILT_TRY(flush_active());
        store_.remove_leftovers();
        const FileHeader header{.number = next_,
                                .identity = context().identity,
                                .synced = synced(),
                                .previous_end = end().number + 1 == next_ ? end().offset : 0};
        KVILT_TRY_ASSIGN(file, store_.take(FileHeader::bytes + overhead + body_bytes, header));
        auto segment = std::make_unique<Segment>(next_, std::move(file));
        segment->end.store(FileHeader::bytes);
        const std::lock_guard lock(mutex_);
        if (!std::exchange(ended_, false)) grow();
        active_ = &segments_.add(std::move(segment));
        end_.store(LogPosition{next_, FileHeader::bytes}.packed(), std::memory_order_release);
        ++next_;
        return {};
    }

    void stay_ahead(bool may_grow) {
        std::shared_ptr<File> file;
        LogPosition end{};
        {
            const std::lock_guard lock(mutex_);
            if (active_ == nullptr) return;
            file = active_->file;
            end = {active_->number, active_->end.load(std::memory_order_relaxed)};
        }
        const Lead::Stretch next = lead_.advance(end, synced(), file->capacity);
        if (!next.empty()) file->memory.will_append(next.begin, next.end);
        if (may_grow && nearly_full(end.offset, file->capacity)) store_.prepare_spare(end.number);
    }

    Result<void> end_segment() {
        if (active_ == nullptr) return {};
        KVILT_TRY(flush_active());
        const std::lock_guard lock(mutex_);
        grow();
        ended_ = true;
        active_ = nullptr;
        return {};
    }

    Result<void> sync(SegmentNumber from = 0) {
        for (const Unsynced& one : unsynced(from)) {
            if (!one.failed) one.file->memory.will_sync(one.begin, one.end);
            auto done = one.failed ? Result<void>(std::unexpected(*one.failed)) : one.file->sync();
            const std::lock_guard lock(mutex_);
            Segment* segment = segments_.find(one.number);
            if (!done) one.file->failed = done.error();
            if (segment == nullptr) continue; // freed meanwhile: nobody needs it
            if (!done) return done;
            segment->synced_end = std::min(one.end, segment->end.load(std::memory_order_relaxed)); // see withdraw()
            advance_synced();
        }
        return {};
    }

    void withdraw(LogPosition from, Error error) {
        const std::lock_guard lock(mutex_);
        active_->end.store(from.offset, std::memory_order_release);
        active_->synced_end = std::min(active_->synced_end, from.offset);
        active_->file->failed = std::move(error);
        end_.store(from.packed(), std::memory_order_release);
        synced_.store(std::min(synced(), from).packed(), std::memory_order_release);
    }

    Result<void> renew() {
        FileSystem& files = *context().environment.files;
        for (const Unsynced& one : unsynced(0)) {
            KVILT_TRY(one.file->renew(files, one.end));
            KVILT_TRY(files.sync_directory(context().directory));
            const std::lock_guard lock(mutex_);
            one.file->failed.reset();
            segments_.find(one.number)->synced_end = one.end;
            advance_synced();
        }
        return {};
    }

    Result<void> seal() {
        KVILT_TRY(sync());
        if (active_ == nullptr) return {};
        if (active_->file->failed) return std::unexpected(*active_->file->failed);
        KVILT_TRY(commit(FrameKind::seal, 0));
        return sync();
    }

    LogPosition end() const noexcept { return LogPosition::unpack(end_.load(std::memory_order_acquire)); }
    LogPosition synced() const noexcept { return LogPosition::unpack(synced_.load(std::memory_order_acquire)); }

    SegmentNumber active() const noexcept { return active_ == nullptr ? 0 : active_->number; }
    SegmentNumber next_number() const noexcept { return next_; }

    std::vector<SegmentNumber> segments() const {
        const std::lock_guard lock(mutex_);
        std::vector<SegmentNumber> numbers;
        for (const auto& segment : segments_)
            if (segment->end.load(std::memory_order_relaxed) > FileHeader::bytes) numbers.push_back(segment->number);
        return numbers;
    }

    SegmentNumber segment_of(const LogRecord* record) const noexcept {
        const std::lock_guard lock(mutex_);
        const Segment* segment = segments_.holding(record);
        return segment == nullptr ? 0 : segment->number;
    }

    std::size_t used_bytes(SegmentNumber number) const noexcept {
        const Segment* segment = find(number);
        return segment == nullptr ? 0 : segment->end.load(std::memory_order_acquire);
    }
    std::size_t capacity_bytes(SegmentNumber number) const noexcept {
        const Segment* segment = find(number);
        return segment == nullptr ? 0 : segment->file->capacity;
    }
    void limit_segment_bytes(std::size_t cap) noexcept { store_.limit(cap); }

    template <class Visitor>
    void for_each(SegmentNumber number, Visitor&& visit) const {
        LogCursor cursor{.number = number};
        while (LogRecord* record = next(cursor)) visit(*record);
    }

    LogRecord* next(LogCursor& cursor) const noexcept {
        const Segment* segment = find(cursor.number);
        if (segment == nullptr) return nullptr;
        const std::uint32_t end = segment->end.load(std::memory_order_acquire);
        if (cursor.offset == 0) cursor.offset = cursor.frame_end = FileHeader::bytes;
        while (cursor.offset == cursor.frame_end) {
            if (cursor.offset >= end) return nullptr;
            cursor.frame_end = static_cast<std::uint32_t>(segment->known_frame(cursor.offset).end());
            cursor.offset += static_cast<std::uint32_t>(Frame::header_bytes);
        }
        auto* record = reinterpret_cast<LogRecord*>(segment->file->memory.data() + cursor.offset);
        cursor.offset += static_cast<std::uint32_t>(record->bytes());
        return record;
    }

    void free(SegmentNumber number) {
        std::unique_ptr<Segment> gone;
        {
            const std::lock_guard lock(mutex_);
            gone = segments_.take(number);
            if (gone == nullptr) return;
            if (gone.get() == active_) active_ = nullptr;
            advance_synced();
        }
        store_.give_back(std::move(gone->file));
    }
    void limit_spare_bytes(std::size_t bytes) { store_.drop_spares(bytes); }
    void remove_freed() { store_.remove_freed(); }

    std::size_t memory_bytes() const noexcept { return disk_bytes(); }
    std::size_t disk_bytes() const noexcept {
        const std::lock_guard lock(mutex_);
        std::size_t bytes = store_.idle_bytes();
        for (const auto& segment : segments_) bytes += segment->file->capacity;
        return bytes;
    }

    // What is stored, not what is in memory, where these are two. Nothing may be freed meanwhile.
    Result<std::uint64_t> verify() const {
        std::uint64_t bytes = 0;
        for (const Unsynced& one : all()) {
            KVILT_TRY_ASSIGN(stored, one.file->memory.stored(*one.file->file, one.end));
            if (stored.bytes.empty()) continue; // nothing of it has been written yet
            const FrameRun run = frames_from_start(stored.bytes, context().identity, one.number);
            if (!FileHeader::read(stored.bytes, "log") || run.end != stored.bytes.size())
                return failure(Errc::corruption, "verify log",
                               one.file->path + " at offset " + std::to_string(run.end) + ": no valid frame");
            bytes += run.end;
        }
        return bytes;
    }

private:
    using File = SegmentFile<Memory>;
    using Segment = LogSegment<Threads, Memory>;
    using Unsynced = typename Segment::Unsynced;

    // Not sooner: segments that are freed meanwhile have pages already.
    static bool nearly_full(std::size_t used, std::size_t capacity) noexcept {
        return capacity - used <= std::max<std::size_t>(capacity / 8, 1_MiB);
    }

    // Behind a body there is always room for its frame's header, and for a seal.
    static constexpr std::size_t overhead = 2 * Frame::header_bytes;

    SegmentLog(const LogContext& context, const FileOptions& options) : store_(context, options) {}

    const LogContext& context() const noexcept { return store_.context(); }

    std::unexpected<Error> read_only(const char* operation) const {
        return failure(Errc::read_only, operation, context().directory + " was opened read-only");
    }

    std::unexpected<Error> fail(File& file, Error error) {
        const std::lock_guard lock(mutex_);
        file.failed = error;
        return std::unexpected(std::move(error));
    }

    Segment* find(SegmentNumber number) const noexcept {
        const std::lock_guard lock(mutex_);
        return segments_.find(number);
    }

    // Makes the segments those of `scan`, which may have been truncated.
    void adopt(const LogScan& scan) {
        std::vector<SegmentNumber> cut;
        auto wanted = scan.segments.begin();
        for (const auto& segment : segments_) {
            if (wanted != scan.segments.end() && wanted->number == segment->number)
                segment->end.store((wanted++)->end);
            else
                cut.push_back(segment->number);
        }
        for (const SegmentNumber number : cut) store_.leave(segments_.take(number)->file->path);
    }

    void grow() noexcept {
        store_.grow(active_ == nullptr ? 0 : active_->end.load(), active_ == nullptr ? 0 : active_->file->capacity);
    }

    // What a policy keeps back reaches the file before the next segment begins. It is kept until it does.
    Result<void> flush_active() {
        if (active_ == nullptr || !Memory::appends || has_failed(*active_->file)) return {};
        return active_->file->memory.flush(*active_->file->file);
    }

    bool has_failed(const File& file) const noexcept {
        const std::lock_guard lock(mutex_);
        return file.failed.has_value();
    }

    std::vector<Unsynced> all() const {
        const std::lock_guard lock(mutex_);
        std::vector<Unsynced> list;
        for (const auto& segment : segments_) list.push_back(segment->whole());
        return list;
    }

    // The segments with bytes that are not durable, oldest first.
    std::vector<Unsynced> unsynced(SegmentNumber from) const {
        const std::lock_guard lock(mutex_);
        std::vector<Unsynced> list;
        for (const auto& segment : segments_) {
            if (segment->number < from) continue;
            Unsynced one = segment->unsynced();
            if (one.begin < one.end) list.push_back(std::move(one));
        }
        return list;
    }

    // Up to the first byte that may not be durable; what was freed is nobody's care. Under mutex_.
    void advance_synced() noexcept {
        LogPosition durable = LogPosition::unpack(synced_.load(std::memory_order_relaxed));
        for (const auto& segment : segments_) {
            durable = std::max(durable, LogPosition{segment->number, segment->synced_end});
            if (segment->synced_end < segment->end.load(std::memory_order_relaxed)) break;
        }
        synced_.store(durable.packed(), std::memory_order_release);
    }

    SegmentStore<Threads, Memory> store_;   // the writer's, but for what it says
    mutable typename Threads::Mutex mutex_; // guards segments_, their synced_end and their files' failures
    SegmentTable<Segment> segments_;        // changed by the writer alone
    Segment* active_ = nullptr;             // the writer's, as the next
    bool ended_ = false;                    // active_ was, and what comes next is of a size for it
    SegmentNumber next_ = 1;
    Lead lead_; // of who stays ahead
    typename Threads::template Atomic<std::uint64_t> end_{0};
    typename Threads::template Atomic<std::uint64_t> synced_{0};
};

} // namespace kvilt::log::detail
