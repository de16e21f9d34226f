// Look-ups of several keys in one index, side by side: see core/descend.hpp.
#pragma once

#include <kvilt/core/descend.hpp>
#include <kvilt/memtable/concept.hpp>

#include <array>
#include <span>
#include <utility>

namespace kvilt::engine {

// Of an index that has no steps: find() itself, at the end.
template <class Index>
class WholeDescent {
public:
    WholeDescent() = default;
    WholeDescent(const Index& index, Bytes key) noexcept : index_(&index), key_(key) {}
    bool step() noexcept { return false; }
    LogRecord* record() const { return index_->find(key_); }

private:
    const Index* index_ = nullptr;
    Bytes key_{};
};

template <class Index>
struct DescentOf {
    using type = WholeDescent<Index>;
};
template <DescendingIndex Index>
struct DescentOf<Index> {
    using type = typename Index::Descent;
};

inline constexpr std::size_t side_by_side_max = 16;

// Brings what find(), put() and replace() of these keys will touch into the caches: side_by_side_max of them at most.
// By the writer, or in a pin.
template <class Index>
void fetch(const Index& index, std::span<const Bytes> keys) {
    if constexpr (DescendingIndex<Index>) {
        std::array<typename Index::Descent, side_by_side_max> descents;
        for (std::size_t n = 0; n < keys.size(); ++n) descents[n] = typename Index::Descent(index, keys[n]);
        descend(std::span(descents).first(keys.size()));
    }
}

// Records on their way into an index or out of it, in their order: act(record) follows when what it will touch in
// `index` has been fetched for several of them. flush() ends it.
template <class Index, class Act>
class FetchedAhead {
public:
    FetchedAhead(const Index& index, Act act) : index_(index), act_(std::move(act)) {}

    void add(LogRecord& record) {
        records_[count_++] = &record;
        if (count_ == records_.size()) flush();
    }
    void flush() {
        std::array<Bytes, side_by_side_max> keys;
        for (std::size_t n = 0; n < count_; ++n) keys[n] = records_[n]->key();
        fetch(index_, std::span<const Bytes>(keys.data(), count_));
        const std::size_t count = std::exchange(count_, 0);
        for (std::size_t n = 0; n < count; ++n) act_(*records_[n]);
    }

private:
    const Index& index_;
    Act act_;
    std::array<LogRecord*, side_by_side_max> records_;
    std::size_t count_ = 0;
};

} // namespace kvilt::engine
