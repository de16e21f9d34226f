// The owner table of fixed slots, which nodes join and leave.
// docs/policies/partition.md
#pragma once

#include <kvilt/partition/deal.hpp>

#include <cassert>
#include <vector>

namespace kvilt::partition {

// Every slot has an owner, and every node as many as its capacity claims, to within one. A join moves slots to the new
// node, a leave slots from the one that goes, and neither moves any other: which ones follows from the history of the
// table alone. Slots of one owner are kept apart: with equal capacities, and but for leaves, no two in a row have one.
// A join costs a few times the number of slots.
class SlotTable {
public:
    explicit SlotTable(std::size_t slots) : owners_(slots, no_node) {}

    std::size_t slots() const noexcept { return owners_.size(); }
    NodeId owner(std::size_t slot) const noexcept { return owners_[slot]; }
    std::size_t share(NodeId node) const noexcept { return shares_[node.number]; }
    Epoch version() const noexcept { return version_; } // joins and leaves so far

    // The next number is the node's.
    void join(double capacity) {
        capacities_.push_back(capacity);
        std::vector<std::size_t> next = shares_of_present();
        const NodeId node{static_cast<std::uint32_t>(shares_.size())};
        if (node.number == 0)
            owners_.assign(owners_.size(), node);
        else
            take(node, next);
        shares_ = std::move(next);
        ++version_;
    }

    // Its number is not given out again. Another node must remain.
    void leave(NodeId node) {
        capacities_[node.number] = 0;
        std::vector<std::size_t> next = shares_of_present();
        give_away(node, next);
        shares_ = std::move(next);
        ++version_;
    }

private:
    // How far to look for slots of the same owner: homes lie no further apart than there are copies.
    static constexpr std::size_t apart_max = 8;

    std::vector<std::size_t> shares_of_present() const {
        std::vector<double> present;
        for (const double capacity : capacities_)
            if (capacity > 0) present.push_back(capacity);
        assert(!present.empty());
        const std::vector<std::size_t> dealt = detail::share_out(present, owners_.size());
        std::vector<std::size_t> shares;
        std::size_t at = 0;
        for (const double capacity : capacities_) shares.push_back(capacity > 0 ? dealt[at++] : 0);
        return shares;
    }

    // At even distances, for the new node's sake; there, slots whose owner has another one nearby, for the owners'.
    void take(NodeId node, const std::vector<std::size_t>& next) {
        const std::size_t count = next[node.number];
        if (count == 0) return;
        std::vector<std::size_t> left;
        for (std::size_t donor = 0; donor < shares_.size(); ++donor) {
            assert(next[donor] <= shares_[donor]);
            left.push_back(shares_[donor] - next[donor]);
        }
        const std::vector<std::size_t> all = left;
        for (std::size_t n = 0; n < count; ++n) {
            const std::size_t slot = find(node, (2 * n + 1) * slots() / (2 * count), slots() / count, left, all);
            --left[owners_[slot].number];
            owners_[slot] = node;
        }
    }

    // Near `centre` if possible, and rather far off than beside another slot of `node`.
    std::size_t find(NodeId node, std::size_t centre, std::size_t step, const std::vector<std::size_t>& left,
                     const std::vector<std::size_t>& all) const {
        for (std::size_t apart = std::min<std::size_t>(step, 4);; --apart)
            for (std::size_t reach = std::max<std::size_t>(1, step / 2);; reach *= 2) {
                const std::size_t found = best_within(node, centre, reach, apart, left, all);
                if (found < slots()) return found;
                assert(apart > 0 || reach < slots() / 2);
                if (reach >= slots() / 2) break;
            }
    }

    std::size_t best_within(NodeId node, std::size_t centre, std::size_t reach, std::size_t apart,
                            const std::vector<std::size_t>& left, const std::vector<std::size_t>& all) const {
        std::size_t best = slots();
        double best_cost = 0;
        for (std::size_t n = 0; n <= 2 * reach && n < slots(); ++n) {
            const std::size_t slot = (centre + n + 2 * slots() - reach % slots()) % slots();
            const std::size_t donor = owners_[slot].number;
            if (owners_[slot] == node || left[donor] == 0) continue;
            if (apart > 1 && distance(slot, node, apart - 1) < apart) continue;
            // Nearest neighbour first; of those alike, the donor that is furthest behind.
            const double cost = static_cast<double>(distance(slot, owners_[slot], apart_max)) -
                                static_cast<double>(left[donor]) / static_cast<double>(all[donor]);
            if (best < slots() && cost >= best_cost) continue;
            best = slot;
            best_cost = cost;
        }
        return best;
    }

    // To the nearest other slot of `node`; beyond `most` it is most + 1.
    std::size_t distance(std::size_t slot, NodeId node, std::size_t most) const noexcept {
        const std::size_t count = slots();
        for (std::size_t away = 1; away <= most; ++away)
            if (owners_[(slot + away) % count] == node || owners_[(slot + away * (count - 1)) % count] == node)
                return away;
        return most + 1;
    }

    // To each what it still claims, where it is furthest from its others.
    void give_away(NodeId node, const std::vector<std::size_t>& next) {
        std::vector<std::size_t> left;
        for (std::size_t taker = 0; taker < next.size(); ++taker)
            left.push_back(taker == node.number ? 0 : next[taker] - shares_[taker]);
        const std::vector<std::size_t> all = left;
        for (std::size_t slot = 0; slot < slots(); ++slot) {
            if (owners_[slot] != node) continue;
            std::uint32_t best = node.number;
            double best_worth = 0;
            for (std::uint32_t taker = 0; taker < left.size(); ++taker) {
                if (left[taker] == 0) continue;
                const double worth = static_cast<double>(distance(slot, NodeId{taker}, apart_max)) +
                                     static_cast<double>(left[taker]) / static_cast<double>(all[taker]);
                if (best != node.number && worth <= best_worth) continue;
                best = taker;
                best_worth = worth;
            }
            --left[best];
            owners_[slot] = NodeId{best};
        }
    }

    std::vector<NodeId> owners_;
    std::vector<double> capacities_{}; // 0: has left
    std::vector<std::size_t> shares_{};
    Epoch version_ = 0;
};

} // namespace kvilt::partition
