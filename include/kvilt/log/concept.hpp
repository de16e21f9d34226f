// The contract of the log slot: segments, in which records live and from which they are recovered.
// docs/policies/log.md
#pragma once

#include <kvilt/core/frame.hpp>
#include <kvilt/core/policy.hpp>
#include <kvilt/core/threads.hpp>
#include <kvilt/env/environment.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kvilt {

// When an acknowledged write is on the device. A single call asks for more with {.sync = true}.
enum class Sync : std::uint8_t {
    never,       // when the system pleases: survives a killed process where the log policy does
    interval,    // at least every interval_us; needs threads::Many
    every_write, // before the call returns; many threads share one device sync
};

using SegmentNumber = std::uint32_t;

// What a log is opened in and under.
struct LogContext {
    Environment environment{};
    std::string directory{};
    std::uint64_t identity = 0;
    bool read_only = false;
    std::size_t segment_bytes_cap = ~std::size_t{0}; // beside the policy's own option
};

struct SealedSegment {
    SegmentNumber number = 0;
    std::uint32_t end = 0; // bytes in use, all of them durable
};

// What the manifest knows of the log. A segment counts if it is sealed here, or its number is at least `unlisted_from`
// and not among `freed`. All others are leftovers.
struct LogState {
    std::vector<SealedSegment> sealed{};
    SegmentNumber unlisted_from = 1;
    std::vector<SegmentNumber> freed{}; // sorted; only numbers at or above unlisted_from

    bool counts(SegmentNumber number) const noexcept;
};

// What a scan of the segments found. Nothing on disk is changed by it.
struct LogScan {
    struct Segment {
        SegmentNumber number = 0;
        std::uint32_t end = 0; // behind its last good frame
    };
    std::vector<Segment> segments{}; // in commit order; after a cut, those before it only
    bool clean = false;              // closed with a seal
    LogPosition cut{};               // where the good part ends, if bytes_cut > 0
    std::uint64_t bytes_cut = 0;     // torn tail, and everything later in commit order

    // Cuts what stands at or behind `position` too: where a batch over shards is not whole.
    void truncate(LogPosition position);
};

// A walk over the records of one segment, which may pause anywhere and see what is committed meanwhile.
struct LogCursor {
    SegmentNumber number = 0;
    std::uint32_t offset = 0;    // bytes passed
    std::uint32_t frame_end = 0; // of the frame it is in
};

