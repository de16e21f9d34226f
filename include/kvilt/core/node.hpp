// Nodes by number, what a user says of each, and the order in which they hold the keys of a shard.
#pragma once

#include <kvilt/core/bytes.hpp>

#include <algorithm>
#include <compare>
#include <concepts>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

namespace kvilt {

// The place of a node in the list that the store was opened with, from 0.
struct NodeId {
    std::uint32_t number = 0;
    friend auto operator<=>(const NodeId&, const NodeId&) = default;
};
inline constexpr NodeId no_node{~std::uint32_t{0}};

// A set of keys that are always on the same nodes: the unit of placement and of repair. A span of keys, a slot, or a
// stretch of the ring.
using ShardId = std::uint32_t;

// The number of a placement: it grows whenever a shard may change its nodes. Every message between nodes carries it.
using Epoch = std::uint64_t;

// `directory` may be on a disk of its own; it stays with the node's place in the list. Empty: one below that of the
// store, by number. A node holds keys in proportion to `capacity`. Copies of a key go to different sites, then to
// different racks, as far as there are such; a rack is one of its site.
struct NodeSpec {
    std::string directory{};
    double capacity = 1;
    std::string rack{};
    std::string site{};
};

inline constexpr std::size_t nodes_max = 4096; // each is an engine with its own log and index

// `.nodes = 5`, or `.nodes = {{.directory = "/disk1/a", .capacity = 2}, {.directory = "/disk2/b"}}`; empty: the
// partition policy decides how many.
class NodeList {
public:
    NodeList() = default;
    // A count that no policy takes, or a negative one, becomes nodes_max + 1, which each refuses.
    template <std::integral Count>
    NodeList(Count count) : specs_(std::min(static_cast<std::size_t>(count), nodes_max + 1)) {}
    NodeList(std::initializer_list<NodeSpec> specs) : specs_(specs) {}
    explicit NodeList(std::vector<NodeSpec> specs) : specs_(std::move(specs)) {}

    std::size_t size() const noexcept { return specs_.size(); }
    bool empty() const noexcept { return specs_.empty(); }
    const NodeSpec& operator[](NodeId node) const noexcept { return specs_[node.number]; }
    auto begin() const noexcept { return specs_.begin(); }
    auto end() const noexcept { return specs_.end(); }

private:
    std::vector<NodeSpec> specs_;
};

} // namespace kvilt
