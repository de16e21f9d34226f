// What the bytes of a log's files mean after whatever happened: which frames count, and whether what is missing is a
// torn tail or damage. No file is touched here.
// docs/formats/log.md
#pragma once

#include <kvilt/log/concept.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace kvilt::log::detail {

// A run of frames: where they end and what they say was durable.
struct FrameRun {
    std::uint32_t end = 0; // behind the last
    LogPosition synced{};
    std::uint64_t bytes = 0;
    bool sealed = false; // the last is a seal

    void add(const Frame& frame) noexcept {
        end = static_cast<std::uint32_t>(frame.end());
        synced = std::max(synced, frame.synced);
        bytes += frame.end() - frame.position.offset;
        sealed = frame.kind == FrameKind::seal;
    }
};

// The frames from the first on, each right behind the other, as far as they are valid.
inline FrameRun frames_from_start(Bytes file, std::uint64_t identity, SegmentNumber number) noexcept {
    FrameRun run{.end = FileHeader::bytes};
    while (const auto frame = frame_at(file, identity, {number, run.end})) run.add(*frame);
    return run;
}

// A file as it was found.
struct FoundSegment {
    std::string path{};
    FileHeader header{};
    Bytes bytes{};              // the whole file; 8-byte aligned
    const File* file = nullptr; // that they are of; lives as long
};

// The valid frames of `segment` in [from, end), wherever they begin. Linear: what looks like a frame costs its length
// to check, and a budget of some times the file pays for it. Stale bytes and zeros never use it up; only bytes made for
// the purpose do, and they are then taken for what they are: no frames. Holes, which are most of a young segment, are
// passed over: to read one makes the system put zeros in memory.
inline FrameRun frames_anywhere(const FoundSegment& segment, std::uint64_t identity, SegmentNumber number,
                                std::size_t from, std::size_t end = ~std::size_t{0}) {
    constexpr std::size_t stretch_bytes = 64_KiB; // read between two looks for a hole
    const Bytes file = segment.bytes.substr(0, end);
    FrameRun run{.end = static_cast<std::uint32_t>(from)};
    std::size_t budget = 4 * file.size();
    std::size_t look = from;
    for (std::size_t at = from; at + Frame::header_bytes <= file.size();) {
        if (at >= look) {
            at = static_cast<std::size_t>(std::min<std::uint64_t>(segment.file->data_from(at), file.size())) & ~7uz;
            look = at + stretch_bytes;
            continue;
        }
        const std::size_t claimed = coding::load<std::uint32_t>(file.data() + at + 4);
        const bool plausible = coding::load<std::uint32_t>(file.data() + at) != 0 && claimed % 8 == 0 &&
                               claimed <= file.size() - at - Frame::header_bytes && claimed <= budget;
        const LogPosition position{number, static_cast<std::uint32_t>(at)};
        at += 8;
        if (!plausible || coding::load<std::uint32_t>(file.data() + position.offset + 12) > number) continue;
        budget -= claimed;
        if (const auto frame = frame_at(file, identity, position)) {
            run.add(*frame);
            at = frame->end();
        }
    }
    return run;
}

// Judges the segments that count. `found` have valid headers and ascending numbers; `headless` are files without.
class Judgement {
public:
    Judgement(std::uint64_t identity, const LogState& state, const std::vector<FoundSegment>& found,
              const std::vector<FoundSegment>& headless, const std::string& directory)
        : identity_(identity), state_(state), found_(found), headless_(headless), directory_(directory) {}

    Result<LogScan> run() {
        for (const SealedSegment& sealed : state_.sealed) KVILT_TRY(check_sealed(sealed));
        walk_unlisted();
        search_headless();
        for (const LogScan::Segment& segment : scan_.segments)
            if (!bad_ && segment.number == synced_.number && segment.end < synced_.offset)
                bad_ = {segment.number, segment.end};
        if (bad_ && synced_ > *bad_) return damage();
        std::sort(scan_.segments.begin(), scan_.segments.end(),
                  [](const LogScan::Segment& a, const LogScan::Segment& b) { return a.number < b.number; });
        scan_.clean = !bad_ && last_sealed_;
        if (bad_) {
            scan_.cut = *bad_;
            scan_.bytes_cut = lost_bytes_;
        }
        return std::move(scan_);
    }

private:
    const FoundSegment* find(SegmentNumber number) const noexcept {
        const auto place = std::lower_bound(
            found_.begin(), found_.end(), number,
            [](const FoundSegment& segment, SegmentNumber wanted) { return segment.header.number < wanted; });
        return place == found_.end() || place->header.number != number ? nullptr : &*place;
    }

    bool listed(std::uint64_t number) const noexcept {
        const auto is = [number](const SealedSegment& segment) { return segment.number == number; };
        return std::any_of(state_.sealed.begin(), state_.sealed.end(), is);
    }

    // The first number at or above `number` under which an unlisted segment is due.
    std::uint64_t due(std::uint64_t number) const noexcept {
        while (listed(number) || std::binary_search(state_.freed.begin(), state_.freed.end(), number)) ++number;
        return number;
    }

