// The shards of a ring by their homes: those with the same list of homes have one leader.
#pragma once

#include <kvilt/cluster/placements.hpp>

#include <map>
#include <span>
#include <utility>
#include <vector>

namespace kvilt::cluster {

using GroupId = std::uint32_t;

// Numbered by their first shards, ascending: the same for the same placement. Immutable and thread-safe.
template <PartitionPolicy Partition>
class GroupedPlacements : public Placements<Partition> {
public:
    using Base = Placements<Partition>;

    GroupedPlacements(typename Partition::Map map, std::size_t copies) : Base(std::move(map), copies) {
        std::map<std::vector<NodeId>, GroupId> known;
        for (ShardId shard = 0; shard < this->shards(); ++shard) {
            const auto homes = this->homes(shard);
            const auto next = static_cast<GroupId>(members_.size());
            const auto [at, fresh] = known.try_emplace(std::vector<NodeId>(homes.begin(), homes.end()), next);
            if (fresh) members_.emplace_back();
            members_[at->second].push_back(shard);
            group_of_.push_back(at->second);
        }
    }

    std::size_t groups() const noexcept { return members_.size(); }
    GroupId group_of(ShardId shard) const noexcept { return group_of_[shard]; }
    std::span<const ShardId> shards_of(GroupId group) const noexcept { return members_[group]; } // ascending
    // Any message about the group names it.
    ShardId first_shard(GroupId group) const noexcept { return members_[group].front(); }
    std::span<const NodeId> homes_of(GroupId group) const noexcept { return this->homes(first_shard(group)); }

private:
    std::vector<GroupId> group_of_{};
    std::vector<std::vector<ShardId>> members_{};
};

} // namespace kvilt::cluster
