// No log: records live in memory and are gone with the process.
// docs/policies/log.md
#pragma once

#include <kvilt/core/pages.hpp>
#include <kvilt/log/segment.hpp>

#include <cassert>
#include <mutex>

namespace kvilt::log {

// Segments of anonymous memory. Nothing is framed, checked or written, and nothing is recovered.
// Provides: nothing. Needs: nothing.
struct None {
    struct Options {
        std::size_t segment_bytes_min = 64_KiB;
        std::size_t segment_bytes_max = 64_MiB;
    };
    static constexpr Slot slot = Slot::log;
    static constexpr std::string_view name = "log::None";
    static constexpr std::string_view format = "";
    static constexpr Capabilities provides{};
    static constexpr Capabilities needs{};
    static constexpr bool survives_process = false;
    static Result<void> validate(const Options& options) {
        return detail::SegmentSizes::validate(options.segment_bytes_min, options.segment_bytes_max, "log::None");
    }

    template <ThreadsTag Threads>
    class Log;
};

// See LogPolicy for the members. A segment is LogRecords back to back from its first byte.
template <ThreadsTag Threads>
class None::Log {
public:
    static Result<std::unique_ptr<Log>> open(const LogContext& context, const Options& options) {
        KVILT_TRY(validate(options));
        return std::unique_ptr<Log>(new Log(context, options));
    }

    Result<LogScan> scan(const LogState&) { return LogScan{.clean = true}; }
    template <class Visitor>
    Result<void> replay(const LogScan&, Visitor&&) {
        return {};
    }
    Result<std::vector<SealedSegment>> settle(const LogScan&) { return std::vector<SealedSegment>{}; }

    std::size_t room() const noexcept {
        return active_ == nullptr ? 0 : active_->pages.bytes() - active_->end.load(std::memory_order_relaxed);
    }

    char* begin([[maybe_unused]] std::size_t body_bytes) noexcept {
        assert(body_bytes <= room());
        return active_->pages.data() + active_->end.load(std::memory_order_relaxed);
    }

    Result<LogPosition> commit(FrameKind, std::size_t body_bytes) noexcept {
        const auto end = static_cast<std::uint32_t>(active_->end.load(std::memory_order_relaxed) + body_bytes);
        active_->end.store(end, std::memory_order_release);
        const LogPosition position{active_->number, end};
        end_.store(position.packed(), std::memory_order_release);
        return position;
    }

    Result<void> rotate(std::size_t body_bytes) {
        if (body_bytes > detail::body_bytes_max)
            return failure(Errc::invalid_argument, "rotate log", "a batch is at most 2 GiB");
        auto next = std::make_unique<Segment>();
        try {
            next->pages = pages(body_bytes);
        } catch (const std::bad_alloc&) {
            return failure(Errc::full, "rotate log", "there is no memory for a new segment");
        }
        next->number = next_;
        const std::lock_guard lock(mutex_);
        if (!std::exchange(ended_, false)) grow();
        active_ = &segments_.add(std::move(next));
        end_.store(LogPosition{next_, 0}.packed(), std::memory_order_release);
        ++next_;
        return {};
    }

    Result<void> end_segment() {
        if (active_ == nullptr) return {};
        const std::lock_guard lock(mutex_);
        grow();
        ended_ = true;
        active_ = nullptr;
        return {};
    }

    void limit_segment_bytes(std::size_t cap) noexcept {
        const std::lock_guard lock(mutex_);
        sizes_.limit(cap);
    }

    Result<void> sync(SegmentNumber = 0) noexcept { return {}; }
    Result<void> renew() noexcept { return {}; }
    Result<void> seal() noexcept { return {}; }
    LogPosition end() const noexcept { return LogPosition::unpack(end_.load(std::memory_order_acquire)); }
    LogPosition synced() const noexcept { return end(); }

    SegmentNumber active() const noexcept { return active_ == nullptr ? 0 : active_->number; }
    SegmentNumber next_number() const noexcept { return next_; }

    std::vector<SegmentNumber> segments() const {
        const std::lock_guard lock(mutex_);
        std::vector<SegmentNumber> numbers;
        for (const auto& segment : segments_)
            if (segment->end.load(std::memory_order_relaxed) > 0) numbers.push_back(segment->number);
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
        return segment == nullptr ? 0 : segment->pages.bytes();
    }

    template <class Visitor>
    void for_each(SegmentNumber number, Visitor&& visit) const {
        LogCursor cursor{.number = number};
        while (LogRecord* record = next(cursor)) visit(*record);
    }
    LogRecord* next(LogCursor& cursor) const noexcept {
        const Segment* segment = find(cursor.number);
        if (segment == nullptr || cursor.offset >= segment->end.load(std::memory_order_acquire)) return nullptr;
        auto* record = reinterpret_cast<LogRecord*>(segment->pages.data() + cursor.offset);
        cursor.offset += static_cast<std::uint32_t>(record->bytes());
        return record;
    }

    // One segment's worth is kept for the next rotate(): its pages are warm.
    void free(SegmentNumber number) {
        const std::lock_guard lock(mutex_);
        const std::unique_ptr<Segment> gone = segments_.take(number);
        if (gone == nullptr) return;
        if (gone.get() == active_) active_ = nullptr;
        if (sizes_.useful(gone->pages.bytes())) spare_ = std::move(gone->pages);
    }

    void limit_spare_bytes(std::size_t bytes) {
        const std::lock_guard lock(mutex_);
        if (spare_.bytes() > bytes) spare_ = {};
    }

    std::size_t memory_bytes() const noexcept {
        const std::lock_guard lock(mutex_);
        std::size_t bytes = spare_.bytes();
        for (const auto& segment : segments_) bytes += segment->pages.bytes();
        return bytes;
    }
    std::size_t disk_bytes() const noexcept { return 0; }
    Result<std::uint64_t> verify() const noexcept { return 0; }

private:
    struct Segment {
        SegmentNumber number = 0;
        Pages pages{};
        typename Threads::template Atomic<std::uint32_t> end{0};

        Bytes span() const noexcept { return {pages.data(), pages.bytes()}; }
    };

    Log(const LogContext& context, const Options& options)
        : sizes_(options.segment_bytes_min, options.segment_bytes_max, context.segment_bytes_cap) {}

    Pages pages(std::size_t body_bytes) {
        const std::lock_guard lock(mutex_);
        if (spare_.bytes() >= body_bytes && sizes_.useful(spare_.bytes())) return std::exchange(spare_, Pages{});
        return Pages(sizes_.capacity(body_bytes));
    }

    void grow() noexcept {
        sizes_.grow(active_ == nullptr ? 0 : active_->end.load(), active_ == nullptr ? 0 : active_->pages.bytes());
    }

    Segment* find(SegmentNumber number) const noexcept {
        const std::lock_guard lock(mutex_);
        return segments_.find(number);
    }

    mutable typename Threads::Mutex mutex_; // guards segments_, spare_ and sizes_; the writer alone changes them
    detail::SegmentTable<Segment> segments_;
    detail::SegmentSizes sizes_;
    Pages spare_;
    Segment* active_ = nullptr; // the writer's
    bool ended_ = false;        // active_ was, and what comes next is of a size for it
    SegmentNumber next_ = 1;
    typename Threads::template Atomic<std::uint64_t> end_{0};
};

static_assert(LogPolicy<None>);

} // namespace kvilt::log