// A log policy names Log<Threads>. Segment memory is stable from begin() until free(): indexes point into it.
// The owner holds his writer lock around begin, commit, rotate and free; sync() runs beside them under his sync lock.
// After an error of commit or sync the owner appends no more to the active segment (rotate first).
//
//   static Result<std::unique_ptr<Log>> open(const LogContext&, const Options&)
//   Recovery, before the first rotate():
//   Result<LogScan> scan(const LogState&)      corruption: damage before a position known to be synced
//   Result<void> replay(const LogScan&, visit) each frame in commit order: Result<void> visit(const Frame&). Records
//                                              stay where they are: the index may point at them
//   Result<std::vector<SealedSegment>> settle(const LogScan&)   dirties and syncs every used page; what it returns
//                                              goes into the manifest, with unlisted_from = next_number(), before the
//                                              first rotate(). Then counts as appended and synced
//   Writing:
//   std::size_t room() const                   body bytes that fit into the active segment; 0 where there is none
//   char* begin(std::size_t body_bytes)        where the body's LogRecords go; needs that room; no effect until commit
//   Result<LogPosition> commit(FrameKind, std::size_t body_bytes)   the frame is as safe as the policy says; its end
//   Result<void> rotate(std::size_t body_bytes)  a fresh active segment with at least that room; on error (Errc::full)
//                                              nothing has changed and it may be tried again
//   void stay_ahead(bool may_grow)             makes ready what the writer comes to next, memory and, if the log may
//                                              take more of the device, files; beside him, one call at a time. Only of
//                                              logs with files
//   Result<void> end_segment()                 no segment is active until the next rotate; on error nothing has changed
//   Result<void> sync(SegmentNumber from = 0)  what was committed before the call survives power loss; older segments
//                                              included. A segment whose sync failed fails every later sync until it
//                                              is freed: its records are copied on, made durable by sync(from), which
//                                              leaves older segments out (and synced() behind), then it is freed
//   void withdraw(LogPosition from, Error)     the active segment's frames from there on count no more, because of the
//                                              error: nothing may be appended before a renew(), which leaves them out
//   Result<void> renew()                       the way out of a failure: each segment that is not durable gets a fresh
//                                              file with its frames, under its name and number, synced; its records
//                                              stay where they are. Beside no other call; then rotate. On an error it
//                                              may be tried again
//   Result<void> seal()                        sync, seal, sync: at a clean close
//   LogPosition end() const, synced() const    any thread
//   Segments:
//   SegmentNumber active() const               0 where there is none
//   SegmentNumber next_number() const          what the next rotate() will take, above every number on disk
//   std::vector<SegmentNumber> segments() const  all that hold frames, in commit order
//   SegmentNumber segment_of(const LogRecord*) const
//   std::size_t used_bytes(SegmentNumber) const, capacity_bytes(SegmentNumber) const
//   void for_each(SegmentNumber, visit) const  visit(LogRecord&) for each record of its frames, in order
//   LogRecord* next(LogCursor&) const          the same in steps; null behind the last
//   void limit_segment_bytes(std::size_t)      of segments begun from now on, unless a body needs more
//   void free(SegmentNumber)                   the segment may be reused or deleted: the manifest edit that frees it is
//                                              durable and nobody can see its records
//   void limit_spare_bytes(std::size_t)        of what is free and kept for rotate(), no more than that stays
//   void remove_freed()                        removes the files of what is free and not kept, of which the two above
//                                              leave some: that takes milliseconds. Any thread. Only of logs with files
//   std::size_t memory_bytes() const           of all segments, spare ones included
//   std::size_t disk_bytes() const
//   Result<std::uint64_t> verify() const       reads and checks every frame; bytes checked
//
// Policies say with `survives_process` whether a commit outlives a killed process, and are `durable` if they have
// files. Laws: laws/log.hpp. Models: None, Mapped, Written, Buffered.
template <class L>
concept LogPolicy = Policy<L> && L::slot == Slot::log &&
                    requires(typename L::template Log<threads::One>& log, const LogContext& context,
                             const typename L::Options& options, const LogRecord* record) {
                        { L::survives_process } -> std::convertible_to<bool>;
                        { L::template Log<threads::One>::open(context, options) };
                        { log.room() } -> std::same_as<std::size_t>;
                        { log.begin(std::size_t{}) } -> std::same_as<char*>;
                        { log.commit(FrameKind::records, std::size_t{}) } -> std::same_as<Result<LogPosition>>;
                        { log.rotate(std::size_t{}) } -> std::same_as<Result<void>>;
                        { log.end_segment() } -> std::same_as<Result<void>>;
                        { log.segment_of(record) } -> std::same_as<SegmentNumber>;
                        log.free(SegmentNumber{});
                        log.limit_spare_bytes(std::size_t{});
                    };

inline bool LogState::counts(SegmentNumber number) const noexcept {
    for (const SealedSegment& segment : sealed)
        if (segment.number == number) return true;
    if (number < unlisted_from) return false;
    for (const SegmentNumber gone : freed)
        if (gone == number) return false;
    return true;
}

inline void LogScan::truncate(LogPosition position) {
    while (!segments.empty() && LogPosition{segments.back().number, segments.back().end} > position) {
        Segment& last = segments.back();
        const bool whole = last.number > position.number || position.offset <= FileHeader::bytes;
        const std::uint32_t end = whole ? static_cast<std::uint32_t>(FileHeader::bytes) : position.offset;
        bytes_cut += last.end - end;
        last.end = end;
        if (whole) segments.pop_back();
        cut = position;
        clean = false;
    }
}

} // namespace kvilt
