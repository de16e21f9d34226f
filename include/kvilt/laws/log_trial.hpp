// A log under test, beside a model of what it must hold: the nth frame's content follows from a seed and n.
#pragma once

#include <kvilt/log/concept.hpp>

#include <deque>
#include <string>

namespace kvilt::laws {

// The records of frame `index`; now and then larger than the smallest segment.
class LogContent {
public:
    explicit LogContent(std::uint64_t seed) noexcept : seed_(seed) {}

    std::size_t records(std::uint64_t index) const noexcept { return 1 + draw(index, 0) % 3; }

    Record record(std::uint64_t index, std::size_t nth, std::string& bytes) const {
        const std::uint64_t shape = draw(index, 10 + nth);
        const std::size_t value_bytes = shape % 50 == 0 ? 6000 : shape % 200;
        bytes.assign("key " + std::to_string(index) + "/" + std::to_string(nth));
        const std::size_t key_bytes = bytes.size();
        for (std::size_t at = 0; at < value_bytes; ++at) bytes.push_back(static_cast<char>(mix(shape, at)));
        const Bytes all = bytes;
        return {.key = all.substr(0, key_bytes),
                .sequence = 4 * index + nth + 1,
                .cell = {.kind = shape % 7 == 0 ? Kind::tombstone : Kind::put, .value = all.substr(key_bytes)}};
    }

    std::size_t body_bytes(std::uint64_t index) const {
        std::size_t sum = 0;
        std::string bytes;
        for (std::size_t nth = 0; nth < records(index); ++nth) sum += LogRecord::bytes_for(record(index, nth, bytes));
        return sum;
    }

    void write(std::uint64_t index, char* at) const {
        std::string bytes;
        for (std::size_t nth = 0; nth < records(index); ++nth)
            at += LogRecord::write(at, record(index, nth, bytes))->bytes();
    }

    // Whether `found` is the nth record of frame `index`.
    bool equals(std::uint64_t index, std::size_t nth, const LogRecord& found) const {
        std::string bytes;
        const Record wanted = record(index, nth, bytes);
        return found.key() == wanted.key && found.sequence() == wanted.sequence && found.stamp().empty() &&
               found.kind() == wanted.cell.kind && found.value() == wanted.cell.value;
    }

private:
    std::uint64_t draw(std::uint64_t index, std::uint64_t what) const noexcept { return mix(mix(seed_, index), what); }

    std::uint64_t seed_;
};

// What a log holds by right. Copied to judge a world that lost its power.
struct LogModel {
    struct Segment {
        SegmentNumber number;
        std::uint64_t first; // frame in it
    };
    LogState state{};               // what the manifest says; its edits are durable at once
    std::deque<Segment> segments{}; // that have frames, in commit order
    std::uint64_t first = 0;        // the frames before were freed
    std::uint64_t committed = 0;    // frames whose commit succeeded
    std::uint64_t begun = 0;        // frames whose commit was called
    std::uint64_t synced = 0;       // frames that survive power loss
};

// Drives a log and its model. Members return an empty string, or the sentence of the law that is broken; what a call
// of the log returned as an error is in `error`.
template <LogPolicy L, ThreadsTag Threads = threads::One>
class LogTrial {
public:
    using Log = typename L::template Log<Threads>;

    LogTrial(LogContext context, typename L::Options options, std::uint64_t seed)
        : context_(std::move(context)), options_(options), content_(seed), seed_(seed) {}

    LogModel model{};
    std::optional<Error> error{};
    LogScan scan{};

    Log& log() noexcept { return *log_; }
    void close() noexcept { log_.reset(); }
    const LogContent& content() const noexcept { return content_; }

    // Opens, scans, replays and settles. Frames of [first, n) must come back with `least` <= n <= `most`.
    std::string recover(std::uint64_t least, std::uint64_t most) {
        log_.reset();
        auto opened = L::template Log<Threads>::open(context_, options_);
        if (!opened) return fails("open", std::move(opened).error());
        log_ = std::move(*opened);
        auto scanned = log_->scan(model.state);
        if (!scanned) return fails("scan", std::move(scanned).error());
        scan = std::move(*scanned);
        std::uint64_t index = model.first;
        if (std::string broken = replay(index); !broken.empty()) return broken;
        if (index < least)
            return says("recovery lost frame " + std::to_string(index) + ", and " + std::to_string(least) +
                        " frames must survive");
        if (index > most) return says("recovery found frames that were never committed");
        model.committed = model.begun = index;
        return context_.read_only ? std::string{} : settle();
    }

    // Recovery of what must survive power loss, as a prefix.
    std::string recover() { return recover(std::max(model.first, model.synced), model.begun); }

