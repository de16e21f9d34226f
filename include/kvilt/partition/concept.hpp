// The contract of the partition slot: key to placement. A decider: no I/O, no state that changes.
// docs/policies/partition.md
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/node.hpp>
#include <kvilt/core/policy.hpp>

#include <string>
#include <vector>

namespace kvilt {

// A partition policy names Map, built from validated options and the number of copies that replication asks for. It
// goes in two steps, so that the first is all that a key costs: from key to shard, and from shard to nodes.
//
//   explicit Map(const Options&, std::size_t copies = 1)
//   ShardId shard_of(Bytes key) const          below shards(); the same for the same options for ever
//   std::size_t shards() const                 at least 1
//   const NodeList& nodes() const              at least `copies`, and at least 1
//   NodeId owner(ShardId) const                where its only copy, or its first one, is
//   void prefer(ShardId, std::vector<NodeId>& order) const
//                                              every node once, the owner first: the first `copies` are the homes of
//                                              the shard, on as many sites and then racks as there are; behind them
//                                              those that stand in, in the order in which they do
//   Epoch epoch() const                        of this placement
//   static constexpr bool ordered              a lower key is never in a higher shard, nor a lower shard on a higher
//                                              owner
//   std::string layout() const                 what decides placement, as text; stored, and compared at open
//
// `Single` is the null object: one shard, and no router is compiled. A policy whose map keeps no order may state
// `static constexpr bool scattered = true` and provide ordered_placement: a scan then merges those of all nodes.
// Laws (laws/partition.hpp): total, stable; `prefer` is a permutation that begins with `owner` and spreads homes;
// `ordered` is true of it. Models: Single, HashMod, Range, Ring, Slots, Rendezvous, Jump, RedisSlots, ScatterGather.
template <class P>
concept PartitionPolicy =
    Policy<P> && P::slot == Slot::partition && std::constructible_from<typename P::Map, const typename P::Options&> &&
    std::constructible_from<typename P::Map, const typename P::Options&, std::size_t> &&
    requires(const typename P::Map& map, Bytes key, ShardId shard, std::vector<NodeId>& order) {
        { P::Map::ordered } -> std::convertible_to<bool>;
        { map.shard_of(key) } -> std::same_as<ShardId>;
        { map.shards() } -> std::same_as<std::size_t>;
        { map.nodes() } -> std::same_as<const NodeList&>;
        { map.owner(shard) } -> std::same_as<NodeId>;
        map.prefer(shard, order);
        { map.epoch() } -> std::same_as<Epoch>;
        { map.layout() } -> std::same_as<std::string>;
    };

// The nodes that hold keys side by side have no order among them, and scans are wanted all the same.
template <class P>
inline constexpr bool scatters = requires { requires P::scattered; };

// Whether there are as many nodes as copies, which P::validate cannot know: for the validation of a composition.
template <PartitionPolicy P>
Result<void> check_nodes(const typename P::Options& options, std::size_t copies) {
    const auto refuse = [](const std::string& why) {
        return failure(Errc::invalid_option, "open", std::string(P::name) + ": " + why);
    };
    std::size_t count = 0;
    if constexpr (requires { options.nodes.size(); }) {
        if (options.nodes.empty()) return {};
        count = options.nodes.size();
        if constexpr (!P::provides.has(Capability::sharded))
            if (copies == 1 && (count > 1 || !(*options.nodes.begin()).directory.empty()))
                return refuse("one shard without copies is one engine in the directory of the store: leave .nodes "
                              "out, or choose a partition with several shards, or a replication policy");
    } else {
        count = typename P::Map(options, copies).nodes().size();
    }
    if (count >= copies) return {};
    return refuse(std::to_string(copies) + " copies of each key need as many nodes, but there are " +
                  std::to_string(count) + ": add nodes, or leave .nodes out");
}

} // namespace kvilt
