// Consistent hashing: each node has points on a ring of hashes, and a key belongs to the next point.
// docs/policies/partition.md
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/partition/concept.hpp>
#include <kvilt/partition/homes.hpp>
#include <kvilt/partition/node_list.hpp>

#include <bit>
#include <cmath>
#include <utility>

namespace kvilt::partition {

namespace detail {

// Points on the ring of 64-bit hashes, each with the node that it is of, in order.
class RingPoints {
public:
    // The points of a node depend on its number and capacity alone: they stay where they are when others come and go.
    RingPoints(const NodeList& nodes, std::size_t virtual_nodes) {
        std::vector<std::pair<std::uint64_t, std::uint16_t>> points;
        std::uint16_t number = 0;
        for (const NodeSpec& node : nodes) {
            const auto count = static_cast<std::uint64_t>(count_of(node, virtual_nodes));
            for (std::uint64_t n = 0; n < count; ++n) points.emplace_back(mix(mix(number), n), number);
            ++number;
        }
        std::sort(points.begin(), points.end());
        for (const auto& [at, node] : points) {
            at_.push_back(at);
            node_.push_back(node);
        }
        at_.push_back(~std::uint64_t{0}); // ends every search
        bucket_shift_ = 64 - std::max<unsigned>(1, static_cast<unsigned>(std::bit_width(points.size())));
        std::uint32_t point = 0;
        for (std::uint64_t bucket = 0; bucket < std::uint64_t{1} << (64 - bucket_shift_); ++bucket) {
            while (point < points.size() && at_[point] >> bucket_shift_ < bucket) ++point;
            first_.push_back(point);
        }
    }

    static double count_of(const NodeSpec& node, std::size_t virtual_nodes) {
        return std::round(static_cast<double>(virtual_nodes) * node.capacity);
    }

    std::size_t size() const noexcept { return node_.size(); }
    NodeId node(std::size_t point) const noexcept { return NodeId{node_[point]}; }

    // The first at or behind `hash`. Buckets by the top bits hold less than one point on average.
    std::size_t find(std::uint64_t hash) const noexcept {
        std::size_t point = first_[hash >> bucket_shift_];
        while (at_[point] < hash) ++point;
        return point == size() ? 0 : point;
    }

private:
    std::vector<std::uint64_t> at_{};
    std::vector<std::uint16_t> node_{};
    std::vector<std::uint32_t> first_{}; // point of each bucket, or of a later one
    unsigned bucket_shift_ = 0;
};

} // namespace detail

// A node has VirtualNodes points for each unit of capacity, rounded. A node that joins at the end of the list, or
// leaves from there, or changes its capacity, moves keys to or from itself alone; a capacity of less than half a point
// drains it. Loads spread as 1 / sqrt(points): docs/partitioning.md has the figures.
// A look-up takes one bucket and about one point, whatever the number of nodes; a list of homes walks the ring until
// it has met every node.
// Karger et al., Consistent hashing and random trees, 1997; DeCandia et al., Dynamo, 2007.
// Provides: sharded. Needs: nothing.
template <std::size_t VirtualNodes = 128>
struct Ring {
    static_assert(VirtualNodes >= 1, "kvilt: a node of a ring needs a point: take partition::Ring<128>.");

    struct Options {
        NodeList nodes{}; // empty: 3, or as many as copies
    };
    static constexpr std::size_t points_max = std::size_t{1} << 22; // of all nodes: some 60 MiB

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::Ring";
    static constexpr std::string_view format = "ring";
    static constexpr Capabilities provides{Capability::sharded};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options) {
        KVILT_TRY(detail::check_node_list("partition::Ring", options.nodes));
        if (options.nodes.empty()) return {};
        double points = 0;
        for (const NodeSpec& node : options.nodes) points += detail::RingPoints::count_of(node, VirtualNodes);
        if (points >= 1 && points <= static_cast<double>(points_max)) return {};
        return failure(Errc::invalid_option, "partition::Ring",
                       "the capacities make " + detail::text_of(points) + " points, but must make 1 to " +
                           std::to_string(points_max) + ": state them relative to a usual node of capacity 1");
    }

    class Map {
    public:
        static constexpr bool ordered = false;

        explicit Map(const Options& options, std::size_t copies = 1)
            : homes_(options.nodes, std::max<std::size_t>(copies, 3), copies), points_(homes_.nodes(), VirtualNodes) {}

        // Mixed once more, as HashMod does and for its reason.
        ShardId shard_of(Bytes key) const noexcept { return static_cast<ShardId>(points_.find(mix(hash_key(key)))); }
        std::size_t shards() const noexcept { return points_.size(); }
        const NodeList& nodes() const noexcept { return homes_.nodes(); }
        NodeId owner(ShardId shard) const noexcept { return points_.node(shard); }
        void prefer(ShardId shard, std::vector<NodeId>& order) const {
            detail::FirstSeen seen(homes_.count(), order);
            for (std::size_t n = 0; n < points_.size() && !seen.all(); ++n)
                seen.add(points_.node((shard + n) % points_.size()));
            seen.add_rest();
            homes_.spread(order);
        }
        Epoch epoch() const noexcept { return 1; }
        std::string layout() const {
            return "ring/" + std::to_string(VirtualNodes) + "/" + detail::text_of(homes_.nodes());
        }

    private:
        detail::Homes homes_;
        detail::RingPoints points_;
    };
};

} // namespace kvilt::partition
