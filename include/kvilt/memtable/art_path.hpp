// Finding one's way in the radix tree: the bytes that nodes leave out.
#pragma once

#include <kvilt/memtable/art_node.hpp>

#include <algorithm>

namespace kvilt::memtable::detail {

// Where two keys that are equal up to `from` first differ; the shorter's length if one is a prefix of the other.
inline std::size_t first_difference(Bytes a, Bytes b, std::size_t from) noexcept {
    const std::size_t end = std::min(a.size(), b.size());
    for (; from + 8 <= end; from += 8) {
        const auto differing =
            coding::load<std::uint64_t>(a.data() + from) ^ coding::load<std::uint64_t>(b.data() + from);
        if (differing != 0) return from + static_cast<std::size_t>(std::countr_zero(differing)) / 8;
    }
    while (from < end && a[from] == b[from]) ++from;
    return from;
}

inline std::uint8_t byte_at(Bytes key, std::size_t position) noexcept {
    return static_cast<std::uint8_t>(key[position]);
}

template <ThreadsTag Threads>
ArtRef<Threads> child_of(ArtNode<Threads>& node, std::uint8_t byte) noexcept {
    const auto* const slot = visit_node(node, [byte](auto& known) { return known.find(byte); });
    return slot == nullptr ? ArtRef<Threads>{} : slot->load(std::memory_order_acquire);
}

// Some record below `node`, the same one again while little changes, so that it stays in the cache. A reader may have
// to look twice where the writer erases ahead of him; there always is one.
template <ThreadsTag Threads>
const LogRecord* any_record(ArtNode<Threads>& top) noexcept {
    using Ref = ArtRef<Threads>;
    Ref at(&top);
    while (at.is_node()) {
        ArtNode<Threads>& node = *at.node();
        Ref found = node.terminator.load(std::memory_order_acquire);
        while (found.empty())
            visit_node(node, [&found](auto& known) {
                return known.any([&found](std::uint8_t, Ref child) {
                    found = child;
                    return !child.empty();
                });
            });
        at = found;
    }
    return at.record();
}

// The byte that all keys below `node` have at `position`, which is less than its depth.
template <ThreadsTag Threads>
std::uint8_t shared_byte(ArtNode<Threads>& node, std::size_t position) noexcept {
    if (node.depth - position <= node.prefix_bytes) return node.prefix_byte(position);
    return byte_at(any_record(node)->key(), position);
}

// Where `key` leaves the keys below `node`, given that it is equal to them up to `from`: a position below the node's
// depth (the key's own length if it ends there), or the depth if they agree so far.
template <ThreadsTag Threads>
std::size_t first_difference(ArtNode<Threads>& node, Bytes key, std::size_t from) noexcept {
    const std::size_t depth = node.depth;
    if (from == depth) return depth;
    const std::size_t skipped = depth - from;
    if (skipped > node.prefix_bytes) return first_difference(key, any_record(node)->key().substr(0, depth), from);
    if (key.size() >= std::max(depth, node.prefix_bytes)) {
        const auto known = depth >= node.prefix_bytes
                               ? coding::load<std::uint64_t>(key.data() + depth - node.prefix_bytes)
                               : coding::load<std::uint64_t>(key.data()) << (8 * (node.prefix_bytes - depth));
        const std::uint64_t differing = (known ^ node.prefix) >> (64 - 8 * skipped);
        return differing == 0 ? depth : from + static_cast<std::size_t>(std::countr_zero(differing)) / 8;
    }
    const std::size_t end = std::min(depth, key.size());
    while (from < end && byte_at(key, from) == node.prefix_byte(from)) ++from;
    return from;
}

} // namespace kvilt::memtable::detail
