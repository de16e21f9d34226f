// Finding one's way in the radix tree: the bytes that nodes leave out.
#pragma once

#include <kvilt/memtable/art_node.hpp>

#include <algorithm>
#include <array>

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
// depth (the key's own length if it ends there), or the depth if they agree so far. Of a node that knows the bytes from
// there on.
template <ThreadsTag Threads>
[[gnu::always_inline]] inline std::size_t known_difference(const ArtNode<Threads>& node, Bytes key,
                                                           std::size_t from) noexcept {
    const std::size_t depth = node.depth;
    if (from == depth) return depth;
    if (key.size() >= std::max(depth, node.prefix_bytes)) {
        const auto known = depth >= node.prefix_bytes
                               ? coding::load<std::uint64_t>(key.data() + depth - node.prefix_bytes)
                               : coding::load<std::uint64_t>(key.data()) << (8 * (node.prefix_bytes - depth));
        const std::uint64_t differing = (known ^ node.prefix) >> (64 - 8 * (depth - from));
        return differing == 0 ? depth : from + static_cast<std::size_t>(std::countr_zero(differing)) / 8;
    }
    const std::size_t end = std::min(depth, key.size());
    while (from < end && byte_at(key, from) == node.prefix_byte(from)) ++from;
    return from;
}

// The same of any node.
template <ThreadsTag Threads>
std::size_t first_difference(ArtNode<Threads>& node, Bytes key, std::size_t from) noexcept {
    if (node.depth - from <= node.prefix_bytes) return known_difference(node, key, from);
    return first_difference(key, any_record(node)->key().substr(0, node.depth), from);
}

// The writer's memory of one node whose path is longer than the node knows: at the top of a tree whose keys share a
// long prefix each put would go and find a record to compare with.
template <ThreadsTag Threads>
class ArtLongPath {
public:
    // first_difference() of a node with a path of more than prefix_bytes behind `from`.
    [[gnu::noinline]] std::size_t first_difference(ArtNode<Threads>& node, Bytes key, std::size_t from) noexcept {
        const std::size_t depth = node.depth;
        if (depth > bytes_max) [[unlikely]]
            return detail::first_difference(node, key, from);
        if (node_ != &node) [[unlikely]] {
            std::memcpy(path_.data(), any_record(node)->key().data(), depth);
            node_ = &node;
        }
        return detail::first_difference(key, {path_.data(), depth}, from);
    }
    // To be called before a node goes: another may come to its place.
    void forget(const ArtNode<Threads>& node) noexcept {
        if (node_ == &node) node_ = nullptr;
    }
    void forget() noexcept { node_ = nullptr; }

private:
    static constexpr std::size_t bytes_max = 64;

    const ArtNode<Threads>* node_ = nullptr;
    std::array<char, bytes_max> path_{};
};

} // namespace kvilt::memtable::detail
