// The laws of the partition slot, for any model of it.
// docs/policies/partition.md
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/partition/concept.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::laws {

namespace detail {

// One map of a policy, beside another that was built from the same. Members return the law that is broken, or nothing.
template <PartitionPolicy P>
class PartitionTrial {
public:
    PartitionTrial(const typename P::Options& options, std::size_t copies)
        : copies_(copies), map_(options, copies), again_(options, copies) {}

    std::string check(const std::vector<std::string>& sorted_keys, std::uint64_t seed) const {
        if (std::string broken = check_shape(); !broken.empty()) return broken;
        if (std::string broken = check_keys(sorted_keys); !broken.empty()) return broken;
        return check_shards(seed);
    }

private:
    using Map = typename P::Map;

    std::string check_shape() const {
        const std::size_t nodes = map_.nodes().size();
        if (map_.shards() == 0) return "there is no shard";
        if (nodes == 0) return "there is no node";
        if (nodes < copies_) return "there are fewer nodes than copies";
        if (map_.layout() != again_.layout()) return "the layout differs for the same options";
        if (map_.epoch() != again_.epoch()) return "the epoch differs for the same options";
        if (Map::ordered && scatters<P>) return "a map that keeps order says that its scans must be merged";
        if ((Map::ordered || scatters<P>) != P::provides.has(Capability::ordered_placement))
            return "Map::ordered contradicts the capability ordered_placement";
        if (map_.shards() > 1 && !P::provides.has(Capability::sharded))
            return "there are several shards without the capability sharded";
        return {};
    }

    std::string check_keys(const std::vector<std::string>& sorted_keys) const {
        ShardId last = 0;
        for (const std::string& key : sorted_keys) {
            const ShardId shard = map_.shard_of(key);
            if (shard >= map_.shards()) return "a key is placed in a shard that does not exist";
            if (shard != map_.shard_of(std::string(key)) || shard != again_.shard_of(key))
                return "a key has two shards";
            if (Map::ordered && shard < last) return "a lower key is in a higher shard";
            last = shard;
        }
        return {};
    }

    // All of few shards; of many, random ones.
    std::string check_shards(std::uint64_t seed) const {
        constexpr std::size_t tried = 256;
        for (std::size_t n = 0; n < std::min(tried, map_.shards()); ++n) {
            const std::size_t shard = map_.shards() <= tried ? n : mix(seed, n) % (map_.shards() - 1);
            if (std::string broken = check_shard(static_cast<ShardId>(shard)); !broken.empty()) return broken;
        }
        return {};
    }

    std::string check_shard(ShardId shard) const {
        const std::size_t nodes = map_.nodes().size();
        const NodeId owner = map_.owner(shard);
        if (owner.number >= nodes) return "a shard is owned by a node that does not exist";
        if (owner != map_.owner(shard) || owner != again_.owner(shard)) return "a shard has two owners";
        if (Map::ordered && shard + 1 < map_.shards() && map_.owner(shard + 1) < owner)
            return "a lower shard is on a higher owner";

        std::vector<NodeId> order{NodeId{7}, no_node}; // of an earlier call
        map_.prefer(shard, order);
        std::vector<NodeId> other;
        again_.prefer(shard, other);
        if (order != other) return "a shard prefers two orders";
        if (order.empty() || order.front() != owner) return "the order of a shard does not begin with its owner";
        std::sort(other.begin(), other.end());
        bool permutation = other.size() == nodes;
        for (std::size_t n = 0; permutation && n < nodes; ++n) permutation = other[n].number == n;
        if (!permutation) return "the order of a shard does not name every node once";
        order.resize(copies_);
        return check_homes(order);
    }

    std::string check_homes(const std::vector<NodeId>& homes) const {
        using Rack = std::pair<std::string, std::string>;
        std::set<std::string> sites;
        std::set<Rack> racks;
        std::set<std::string> all_sites;
        std::set<Rack> all_racks;
        for (const NodeId home : homes) {
            sites.insert(map_.nodes()[home].site);
            racks.insert({map_.nodes()[home].site, map_.nodes()[home].rack});
        }
        for (const NodeSpec& node : map_.nodes()) {
            all_sites.insert(node.site);
            all_racks.insert({node.site, node.rack});
        }
        if (sites.size() < std::min(copies_, all_sites.size())) return "the homes of a shard are on too few sites";
        if (racks.size() < std::min(copies_, all_racks.size())) return "the homes of a shard are in too few racks";
        return {};
    }

    std::size_t copies_;
    Map map_;
    Map again_;
};

inline std::vector<std::string> random_keys(std::uint64_t seed) {
    std::vector<std::string> keys;
    for (std::uint64_t i = 0; i < 2000; ++i) {
        std::string key;
        const std::size_t size = mix(seed, 3 * i) % 12;
        for (std::size_t at = 0; at < size; ++at)
            key.push_back(static_cast<char>(mix(mix(seed, 3 * i + 1), at) % (i % 2 == 0 ? 256 : 3)));
        keys.push_back(std::move(key));
    }
    return keys;
}

} // namespace detail

// Empty if the laws hold for these options, with one copy and with as many more, up to three, as there are nodes for;
// otherwise a sentence with the law that is broken and the seed.
// `keys` are tried beside random ones: give those near your borders.
template <PartitionPolicy P>
std::string check_partition(const typename P::Options& options = {}, std::uint64_t seed = 1,
                            std::vector<std::string> keys = {}) {
    const auto says = [seed](const std::string& law) { return law + " (seed " + std::to_string(seed) + ")"; };
    if (!P::validate(options)) return says("validate refuses the options");
    keys.emplace_back();
    for (std::string& key : detail::random_keys(seed)) keys.push_back(std::move(key));
    std::sort(keys.begin(), keys.end());
    for (std::size_t copies = 1; copies <= 3; ++copies) {
        if (copies > 1 && !check_nodes<P>(options, copies)) break;
        const std::string broken = detail::PartitionTrial<P>(options, copies).check(keys, seed);
        if (!broken.empty()) return says(broken);
    }
    return {};
}

} // namespace kvilt::laws
