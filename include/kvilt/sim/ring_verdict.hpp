// What a simulated ring must hold when it has run and healed.
// docs/testing.md
#pragma once

#include <kvilt/sim/linearizability.hpp>
#include <kvilt/sim/lost_updates.hpp>
#include <kvilt/sim/regular_register.hpp>
#include <kvilt/sim/resurrection.hpp>
#include <kvilt/sim/ring_world.hpp>

#include <map>
#include <string>
#include <utility>

namespace kvilt::sim {

// Whether all homes of each shard hold the same cells, and the digests of every two of them say so. A sentence, or
// empty.
template <class Ring>
std::string check_converged(RingWorld<Ring>& world) {
    const auto& placed = world.placed();
    using Cells = std::map<std::string, std::pair<std::string, std::string>>;
    std::string broken;
    for (ShardId shard = 0; shard < placed.shards(); ++shard) {
        std::optional<Cells> first;
        for (const NodeId home : placed.homes(shard)) {
            Cells cells;
            auto& copies = world.nodes()[home.number].member().copies();
            auto walked = copies.walk(shard, {}, false, [&](Bytes key, const Cell& cell) {
                cells.emplace(key, std::pair(cell.stamp, cell.value));
                return true;
            });
            if (walked) walked = copies.refresh(shard);
            if (!walked) return "a home cannot be read: " + walked.error().message();
            if (first && *first != cells)
                return "not converged: shard " + std::to_string(shard) + ", at node " + std::to_string(home.number);
            first = std::move(cells);
        }
    }
    for (auto& a : world.nodes())
        for (auto& b : world.nodes()) {
            const auto common = placed.common(a.self(), b.self());
            const auto root = [&](auto& node) {
                return cluster::PairTree(node.member().copies().tree(), common).root();
            };
            if (!common.empty() && root(a) != root(b))
                return "equal copies with different digests: nodes " + std::to_string(a.self().number) + " and " +
                       std::to_string(b.self().number);
        }
    return broken;
}

// The siblings of a key in the end.
template <class Ring>
ValueIds final_values(RingWorld<Ring>& world, const std::string& key) {
    ValueIds values;
    const ShardId shard = world.placed().shard_of(key);
    auto& home = world.nodes()[world.placed().homes(shard)[0].number];
    static_cast<void>(home.member().copies().read(shard, key, [&](const Cell& cell) {
        Ring::Conflict::for_each_value(
            cell, [&](Bytes value) { values.push_back(static_cast<ValueId>(std::stoull(std::string(value)))); });
    }));
    return values;
}

// What was broken, by the promise.
struct RingVerdict {
    std::string failed{};   // an upkeep that must succeed has not
    std::string diverged{}; // copies are not equal after healing
    std::string unlinearizable{};
    std::string irregular{};
    std::string resurrected{};
    std::string lost{};
    bool undecided = false;
};

template <class Ring>
class RingJudge {
public:
    RingVerdict judge(RingWorld<Ring>& world) {
        RingVerdict verdict;
        verdict.failed = world.run();
        if (verdict.failed.empty()) verdict.failed = world.heal();
        if (!verdict.failed.empty()) return verdict;
        verdict.diverged = check_converged(world);
        for (const auto& [key, operations] : world.clients().histories()) {
            if constexpr (RingClients<Ring>::siblings)
                judge_siblings(world, key, operations, verdict);
            else
                judge_register(key, registers_of(operations), verdict);
        }
        return verdict;
    }

private:
    static void tell(std::string& of, const std::string& key, const std::string& broken) {
        if (of.empty() && !broken.empty()) of = "key \"" + key + "\": " + broken;
    }

    void judge_register(const std::string& key, const Operations& operations, RingVerdict& verdict) {
        const Linearizability linear = checker_.check(operations);
        if (linear.verdict == Linearizability::Verdict::undecided)
            verdict.undecided = true;
        else
            tell(verdict.unlinearizable, key, linear.text);
        tell(verdict.irregular, key, check_regular(operations));
        tell(verdict.resurrected, key, check_resurrection(operations));
    }

    static void judge_siblings(RingWorld<Ring>& world, const std::string& key, const SiblingOperations& operations,
                               RingVerdict& verdict) {
        tell(verdict.lost, key, check_lost_updates(operations, final_values(world, key)));
        tell(verdict.resurrected, key, check_resurrection(operations));
    }

    LinearizabilityChecker<> checker_{};
};

} // namespace kvilt::sim
