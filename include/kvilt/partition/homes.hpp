// From candidates to homes: the order in which the nodes hold the keys of a shard, the same for every partition.
// docs/policies/partition.md
#pragma once

#include <kvilt/core/node.hpp>

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace kvilt::partition::detail {

// The nodes of a placement, and how copies spread over their sites and racks.
class Homes {
public:
    // An empty list stands for `count_if_none` plain nodes.
    Homes(const NodeList& given, std::size_t count_if_none, std::size_t copies)
        : nodes_(given.empty() ? NodeList(count_if_none) : given), copies_(copies) {
        for (const NodeSpec& node : nodes_) {
            site_.push_back(first([&](const NodeSpec& other) { return other.site == node.site; }));
            rack_.push_back(
                first([&](const NodeSpec& other) { return other.site == node.site && other.rack == node.rack; }));
            several_ = several_ || rack_.back() != 0;
        }
    }

    const NodeList& nodes() const noexcept { return nodes_; }
    std::size_t count() const noexcept { return nodes_.size(); }

    // `order` names every node once. Its first stays; of the others, those move up that make the homes more spread: on
    // a site without a home, else on a rack without one, else where there are fewest. Elsewhere the order stays.
    void spread(std::vector<NodeId>& order) const {
        if (!several_) return;
        const auto begin = order.begin();
        const auto homes = static_cast<std::ptrdiff_t>(std::min(copies_, order.size()));
        for (std::ptrdiff_t home = 1; home < homes; ++home) {
            auto best = begin + home;
            Crowd least = crowd(order, home, *best);
            for (auto at = best + 1; at != order.end() && least.site_taken; ++at)
                if (const Crowd here = crowd(order, home, *at); here < least) {
                    least = here;
                    best = at;
                }
            std::rotate(begin + home, best, best + 1);
        }
    }

    // The owner, then the next by number, as on a circle.
    void in_turn(NodeId owner, std::vector<NodeId>& order) const {
        order.clear();
        const auto count = static_cast<std::uint32_t>(nodes_.size());
        for (std::uint32_t n = 0; n < count; ++n) order.push_back({(owner.number + n) % count});
        spread(order);
    }

private:
    template <class Same>
    std::uint32_t first(Same same) const {
        return static_cast<std::uint32_t>(std::find_if(nodes_.begin(), nodes_.end(), same) - nodes_.begin());
    }

    struct Crowd {
        bool site_taken = false;
        bool rack_taken = false;
        std::size_t on_site = 0;
        std::size_t in_rack = 0;
        friend auto operator<=>(const Crowd&, const Crowd&) = default;
    };
    Crowd crowd(const std::vector<NodeId>& order, std::ptrdiff_t homes, NodeId node) const {
        Crowd crowd;
        for (auto home = order.begin(); home != order.begin() + homes; ++home) {
            crowd.on_site += site_[home->number] == site_[node.number];
            crowd.in_rack += rack_[home->number] == rack_[node.number];
        }
        crowd.site_taken = crowd.on_site != 0;
        crowd.rack_taken = crowd.in_rack != 0;
        return crowd;
    }

    NodeList nodes_;
    std::size_t copies_;
    std::vector<std::uint32_t> site_{}; // the first node of the same site, for each
    std::vector<std::uint32_t> rack_{};
    bool several_ = false; // racks
};

// Collects each node at its first mention.
class FirstSeen {
public:
    FirstSeen(std::size_t nodes, std::vector<NodeId>& order) : nodes_(nodes), order_(&order) { order.clear(); }

    bool all() const noexcept { return order_->size() == nodes_; }

    void add(NodeId node) {
        std::uint64_t& word = seen_[node.number / 64];
        const std::uint64_t bit = std::uint64_t{1} << (node.number % 64);
        if ((word & bit) == 0) order_->push_back(node);
        word |= bit;
    }

    // Those that were not named, from `first` on as on a circle.
    void add_rest(NodeId first = {}) {
        for (std::uint32_t n = 0; n < nodes_ && !all(); ++n)
            add({(first.number + n) % static_cast<std::uint32_t>(nodes_)});
    }

private:
    std::size_t nodes_;
    std::vector<NodeId>* order_;
    std::array<std::uint64_t, (nodes_max + 63) / 64> seen_{};
};

} // namespace kvilt::partition::detail
