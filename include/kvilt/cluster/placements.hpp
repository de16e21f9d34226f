// Where the copies of each shard are: what a partition policy decided, worked out once.
#pragma once

#include <kvilt/partition/concept.hpp>

#include <span>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// Immutable and thread-safe.
template <PartitionPolicy Partition>
class Placements {
public:
    using Map = typename Partition::Map;

    Placements(Map map, std::size_t copies) : map_(std::move(map)), copies_(copies) {
        std::vector<NodeId> order;
        for (ShardId shard = 0; shard < map_.shards(); ++shard) {
            map_.prefer(shard, order);
            homes_.insert(homes_.end(), order.begin(), order.begin() + static_cast<std::ptrdiff_t>(copies_));
        }
    }

    const Map& map() const noexcept { return map_; }
    std::size_t nodes() const noexcept { return map_.nodes().size(); }
    std::size_t shards() const noexcept { return map_.shards(); }
    Epoch epoch() const noexcept { return map_.epoch(); }
    ShardId shard_of(Bytes key) const { return map_.shard_of(key); }

    // The nodes that hold the copies of a shard, the first choice first.
    std::span<const NodeId> homes(ShardId shard) const noexcept { return {homes_.data() + shard * copies_, copies_}; }
    bool is_home(ShardId shard, NodeId node) const noexcept {
        for (const NodeId home : homes(shard))
            if (home == node) return true;
        return false;
    }

    // The other nodes, in the order in which they stand in for a home.
    std::vector<NodeId> stand_ins(ShardId shard) const {
        std::vector<NodeId> order;
        map_.prefer(shard, order);
        order.erase(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(copies_));
        return order;
    }

    // The shards that both are homes of, ascending.
    std::vector<ShardId> common(NodeId a, NodeId b) const {
        std::vector<ShardId> shards;
        for (ShardId shard = 0; shard < map_.shards(); ++shard)
            if (is_home(shard, a) && is_home(shard, b)) shards.push_back(shard);
        return shards;
    }

private:
    Map map_;
    std::size_t copies_;
    std::vector<NodeId> homes_{}; // `copies_` for each shard
};

} // namespace kvilt::cluster
