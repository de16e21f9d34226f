// Schedules of faults for a simulated cluster: drawn from a seed, printed, and shrunk fault by fault.
// docs/testing.md
#pragma once

#include <kvilt/sim/network.hpp>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

namespace kvilt::sim {

// A fault with its end, so that whoever leaves it out leaves out both.
struct Fault {
    enum class Kind : std::uint8_t {
        cut_one_way,    // `node` does not reach `other`
        cut_both,       // neither reaches the other
        split,          // the nodes of `group` and the rest do not reach each other
        pause,          // `node` stands still, and keeps its memory
        crash,          // `node` dies and restarts
        lose_disk,      // `node` dies and restarts with an empty disk
        slow,           // messages of `node` take `amount` times longer
        clock_skew,     // the wall clock of `node` is `amount` us off
        clock_jump,     // the same from then on: has no end
        wrong_detector, // `node` takes the living for dead and the dead for living
    };
    static constexpr std::size_t kinds = 10;

    Kind kind = Kind::crash;
    std::uint64_t start_us = 0;
    std::uint64_t end_us = 0;
    NodeId node{};
    NodeId other = no_node;
    std::uint64_t group = 0; // a bit a node
    std::int64_t amount = 0;

    bool downs() const noexcept { return kind == Kind::pause || kind == Kind::crash || kind == Kind::lose_disk; }
    friend auto operator<=>(const Fault&, const Fault&) = default;
};

using Faults = std::vector<Fault>;

constexpr const char* name_of(Fault::Kind kind) noexcept {
    constexpr const char* names[Fault::kinds] = {"cut one way", "cut",  "split",      "pause",      "crash",
                                                 "lose disk",   "slow", "clock skew", "clock jump", "wrong detector"};
    return names[static_cast<std::size_t>(kind)];
}

// "pause node 2, from 1500 us to 90000 us".
inline std::string text_of(const Fault& fault) {
    std::string text = name_of(fault.kind);
    if (fault.kind == Fault::Kind::split) {
        text += " off nodes";
        for (std::size_t node = 0; node < 64; ++node)
            if ((fault.group >> node & 1) != 0) text += ' ' + std::to_string(node);
    } else {
        text += " node " + std::to_string(fault.node.number);
    }
    if (fault.other != no_node) text += " and node " + std::to_string(fault.other.number);
    if (fault.amount != 0) text += " by " + std::to_string(fault.amount);
    text += ", from " + std::to_string(fault.start_us) + " us";
    return fault.kind == Fault::Kind::clock_jump ? text : text + " to " + std::to_string(fault.end_us) + " us";
}

// A line each.
inline std::string text_of(const Faults& faults) {
    std::string text;
    for (const Fault& fault : faults) text += text_of(fault) + "\n";
    return text;
}

struct NemesisOptions {
    std::uint64_t seed = 1;
    std::size_t nodes = 3;                  // at most 64
    std::uint64_t duration_us = 10'000'000; // not 0; by then all faults have ended
    std::size_t faults = 10;                // fewer where some would break the bounds below
    std::uint64_t fault_us_min = 10'000;
    std::uint64_t fault_us_max = 2'000'000;
    std::size_t down_max = 1; // nodes paused, crashed or without their disk at the same time
    // In all. Each takes a copy away: a promise of quorums survives it only if the node is rebuilt before it answers.
    std::size_t lost_disks_max = 0;
    std::int64_t skew_us_max = 500'000;
    std::uint64_t slow_max = 20;
    std::vector<Fault::Kind> kinds{}; // those to draw from; empty: all
};

// In the order of their starts. No two of a kind meet on the same nodes.
class Nemesis {
public:
    explicit Nemesis(const NemesisOptions& options) : options_(options), draws_(mix(options.seed, 0x6e656d)) {
        for (std::size_t n = 0; n < Fault::kinds && options.kinds.empty(); ++n)
            options_.kinds.push_back(static_cast<Fault::Kind>(n));
    }

