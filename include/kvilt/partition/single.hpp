// One shard: the whole store is one engine, or one on each node that has a copy.
// docs/policies/partition.md
#pragma once

#include <kvilt/partition/concept.hpp>
#include <kvilt/partition/homes.hpp>
#include <kvilt/partition/node_list.hpp>

namespace kvilt::partition {

// The null object: no router is compiled for it.
// Provides: ordered_placement. Needs: nothing.
struct Single {
    struct Options {
        NodeList nodes{}; // empty: as many as copies
    };
    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::Single";
    static constexpr std::string_view format = "single";
    static constexpr Capabilities provides{Capability::ordered_placement};
    static constexpr Capabilities needs{};
    static Result<void> validate(const Options& options) {
        return detail::check_node_list("partition::Single", options.nodes);
    }

    class Map {
    public:
        static constexpr bool ordered = true;

        explicit Map(const Options& options, std::size_t copies = 1)
            : homes_(options.nodes, copies, copies), text_(detail::text_unless(homes_.nodes(), copies)) {}

        ShardId shard_of(Bytes) const noexcept { return 0; }
        std::size_t shards() const noexcept { return 1; }
        const NodeList& nodes() const noexcept { return homes_.nodes(); }
        NodeId owner(ShardId) const noexcept { return NodeId{0}; }
        void prefer(ShardId, std::vector<NodeId>& order) const { homes_.in_turn(NodeId{0}, order); }
        Epoch epoch() const noexcept { return 1; }
        std::string layout() const { return text_; }

    private:
        detail::Homes homes_;
        std::string text_;
    };
};

} // namespace kvilt::partition
