// Several look-ups that wait for memory together and not one after the other.
#pragma once

#include <kvilt/memtable/concept.hpp>

#include <span>

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

// Afterwards record() of each reads from the caches.
template <class Descent>
void descend(std::span<Descent> descents) noexcept {
    for (bool more = true; more;) {
        more = false;
        for (Descent& descent : descents) more |= descent.step();
    }
}

} // namespace kvilt::engine
