// The laws of the partition slot, for any model of it.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/partition/concept.hpp>

#include <algorithm>
#include <vector>

namespace kvilt::laws {

// Empty if the laws hold for these options; otherwise a sentence with the law that is broken and the seed.
// `keys` are tried beside random ones: give those near your borders.
template <PartitionPolicy P>
std::string check_partition(const typename P::Options& options = {}, std::uint64_t seed = 1,
                            std::vector<std::string> keys = {}) {
    const auto broken = [seed](const std::string& law) { return law + " (seed " + std::to_string(seed) + ")"; };
    if (!P::validate(options)) return broken("validate refuses the options");
    const typename P::Map map(options);
    const typename P::Map again(options);
    if (map.shards() == 0) return broken("there is no shard");
    if (map.layout() != again.layout()) return broken("the layout differs for the same options");
    if (P::Map::ordered != P::provides.has(Capability::ordered_placement))
        return broken("Map::ordered contradicts the capability ordered_placement");
    if (map.shards() > 1 && !P::provides.has(Capability::sharded))
        return broken("there are several shards without the capability sharded");

    keys.emplace_back();
    for (std::uint64_t i = 0; i < 2000; ++i) {
        std::string key;
        const std::size_t size = mix(seed, 3 * i) % 12;
        for (std::size_t at = 0; at < size; ++at)
            key.push_back(static_cast<char>(mix(mix(seed, 3 * i + 1), at) % (i % 2 == 0 ? 256 : 3)));
        keys.push_back(std::move(key));
    }
    std::sort(keys.begin(), keys.end());
    ShardId last = 0;
    for (const std::string& key : keys) {
        const ShardId shard = map.shard_of(key);
        if (shard >= map.shards()) return broken("a key is placed in a shard that does not exist");
        if (shard != map.shard_of(std::string(key)) || shard != again.shard_of(key))
            return broken("a key has two shards");
        if (P::Map::ordered && shard < last) return broken("a lower key is in a higher shard");
        last = shard;
    }
    return {};
}

} // namespace kvilt::laws