    bool append() {
        const std::size_t body_bytes = content_.body_bytes(model.committed);
        if (log_->room() < body_bytes && !rotate(body_bytes)) return false;
        content_.write(model.committed, log_->begin(body_bytes));
        model.begun = model.committed + 1;
        if (model.segments.empty() || model.segments.back().number != log_->active())
            model.segments.push_back({log_->active(), model.committed});
        if (!kept(log_->commit(FrameKind::records, body_bytes))) return false;
        ++model.committed;
        return true;
    }

    bool rotate(std::size_t body_bytes = 1) { return kept(log_->rotate(body_bytes)); }

    bool end_segment() { return kept(log_->end_segment()); }

    bool sync() {
        const std::uint64_t covers = model.committed;
        if (!kept(log_->sync())) return false;
        model.synced = std::max(model.synced, covers);
        return true;
    }

    // Of a log that can.
    void stay_ahead(bool may_grow = true) {
        if constexpr (requires { log_->stay_ahead(may_grow); }) log_->stay_ahead(may_grow);
    }

    void remove_freed() {
        if constexpr (requires { log_->remove_freed(); }) log_->remove_freed();
    }

    bool seal() {
        if (!kept(log_->seal())) return false;
        model.synced = model.committed;
        return true;
    }

    // The oldest segment, unless it is the active one.
    void free_oldest() {
        if (model.segments.size() < 2) return;
        const SegmentNumber number = model.segments.front().number;
        model.segments.pop_front();
        model.first = model.segments.front().first;
        const auto is = [number](const SealedSegment& segment) { return segment.number == number; };
        if (std::erase_if(model.state.sealed, is) == 0) model.state.freed.push_back(number);
        log_->free(number);
    }

    // That every frame by the model is where the log says.
    std::string check_segments() const {
        std::uint64_t index = model.first;
        std::vector<SegmentNumber> numbers;
        for (std::size_t at = 0; at < model.segments.size(); ++at) {
            const SegmentNumber number = model.segments[at].number;
            const std::uint64_t end = at + 1 < model.segments.size() ? model.segments[at + 1].first : model.committed;
            if (index < end) numbers.push_back(number);
            if (std::string broken = check_segment(number, index, end); !broken.empty()) return broken;
        }
        std::vector<SegmentNumber> found = log_->segments();
        std::erase_if(found, [this](SegmentNumber number) { // one may hold a seal alone
            bool empty = true;
            log_->for_each(number, [&empty](LogRecord&) { empty = false; });
            return empty;
        });
        if (found != numbers) return says("segments() are not those that hold frames");
        return {};
    }

    std::string says(const std::string& law) const { return law + " (seed " + std::to_string(seed_) + ")"; }

private:
    std::string replay(std::uint64_t& index) {
        model.segments.clear();
        std::string broken;
        auto replayed = log_->replay(scan, [&](const Frame& frame) -> Result<void> {
            if (frame.kind == FrameKind::seal || !broken.empty()) return {};
            if (model.segments.empty() || model.segments.back().number != frame.position.number)
                model.segments.push_back({frame.position.number, index});
            std::size_t nth = 0;
            frame.for_each([&](LogRecord& record) {
                if (!content_.equals(index, nth++, record))
                    broken = says("replay gives another record in place of frame " + std::to_string(index));
            });
            if (nth != content_.records(index)) broken = says("a frame came back in part");
            ++index;
            return {};
        });
        if (!replayed) return fails("replay", std::move(replayed).error());
        return broken;
    }

    std::string settle() {
        auto sealed = log_->settle(scan);
        if (!sealed) return fails("settle", std::move(sealed).error());
        model.state = {.sealed = std::move(*sealed), .unlisted_from = log_->next_number()};
        model.synced = model.committed;
        if (log_->synced() != log_->end()) return says("after settle not everything counts as synced");
        return {};
    }

    std::string check_segment(SegmentNumber number, std::uint64_t& index, std::uint64_t end) const {
        std::size_t nth = 0;
        std::string broken;
        log_->for_each(number, [&](LogRecord& record) {
            if (!content_.equals(index, nth, record)) broken = says("for_each gives another record");
            if (log_->segment_of(&record) != number) broken = says("segment_of names another segment");
            if (++nth == content_.records(index)) {
                nth = 0;
                ++index;
            }
        });
        if (broken.empty() && (index != end || nth != 0)) return says("for_each does not give all records");
        if (broken.empty() && log_->used_bytes(number) > log_->capacity_bytes(number))
            return says("a segment uses more than it has");
        return broken;
    }

    template <class T>
    bool kept(Result<T> result) {
        if (!result) error = std::move(result).error();
        return result.has_value();
    }

    std::string fails(const char* what, Error its) {
        error = std::move(its);
        return says(std::string(what) + " fails: " + error->message());
    }

    LogContext context_;
    typename L::Options options_;
    LogContent content_;
    std::uint64_t seed_;
    std::unique_ptr<Log> log_{};
};

} // namespace kvilt::laws
