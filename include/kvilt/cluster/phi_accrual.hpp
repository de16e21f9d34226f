// A failure detector that says how unlikely it is that a silent node still lives.
// N. Hayashibara, X. Defago, R. Yared, T. Katayama: The phi accrual failure detector, 2004.
#pragma once

#include <kvilt/cluster/suspicion.hpp>
#include <kvilt/core/threads.hpp>
#include <kvilt/env/clock.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <numbers>
#include <utility>
#include <vector>

namespace kvilt::cluster {

struct PhiOptions {
    double phi_max = 8;                  // beyond it a node is suspected: wrongly in 1 of 10^phi_max intervals
    std::size_t intervals_max = 128;     // the last ones of each node, that are remembered; not 0
    std::uint64_t interval_us = 100'000; // that is expected before a node was heard twice
    std::uint64_t deviation_us_min =
        10'000; // so that a node which is very regular is not suspected for a hiccup; not 0
};

// It is told of heartbeats, and takes their intervals to be distributed normally. For worlds in which a node's end is
// not known: in one process it is. Thread-safe under threads::Many. Of the clock, which outlives it, the monotonic time
// is used.
template <ThreadsTag Threads = threads::One>
class PhiAccrual final : public Suspicion {
public:
    PhiAccrual(std::size_t nodes, const Clock& clock, const PhiOptions& options = {})
        : options_(options), clock_(clock),
          nodes_(nodes, Node{.heard_us = clock.monotonic_us(),
                             .mean_us = static_cast<double>(options.interval_us),
                             .deviation_us = least_deviation_us(static_cast<double>(options.interval_us) / 4)}) {}

    // A heartbeat of it has come. One that ends a suspicion begins anew: the silence before it was no interval.
    void heard(NodeId from) {
        const std::lock_guard lock(mutex_);
        Node& node = nodes_[from.number];
        const std::uint64_t silent_us = silence_us(node);
        node.heard_us += silent_us;
        if (phi(node, silent_us) > options_.phi_max) return;
        if (node.intervals_us.size() < options_.intervals_max)
            node.intervals_us.push_back(silent_us);
        else
            node.intervals_us[node.oldest++ % options_.intervals_max] = silent_us;
        estimate(node);
    }

    // -log10 of the likelihood that a node which lives is silent for as long as it has been. O(1).
    double phi(NodeId of) const {
        const std::lock_guard lock(mutex_);
        return phi(nodes_[of.number], silence_us(nodes_[of.number]));
    }

    bool suspects(NodeId node) const override { return phi(node) > options_.phi_max; }

private:
    struct Node {
        std::uint64_t heard_us = 0;
        double mean_us = 0;
        double deviation_us = 0;
        std::vector<std::uint64_t> intervals_us{};
        std::size_t oldest = 0;
    };

    double least_deviation_us(double deviation_us) const noexcept {
        return std::max(deviation_us, static_cast<double>(options_.deviation_us_min));
    }

    std::uint64_t silence_us(const Node& node) const {
        return std::max(clock_.monotonic_us(), node.heard_us) - node.heard_us;
    }

    static double phi(const Node& node, std::uint64_t silent_us) noexcept {
        const double deviations = (static_cast<double>(silent_us) - node.mean_us) / node.deviation_us;
        const double likelihood = std::erfc(deviations / std::numbers::sqrt2) / 2;
        return likelihood > 0 ? -std::log10(likelihood) : std::numeric_limits<double>::infinity();
    }

    void estimate(Node& node) const {
        const auto count = static_cast<double>(node.intervals_us.size());
        double sum = 0;
        for (const std::uint64_t each : node.intervals_us) sum += static_cast<double>(each);
        node.mean_us = sum / count;
        double squares = 0;
        for (const std::uint64_t each : node.intervals_us)
            squares += (static_cast<double>(each) - node.mean_us) * (static_cast<double>(each) - node.mean_us);
        node.deviation_us = least_deviation_us(std::sqrt(squares / count));
    }

    PhiOptions options_;
    const Clock& clock_;
    std::vector<Node> nodes_;
    [[no_unique_address]] mutable typename Threads::Mutex mutex_{};
};

} // namespace kvilt::cluster
