// What all logs share: how large the next segment is, and which segments there are.
// docs/policies/log.md
#pragma once

#include <kvilt/log/concept.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace kvilt::log::detail {

// The largest body: a batch and room for what the engine adds to it. With its surroundings, offsets fit 32 bits.
inline constexpr std::size_t body_bytes_max = batch_bytes_max + 1_MiB;
inline constexpr std::size_t segment_bytes_least = 4_KiB;

// Capacities double from `least` to `most`, so that an empty store is small and a busy one rotates rarely.
class SegmentSizes {
public:
    SegmentSizes(std::size_t least, std::size_t most, std::size_t cap) noexcept : most_(most), next_(least) {
        limit(cap);
    }

    void limit(std::size_t cap) noexcept { cap_ = std::max(cap, segment_bytes_least); }

    // The capacity of the next segment if `needed` bytes must fit; a need beyond the greatest gets its own segment.
    std::size_t capacity(std::size_t needed) const noexcept { return round_up(std::max(wanted(), needed), 4_KiB); }
    // A segment was begun, and the one before it left with so much of its capacity in use (0 of 0: there was none).
    // What was left half empty, as a small memtable's segment is, was large enough.
    void grow(std::size_t used, std::size_t capacity) noexcept {
        if (2 * used >= capacity) next_ = std::min(most_, next_ * 2);
    }

    // Whether a free segment of that capacity would do for one to come, whose size may have changed a little.
    bool useful(std::size_t capacity) const noexcept { return capacity >= wanted() / 2 && capacity / 2 <= wanted(); }
    std::size_t wanted() const noexcept { return std::min(next_, cap_); }

    static Result<void> validate(std::size_t least, std::size_t most, const char* policy) {
        if (least < segment_bytes_least)
            return failure(Errc::invalid_option, policy, "segment_bytes_min must be at least 4 KiB");
        if (most < least)
            return failure(Errc::invalid_option, policy, "segment_bytes_max must not be below segment_bytes_min");
        if (most > 1_GiB) return failure(Errc::invalid_option, policy, "segment_bytes_max must be at most 1 GiB");
        return {};
    }

private:
    std::size_t most_;
    std::size_t next_;
    std::size_t cap_ = 0;
};

// The segments in commit order, found by number or by an address inside. A Segment has a `number` and a `span()`.
// Not thread-safe; the segments themselves stay where they are.
template <class Segment>
class SegmentTable {
public:
    // Its number is above all others.
    Segment& add(std::unique_ptr<Segment> segment) {
        by_address_.reserve(by_address_.size() + 1);
        by_number_.reserve(by_number_.size() + 1);
        const auto place = std::upper_bound(by_address_.begin(), by_address_.end(), segment->span().data(), before);
        by_address_.insert(place, segment.get());
        return *by_number_.emplace_back(std::move(segment));
    }

    std::unique_ptr<Segment> take(SegmentNumber number) {
        const std::size_t place = index_of(number);
        if (place == by_number_.size()) return nullptr;
        std::unique_ptr<Segment> taken = std::move(by_number_[place]);
        by_number_.erase(by_number_.begin() + static_cast<std::ptrdiff_t>(place));
        std::erase(by_address_, taken.get());
        return taken;
    }

    Segment* find(SegmentNumber number) const noexcept {
        const std::size_t place = index_of(number);
        return place == by_number_.size() ? nullptr : by_number_[place].get();
    }

    Segment* holding(const void* address) const noexcept {
        const auto* at = static_cast<const char*>(address);
        const auto above = std::upper_bound(by_address_.begin(), by_address_.end(), at, before);
        if (above == by_address_.begin()) return nullptr;
        Segment* segment = *(above - 1);
        return at < segment->span().data() + segment->span().size() ? segment : nullptr;
    }

    auto begin() const noexcept { return by_number_.begin(); }
    auto end() const noexcept { return by_number_.end(); }
    bool empty() const noexcept { return by_number_.empty(); }

private:
    static bool before(const char* at, const Segment* segment) noexcept {
        return std::less<const char*>{}(at, segment->span().data());
    }
    std::size_t index_of(SegmentNumber number) const noexcept {
        const auto place = std::lower_bound(
            by_number_.begin(), by_number_.end(), number,
            [](const std::unique_ptr<Segment>& segment, SegmentNumber wanted) { return segment->number < wanted; });
        if (place == by_number_.end() || (*place)->number != number) return by_number_.size();
        return static_cast<std::size_t>(place - by_number_.begin());
    }

    std::vector<std::unique_ptr<Segment>> by_number_;
    std::vector<Segment*> by_address_;
};

} // namespace kvilt::log::detail