    Faults schedule() {
        Faults faults;
        std::size_t tries = 20 * options_.faults; // a crowded schedule has no room for more
        while (faults.size() < options_.faults && tries-- != 0)
            if (const Fault fault = draw(); fits(fault, faults)) faults.push_back(fault);
        std::sort(faults.begin(), faults.end(),
                  [](const Fault& a, const Fault& b) { return std::tie(a.start_us, a) < std::tie(b.start_us, b); });
        return faults;
    }

private:
    Fault draw() {
        Fault fault;
        fault.kind = options_.kinds[draws_.below(options_.kinds.size())];
        fault.start_us = draws_.below(options_.duration_us);
        const std::uint64_t length_us = draws_.between(options_.fault_us_min, options_.fault_us_max);
        fault.end_us = std::min(fault.start_us + length_us, options_.duration_us);
        const auto nodes = static_cast<std::uint32_t>(options_.nodes);
        fault.node.number = static_cast<std::uint32_t>(draws_.below(nodes));
        const auto distance = static_cast<std::uint32_t>(nodes < 2 ? 0 : draws_.between(1, nodes - 1));
        const std::uint64_t amount = draws_.next();
        switch (fault.kind) {
        case Fault::Kind::cut_one_way:
        case Fault::Kind::cut_both:
            fault.other.number = (fault.node.number + distance) % nodes;
            break;
        case Fault::Kind::split:
            fault.node = no_node;
            fault.group = amount & (nodes == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << nodes) - 1);
            break;
        case Fault::Kind::slow:
            fault.amount = static_cast<std::int64_t>(1 + amount % options_.slow_max);
            break;
        case Fault::Kind::clock_skew:
        case Fault::Kind::clock_jump:
            fault.amount =
                static_cast<std::int64_t>(amount % static_cast<std::uint64_t>(2 * options_.skew_us_max + 1)) -
                options_.skew_us_max;
            break;
        default:
            break;
        }
        if (fault.kind == Fault::Kind::clock_jump) fault.end_us = fault.start_us;
        return fault;
    }

    bool fits(const Fault& fault, const Faults& others) const {
        const std::uint64_t all = (options_.nodes == 64 ? 0 : std::uint64_t{1} << options_.nodes) - 1;
        if (fault.kind == Fault::Kind::split && (fault.group == 0 || fault.group == all)) return false;
        if (fault.other == fault.node && fault.kind != Fault::Kind::split) return false;
        std::size_t lost_disks = 0;
        std::size_t down = 0;
        for (const Fault& other : others) {
            lost_disks += other.kind == Fault::Kind::lose_disk;
            if (fault.start_us > other.end_us || other.start_us > fault.end_us) continue;
            if (fault.downs() && other.downs()) {
                if (fault.node == other.node) return false;
                ++down;
            }
            if (fault.kind == other.kind && std::tie(fault.node, fault.other) == std::tie(other.node, other.other))
                return false;
        }
        if (fault.kind == Fault::Kind::lose_disk && lost_disks >= options_.lost_disks_max) return false;
        return !fault.downs() || down < options_.down_max;
    }

    NemesisOptions options_;
    Draws draws_;
};

// The start or the end of a fault.
struct FaultStep {
    std::uint64_t time_us = 0;
    bool starts = true;
    Fault fault{};
};

// In the order of time; at one time ends first.
inline std::vector<FaultStep> steps_of(const Faults& faults) {
    std::vector<FaultStep> steps;
    for (const Fault& fault : faults) {
        steps.push_back({fault.start_us, true, fault});
        if (fault.kind != Fault::Kind::clock_jump) steps.push_back({fault.end_us, false, fault});
    }
    std::sort(steps.begin(), steps.end(), [](const FaultStep& a, const FaultStep& b) {
        return std::tie(a.time_us, a.starts, a.fault) < std::tie(b.time_us, b.starts, b.fault);
    });
    return steps;
}

// What a step means for the network. The rest is up to the cluster: to open a store anew, to lose its files, to change
// its clock, to have its detector err.
inline void apply(const FaultStep& step, Network& network) {
    const Fault& fault = step.fault;
    NetworkModel& model = network.model();
    const auto change = [&](NodeId from, NodeId to) {
        if (step.starts)
            model.cut(from, to);
        else
            model.heal(from, to);
    };
    switch (fault.kind) {
    case Fault::Kind::cut_both:
        change(fault.other, fault.node);
        [[fallthrough]];
    case Fault::Kind::cut_one_way:
        change(fault.node, fault.other);
        break;
    case Fault::Kind::split:
        for (std::uint32_t a = 0; a < model.nodes(); ++a)
            for (std::uint32_t b = 0; b < model.nodes(); ++b)
                if ((fault.group >> a & 1) != (fault.group >> b & 1)) change(NodeId{a}, NodeId{b});
        break;
    case Fault::Kind::pause:
        if (step.starts) return model.pause(fault.node);
        model.resume(fault.node);
        if (!model.paused(fault.node)) network.wake(fault.node);
        break;
    case Fault::Kind::crash:
    case Fault::Kind::lose_disk:
        if (step.starts)
            network.crash(fault.node);
        else
            network.restart(fault.node);
        break;
    case Fault::Kind::slow:
        if (step.starts)
            model.slow(fault.node, static_cast<std::uint64_t>(fault.amount));
        else
            model.unslow(fault.node, static_cast<std::uint64_t>(fault.amount));
        break;
    default:
        break;
    }
}

} // namespace kvilt::sim