    // All of it is durable, as the manifest says: nothing may be missing.
    Result<void> check_sealed(const SealedSegment& sealed) {
        const FoundSegment* segment = find(sealed.number);
        if (segment == nullptr)
            return failure(Errc::corruption, "scan log",
                           directory_ + ": segment " + std::to_string(sealed.number) +
                               ", which the manifest lists, is in no file: it was removed or its header is damaged");
        const FrameRun run = frames_from_start(segment->bytes.substr(0, sealed.end), identity_, sealed.number);
        if (run.end != sealed.end)
            return failure(Errc::corruption, "scan log",
                           segment->path + " at offset " + std::to_string(run.end) +
                               ": no valid frame, and the manifest lists the segment as whole up to offset " +
                               std::to_string(sealed.end));
        scan_.segments.push_back({sealed.number, sealed.end});
        return {};
    }

    // In commit order, up to the first place where something is missing; behind it, everything is evidence only.
    void walk_unlisted() {
        std::uint64_t expected = due(state_.unlisted_from);
        for (const FoundSegment& segment : found_) {
            const SegmentNumber number = segment.header.number;
            if (listed(number)) continue;
            if (number != expected) mark({static_cast<SegmentNumber>(expected), 0}, segment.header.previous_end);
            const FoundSegment* next = find(number + 1);
            const FrameRun run = walk(segment, next);
            synced_ = std::max(synced_, segment.header.synced);
            if (bad_ && bad_->number != number)
                lost_bytes_ += run.bytes;
            else if (run.end > FileHeader::bytes)
                scan_.segments.push_back({number, run.end});
            last_sealed_ = run.sealed;
            expected = due(std::uint64_t{number} + 1);
        }
        past_ = static_cast<SegmentNumber>(expected);
    }

    // Walks one segment. Where it ends is known from the header of the next one; of a segment without successor the
    // end is where no more frame is, unless there are some farther on.
    FrameRun walk(const FoundSegment& segment, const FoundSegment* next) {
        const SegmentNumber number = segment.header.number;
        const bool bounded = next != nullptr;
        const std::size_t end = bounded ? next->header.previous_end : segment.bytes.size();
        const FrameRun run = frames_from_start(segment.bytes.substr(0, end), identity_, number);
        synced_ = std::max(synced_, run.synced);
        if (bounded ? run.end == next->header.previous_end : run.sealed) return run;
        const FrameRun later = frames_anywhere(segment, identity_, number, run.end, end);
        synced_ = std::max(synced_, later.synced);
        if (bounded)
            mark({number, run.end}, next->header.previous_end);
        else if (later.bytes > 0)
            mark({number, run.end}, later.end);
        return run;
    }

    // A bad place, behind which bytes up to `end` of that segment are known to have been.
    void mark(LogPosition place, std::uint32_t end) noexcept {
        const std::uint32_t begin = std::max<std::uint32_t>(place.offset, FileHeader::bytes);
        if (end > begin) lost_bytes_ += end - begin;
        if (!bad_) bad_ = place;
    }

    // A file whose header is gone may still hold frames of a segment that is missing.
    void search_headless() {
        for (const FoundSegment& segment : headless_) {
            for (const SegmentNumber number : missing()) {
                const FrameRun run = frames_anywhere(segment, identity_, number, FileHeader::bytes);
                if (run.bytes == 0) continue;
                synced_ = std::max(synced_, run.synced);
                lost_bytes_ += run.bytes;
                if (!bad_) bad_ = {number, 0};
                headers_lost_.emplace(number, segment.path);
            }
        }
    }

    // The numbers under which a segment is due and in no file, the least few; and the one behind all.
    std::vector<SegmentNumber> missing() const {
        std::vector<SegmentNumber> numbers;
        for (std::uint64_t number = due(state_.unlisted_from); number < past_ && numbers.size() < 4;
             number = due(number + 1))
            if (find(static_cast<SegmentNumber>(number)) == nullptr)
                numbers.push_back(static_cast<SegmentNumber>(number));
        numbers.push_back(past_);
        return numbers;
    }

    Result<LogScan> damage() const {
        const auto headless = headers_lost_.find(bad_->number);
        const FoundSegment* segment = find(bad_->number);
        std::string where;
        if (headless != headers_lost_.end())
            where = headless->second + " at offset 0: the header is damaged";
        else if (segment == nullptr)
            where = directory_ + ": segment " + std::to_string(bad_->number) + " is in no file";
        else
            where = segment->path + " at offset " + std::to_string(bad_->offset) + ": no valid frame";
        return failure(Errc::corruption, "scan log",
                       where + ", and everything up to offset " + std::to_string(synced_.offset) + " of segment " +
                           std::to_string(synced_.number) +
                           " had been synced: this is damage, not a torn tail; restore the directory from a copy");
    }

    const std::uint64_t identity_;
    const LogState& state_;
    const std::vector<FoundSegment>& found_;
    const std::vector<FoundSegment>& headless_;
    const std::string& directory_;

    LogScan scan_{};
    LogPosition synced_{};             // the greatest that any frame or header knows of
    std::optional<LogPosition> bad_{}; // the first place in commit order where something is missing
    std::uint64_t lost_bytes_ = 0;
    bool last_sealed_ = true; // nothing unlisted is nothing torn
    SegmentNumber past_ = 0;  // the first number behind all
    std::map<SegmentNumber, std::string> headers_lost_{};
};

} // namespace kvilt::log::detail
