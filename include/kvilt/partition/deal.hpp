// Whole shards dealt to nodes in proportion to their capacities.
#pragma once

#include <kvilt/core/node.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace kvilt::partition::detail {

// How many of `total` each node gets, by the method of Sainte-Lague: a node's n-th share claims (2n - 1) / capacity,
// and the least claims win, the lower number first among equals. Claims do not depend on other nodes; so one that is
// added to the list takes from the others and leaves none with more than before, and one that goes, the reverse. No
// product is added to, so that no compiler rounds it otherwise.
inline std::vector<std::size_t> share_out(const std::vector<double>& capacities, std::size_t total) {
    using Claim = std::pair<double, std::size_t>; // and whose
    const auto claim = [&](std::size_t share, std::size_t node) {
        return Claim(static_cast<double>(2 * share - 1) / capacities[node], node);
    };
    double sum = 0;
    for (const double capacity : capacities) sum += capacity;
    std::vector<std::size_t> shares; // at first about right
    std::size_t dealt = 0;
    for (const double capacity : capacities) {
        shares.push_back(static_cast<std::size_t>(std::llround(static_cast<double>(total) * capacity / sum)));
        dealt += shares.back();
    }
    for (;;) {
        Claim next = claim(shares[0] + 1, 0);
        Claim last(-1, 0);
        for (std::size_t node = 0; node < shares.size(); ++node) {
            next = std::min(next, claim(shares[node] + 1, node));
            if (shares[node] > 0) last = std::max(last, claim(shares[node], node));
        }
        if (dealt == total && last < next) return shares;
        if (dealt <= total) ++shares[next.second];
        if (dealt >= total) --shares[last.second];
        dealt = dealt < total ? dealt + 1 : dealt > total ? dealt - 1 : total;
    }
}

inline std::vector<double> capacities_of(const NodeList& nodes) {
    std::vector<double> capacities;
    for (const NodeSpec& node : nodes) capacities.push_back(node.capacity);
    return capacities;
}

// The same shares, the nodes taking turns: 0, 1, 2, 0, 1, 2 with equal capacities.
inline std::vector<NodeId> deal_in_turn(const NodeList& nodes, std::size_t total) {
    using Claim = std::pair<double, std::uint32_t>;
    const std::vector<double> capacities = capacities_of(nodes);
    std::priority_queue<Claim, std::vector<Claim>, std::greater<>> claims;
    for (std::uint32_t node = 0; node < capacities.size(); ++node) claims.emplace(1 / capacities[node], node);
    std::vector<std::size_t> shares(capacities.size());
    std::vector<NodeId> owners;
    while (owners.size() < total) {
        const std::uint32_t node = claims.top().second;
        claims.pop();
        owners.push_back({node});
        claims.emplace(static_cast<double>(2 * ++shares[node] + 1) / capacities[node], node);
    }
    return owners;
}

// The same shares in one run for each node, in the order of their numbers.
inline std::vector<NodeId> deal_in_runs(const NodeList& nodes, std::size_t total) {
    std::vector<NodeId> owners;
    std::uint32_t node = 0;
    for (const std::size_t share : share_out(capacities_of(nodes), total)) {
        owners.insert(owners.end(), share, NodeId{node});
        ++node;
    }
    return owners;
}

// Runs whose borders are those of the exact shares, rounded.
inline std::vector<NodeId> deal_by_borders(const NodeList& nodes, std::size_t total) {
    double sum = 0;
    for (const NodeSpec& node : nodes) sum += node.capacity;
    std::vector<NodeId> owners;
    std::uint32_t number = 0;
    double before = 0;
    for (const NodeSpec& node : nodes) {
        before += node.capacity;
        const auto end = static_cast<std::size_t>(std::llround(static_cast<double>(total) * before / sum));
        owners.resize(std::max(end, owners.size()), NodeId{number});
        ++number;
    }
    owners.resize(total, NodeId{number - 1});
    return owners;
}

} // namespace kvilt::partition::detail
