// Fixed slots, dealt to the nodes by a table: the best balance for the least movement.
// docs/policies/partition.md
#pragma once

#include <kvilt/partition/fixed_slots.hpp>
#include <kvilt/partition/slot_table.hpp>

namespace kvilt::partition {

// Q slots of the hash, for ever; the nodes of the list have joined one after the other (slot_table.hpp). So each has
// its share of slots to within one, and a node that joins at the end of the list, or leaves from there, moves exactly
// its share and nothing else. Take some hundred slots a node. A look-up is one access to a table; homes are the owners
// of the slots that follow.
// The third strategy of DeCandia et al., Dynamo, 2007; the claim of Riak.
// Provides: sharded. Needs: nothing.
template <std::size_t Q = 4096>
struct Slots {
    struct Options {
        NodeList nodes{}; // empty: 3, or as many as copies
    };

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::Slots";
    static constexpr std::string_view format = "slots";
    static constexpr Capabilities provides{Capability::sharded};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options) {
        return detail::check_slots("partition::Slots", options.nodes, Q);
    }

    class Map {
    public:
        static constexpr bool ordered = false;

        explicit Map(const Options& options, std::size_t copies = 1)
            : homes_(options.nodes, std::max<std::size_t>(copies, 3), copies), table_(Q) {
            for (const NodeSpec& node : homes_.nodes()) table_.join(node.capacity);
        }

        ShardId shard_of(Bytes key) const noexcept { return detail::slot_of<Q>(key); }
        std::size_t shards() const noexcept { return Q; }
        const NodeList& nodes() const noexcept { return homes_.nodes(); }
        NodeId owner(ShardId shard) const noexcept { return table_.owner(shard); }
        void prefer(ShardId shard, std::vector<NodeId>& order) const {
            detail::FirstSeen seen(homes_.count(), order);
            for (std::size_t n = 0; n < Q && !seen.all(); ++n) seen.add(table_.owner((shard + n) % Q));
            seen.add_rest();
            homes_.spread(order);
        }
        Epoch epoch() const noexcept { return table_.version(); }
        std::string layout() const { return "slots/" + std::to_string(Q) + "/" + detail::text_of(homes_.nodes()); }

        const SlotTable& table() const noexcept { return table_; }

    private:
        detail::Homes homes_;
        SlotTable table_;
    };
};

} // namespace kvilt::partition
