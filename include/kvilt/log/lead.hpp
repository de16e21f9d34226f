// How far a log stays ahead of its writer.
#pragma once

#include <kvilt/log/concept.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace kvilt::log::detail {

// Looks at the writer from time to time, and leads him by a few times what he did since: one who waits for the device
// with each write is led by next to nothing, since what is prepared is written, once more, with the next sync. That
// also takes it back. For one thread at a time.
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
        if (at.number != number_) *this = Lead(at.number);
        if (std::exchange(synced_, synced) != synced) end_ = 0;
        const std::size_t used = at.offset;
        const std::size_t done = used - std::min(used, used_);
        const Stretch next{std::max(used, end_), std::min(capacity, used + std::min(bytes_max, 4 * done))};
        used_ = used;
        end_ = std::max(next.begin, next.end);
        return next;
    }

    Lead() = default;

private:
    explicit Lead(SegmentNumber number) noexcept : number_(number) {}

    SegmentNumber number_ = 0;
    std::size_t used_ = 0; // the last time, as the next
    LogPosition synced_{};
    std::size_t end_ = 0; // of what is prepared
};

} // namespace kvilt::log::detail
