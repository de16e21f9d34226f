// A fixed number of shards, chosen by the key's hash: spreads any keys evenly and keeps no order among shards.
// docs/policies/partition.md
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/partition/concept.hpp>
#include <kvilt/partition/deal.hpp>
#include <kvilt/partition/homes.hpp>
#include <kvilt/partition/node_list.hpp>

namespace kvilt::partition {

// The number of shards is part of the store: opening it with another is refused, for nearly every key would move.
// Provides: sharded. Needs: nothing.
struct HashMod {
    struct Options {
        std::size_t shards = 4; // 1 to shards_max
        NodeList nodes{};       // the shards take turns on them; empty: one for each shard, or for each copy
    };
    static constexpr std::size_t shards_max = 4096; // each may be an engine with its own log and index

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::HashMod";
    static constexpr std::string_view format = "hash_mod";
    static constexpr Capabilities provides{Capability::sharded};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options) {
        if (options.shards < 1 || options.shards > shards_max)
            return failure(Errc::invalid_option, "partition::HashMod",
                           "shards is " + std::to_string(options.shards) + ", but must be 1 to " +
                               std::to_string(shards_max));
        return detail::check_node_list("partition::HashMod", options.nodes);
    }

    class Map {
    public:
        static constexpr bool ordered = false;

        explicit Map(const Options& options, std::size_t copies = 1)
            : shards_(options.shards), homes_(options.nodes, std::max(options.shards, copies), copies),
              owners_(detail::deal_in_turn(homes_.nodes(), shards_)),
              nodes_text_(detail::text_unless(homes_.nodes(), std::max(options.shards, copies))) {}

        // Mixed once more: indexes and filters inside a shard use bits of the same hash, which must stay free there.
        ShardId shard_of(Bytes key) const noexcept { return static_cast<ShardId>(mix(hash_key(key)) % shards_); }
        std::size_t shards() const noexcept { return shards_; }
        const NodeList& nodes() const noexcept { return homes_.nodes(); }
        NodeId owner(ShardId shard) const noexcept { return owners_[shard]; }
        void prefer(ShardId shard, std::vector<NodeId>& order) const { homes_.in_turn(owners_[shard], order); }
        Epoch epoch() const noexcept { return 1; }
        std::string layout() const {
            return "hash_mod/" + std::to_string(shards_) + (nodes_text_.empty() ? "" : "/") + nodes_text_;
        }

    private:
        std::size_t shards_;
        detail::Homes homes_;
        std::vector<NodeId> owners_;
        std::string nodes_text_;
    };
};

} // namespace kvilt::partition
