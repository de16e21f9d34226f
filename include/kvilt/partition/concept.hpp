// The contract of the partition slot: key to placement. A decider: no I/O, no state that changes.
// docs/policies/partition.md
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/policy.hpp>

#include <string>

namespace kvilt {

using ShardId = std::uint32_t;

// A partition policy names Map, built from validated options:
//
//   explicit Map(const Options&)
//   ShardId shard_of(Bytes key) const          below shards(); the same for the same options for ever
//   std::size_t shards() const                 at least 1
//   static constexpr bool ordered              a lower key is never in a higher shard
//   std::string layout() const                 what decides placement, as text; stored, and compared at open
//
// `Single` is the null object: one shard, and no router is compiled. A Placement of several node ids per key, with
// epoch, comes with replication.
// Laws (laws/partition.hpp): total, stable, `ordered` is true of it. Models: Single, HashMod, Range.
template <class P>
concept PartitionPolicy =
    Policy<P> && P::slot == Slot::partition && std::constructible_from<typename P::Map, const typename P::Options&> &&
    requires(const typename P::Map& map, Bytes key) {
        { P::Map::ordered } -> std::convertible_to<bool>;
        { map.shard_of(key) } -> std::same_as<ShardId>;
        { map.shards() } -> std::same_as<std::size_t>;
        { map.layout() } -> std::same_as<std::string>;
    };

} // namespace kvilt
