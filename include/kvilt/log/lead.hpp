// How far a log stays ahead of its writer.
#pragma once

#include <kvilt/log/concept.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace kvilt::log::detail {

// Looks at the writer from time to time, and leads him by a few times what he did since. What is prepared is written,
// once more, with the next sync, which also takes it back: so the lead is an eighth at most of what no sync has had
// yet, and nothing for one who waits for the device with each write. For one thread at a time.
class Lead {
public:
    static constexpr std::size_t bytes_max = 4 << 20;

    struct Stretch {
        std::size_t begin = 0;
        std::size_t end = 0;
        bool empty() const noexcept { return begin >= end; }
    };

    // What is to be prepared now of a segment that is in use up to `at`.
    Stretch advance(LogPosition at, LogPosition synced, std::size_t capacity) noexcept {
        if (std::exchange(number_, at.number) != at.number) used_ = end_ = 0;
        if (std::exchange(synced_, synced) != synced) unsynced_ = end_ = 0;
        const std::size_t used = at.offset;
        const std::size_t done = used - std::min(used, used_);
        unsynced_ += done;
        const std::size_t lead = std::min({bytes_max, 4 * done, unsynced_ / 8});
        const Stretch next{std::max(used, end_), std::min(capacity, used + lead)};
        used_ = used;
        end_ = std::max(next.begin, next.end);
        return next;
    }

private:
    SegmentNumber number_ = 0;
    std::size_t used_ = 0; // the last time, as the next
    LogPosition synced_{};
    std::size_t unsynced_ = 0; // what was seen to be done since that was so
    std::size_t end_ = 0;      // of what is prepared
};

} // namespace kvilt::log::detail
