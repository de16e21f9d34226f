// Jump consistent hashing: numbered nodes of one size, without a table of points.
// docs/policies/partition.md
#pragma once

#include <kvilt/partition/fixed_slots.hpp>

namespace kvilt::partition {

namespace detail {

// The number below `count` for a hash. With one more, 1 / (count + 1) of all hashes go to the new number.
inline std::uint32_t jump(std::uint64_t hash, std::uint32_t count) noexcept {
    std::int64_t last = 0;
    std::int64_t next = 0;
    while (next < static_cast<std::int64_t>(count)) {
        last = next;
        hash = hash * 2862933555777941757ULL + 1;
        next = static_cast<std::int64_t>(static_cast<double>(last + 1) *
                                         (2147483648.0 / static_cast<double>((hash >> 33) + 1)));
    }
    return static_cast<std::uint32_t>(last);
}

} // namespace detail

// Owners are computed for Q fixed slots when the map is built; a key then costs one access to a table. Nodes have one
// capacity, and only the last can leave: it and one that joins behind it move slots to or from themselves alone.
// Homes behind the owner are further jumps, each with a hash of its own.
// Lamping and Veach, A fast, minimal memory, consistent hash algorithm, 2014.
// Provides: sharded. Needs: nothing.
template <std::size_t Q = 16384>
struct Jump {
    struct Options {
        NodeList nodes{}; // of one capacity; empty: 3, or as many as copies
    };

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::Jump";
    static constexpr std::string_view format = "jump";
    static constexpr Capabilities provides{Capability::sharded};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options) {
        KVILT_TRY(detail::check_slots("partition::Jump", options.nodes, Q));
        for (const NodeSpec& node : options.nodes)
            if (node.capacity != (*options.nodes.begin()).capacity)
                return failure(Errc::invalid_option, "partition::Jump",
                               "the nodes differ in capacity, which jumps cannot follow: give all the same, or choose "
                               "partition::Ring, Slots or Rendezvous");
        return {};
    }

    class Map {
    public:
        static constexpr bool ordered = false;

        explicit Map(const Options& options, std::size_t copies = 1)
            : homes_(options.nodes, std::max<std::size_t>(copies, 3), copies), jumps_(4 * copies + 8),
              owners_(detail::owners_of_slots(Q, [this](ShardId at) { return jump(at, 0); })) {}

        ShardId shard_of(Bytes key) const noexcept { return detail::slot_of<Q>(key); }
        std::size_t shards() const noexcept { return Q; }
        const NodeList& nodes() const noexcept { return homes_.nodes(); }
        NodeId owner(ShardId shard) const noexcept { return NodeId{owners_[shard]}; }

        // After so many jumps that the homes are nearly sure to be among them, the rest by number.
        void prefer(ShardId shard, std::vector<NodeId>& order) const {
            detail::FirstSeen seen(homes_.count(), order);
            for (std::uint64_t n = 0; n < jumps_ && !seen.all(); ++n) seen.add(jump(shard, n));
            seen.add_rest(order.back());
            homes_.spread(order);
        }
        Epoch epoch() const noexcept { return 1; }
        std::string layout() const { return "jump/" + std::to_string(Q) + "/" + detail::text_of(homes_.nodes()); }

    private:
        NodeId jump(ShardId shard, std::uint64_t n) const noexcept {
            return NodeId{detail::jump(mix(mix(shard), n), static_cast<std::uint32_t>(homes_.count()))};
        }

        detail::Homes homes_;
        std::uint64_t jumps_;
        std::vector<std::uint16_t> owners_;
    };
};

} // namespace kvilt::partition
