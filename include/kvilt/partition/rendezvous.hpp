// Rendezvous hashing: every node draws a lot for every slot, and the best lot has it.
// docs/policies/partition.md
#pragma once

#include <kvilt/partition/fixed_slots.hpp>

#include <bit>
#include <utility>

namespace kvilt::partition {

namespace detail {

// -log2(u) in units of 2^-32, for u = (x or 1) / 2^64: bit by bit in integers, so that it is the same everywhere.
inline std::uint64_t minus_log2(std::uint64_t x) noexcept {
    __extension__ using Wide = unsigned __int128;
    constexpr unsigned bits = 32;
    x |= 1;
    const auto zeros = static_cast<unsigned>(std::countl_zero(x));
    std::uint64_t mantissa = x << zeros; // in units of 2^-63: from 1 to below 2
    std::uint64_t fraction = 0;
    for (unsigned bit = 0; bit < bits; ++bit) {
        const auto square = static_cast<std::uint64_t>((Wide{mantissa} * mantissa) >> 64); // in units of 2^-62
        const bool two = square >> 63 != 0;
        mantissa = two ? square : square << 1;
        fraction = fraction << 1 | (two ? 1 : 0);
    }
    return (std::uint64_t{zeros + 1} << bits) - fraction;
}

// What a node draws for a slot: of two the greater wins, the lower number between equals.
class Lots {
public:
    explicit Lots(const NodeList& nodes) {
        for (const NodeSpec& node : nodes) {
            capacities_.push_back(node.capacity);
            weighted_ = weighted_ || node.capacity != capacities_.front();
        }
    }

    // -w / log u: the chance of the greatest is in proportion to w. Among equal weights the draw decides the same
    // alone.
    std::pair<double, std::uint64_t> draw(ShardId slot, std::uint32_t node) const noexcept {
        const std::uint64_t draw = mix(mix(slot), node);
        return {weighted_ ? capacities_[node] / static_cast<double>(minus_log2(draw)) : 0, draw};
    }

    // A node whose lot is lower and whose capacity is not higher needs no logarithm to lose.
    NodeId best(ShardId slot) const noexcept {
        std::uint32_t best = 0;
        auto most = draw(slot, 0);
        for (std::uint32_t node = 1; node < capacities_.size(); ++node) {
            if (capacities_[node] <= capacities_[best] && mix(mix(slot), node) <= most.second) continue;
            if (const auto drawn = draw(slot, node); drawn > most) {
                best = node;
                most = drawn;
            }
        }
        return NodeId{best};
    }

    void sort(ShardId slot, std::vector<NodeId>& order) const {
        std::vector<std::pair<std::pair<double, std::uint64_t>, NodeId>> lots;
        for (std::uint32_t node = 0; node < capacities_.size(); ++node)
            lots.emplace_back(draw(slot, node), NodeId{node});
        std::sort(lots.begin(), lots.end(), [](const auto& a, const auto& b) {
            return a.first != b.first ? a.first > b.first : a.second < b.second;
        });
        order.clear();
        for (const auto& lot : lots) order.push_back(lot.second);
    }

private:
    std::vector<double> capacities_{};
    bool weighted_ = false;
};

} // namespace detail

// The lots are drawn for Q fixed slots when the map is built, at the cost of slots times nodes; a key then costs one
// access to a table, in place of one draw for each node. A list of homes draws again and sorts. A node that joins at
// the end of the list, or leaves from there, or changes its capacity, moves slots to or from itself alone.
// Thaler and Ravishankar, Using name-based mappings to increase hit rates, 1998; weights as Schindelhauer and
// Schomaker, Weighted distributed hash tables, 2005.
// Provides: sharded. Needs: nothing.
template <std::size_t Q = 16384>
struct Rendezvous {
    struct Options {
        NodeList nodes{}; // empty: 3, or as many as copies
    };

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::Rendezvous";
    static constexpr std::string_view format = "rendezvous";
    static constexpr Capabilities provides{Capability::sharded};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options) {
        return detail::check_slots("partition::Rendezvous", options.nodes, Q);
    }

    class Map {
    public:
        static constexpr bool ordered = false;

        explicit Map(const Options& options, std::size_t copies = 1)
            : homes_(options.nodes, std::max<std::size_t>(copies, 3), copies), lots_(homes_.nodes()),
              owners_(detail::owners_of_slots(Q, [this](ShardId at) { return lots_.best(at); })) {}

        ShardId shard_of(Bytes key) const noexcept { return detail::slot_of<Q>(key); }
        std::size_t shards() const noexcept { return Q; }
        const NodeList& nodes() const noexcept { return homes_.nodes(); }
        NodeId owner(ShardId shard) const noexcept { return NodeId{owners_[shard]}; }
        void prefer(ShardId shard, std::vector<NodeId>& order) const {
            lots_.sort(shard, order);
            homes_.spread(order);
        }
        Epoch epoch() const noexcept { return 1; }
        std::string layout() const { return "rendezvous/" + std::to_string(Q) + "/" + detail::text_of(homes_.nodes()); }

    private:
        detail::Homes homes_;
        detail::Lots lots_;
        std::vector<std::uint16_t> owners_;
    };
};

} // namespace kvilt::partition
