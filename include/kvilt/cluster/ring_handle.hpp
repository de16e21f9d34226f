// The operator's side of a ring: who lives, who holds what, and what is to be repaired.
#pragma once

#include <kvilt/cluster/cluster.hpp>
#include <kvilt/cluster/fence_operation.hpp>
#include <kvilt/cluster/salvage.hpp>

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace kvilt {

// A copy: it does not change.
struct NodeStatus {
    NodeId node{};
    bool lives = false;
    std::optional<Error> why_down{}; // where it ended by itself
    std::uint64_t memtable_keys = 0;
    std::uint64_t disk_bytes = 0;
    std::uint64_t memory_bytes = 0;
    std::uint64_t hints = 0; // that it keeps for others
    std::uint64_t hint_bytes = 0;
    std::uint64_t hints_dropped = 0; // beyond the bounds, in this life
    std::uint64_t losses = 0;        // writes that came when a later one was there, in this life
    std::uint64_t damages = 0;       // requests that met damage, in this life
};

// What a repair has done.
struct RepairReport {
    std::uint64_t handed_on = 0; // hints
    std::uint64_t exchanges = 0; // between two nodes
    std::uint64_t cells = 0;     // that one node had and the other had not
    std::uint64_t bytes = 0;     // of all messages
    std::uint64_t forgotten = 0; // tombstones that no copy needs any more
    std::uint64_t rebuilt = 0;   // nodes whose files were damaged
};

// Every member may be called while the store is used, by one thread at a time; it ends before the store does.
template <class Ring>
class RingHandle {
public:
    using Cluster = cluster::Cluster<Ring>;
    using Member = cluster::Member<Ring>;

    explicit RingHandle(Cluster& cluster) : cluster_(&cluster) {}

    std::vector<NodeStatus> nodes() const {
        std::vector<NodeStatus> list;
        for (std::uint32_t node = 0; node < cluster_->placed().nodes(); ++node) list.push_back(status(NodeId{node}));
        return list;
    }

    // The homes of a key, the first choice first.
    std::vector<NodeId> owners(Bytes key) const {
        const auto& placed = cluster_->placed();
        const auto homes = placed.homes(placed.shard_of(key));
        return {homes.begin(), homes.end()};
    }

    // It answers no more, orderly: everything that it acknowledged is durable, where its log can sync.
    Result<void> stop(NodeId node) {
        KVILT_TRY(check(node));
        const std::lock_guard lock(cluster_->operating());
        auto member = cluster_->seat(node).leave();
        if (member == nullptr) return {};
        return member->close();
    }

    // It ends as in the death of a process: without a word to its log.
    Result<void> crash(NodeId node) {
        KVILT_TRY(check(node));
        const std::lock_guard lock(cluster_->operating());
        (void)cluster_->seat(node).leave();
        return {};
    }

    // A life begins with what is on its disk, and the others hand on what they kept for it. In memory only a node
    // comes back with nothing: use rebuild(). Errc::not_found, corruption: its disk is lost or damaged: rebuild().
    Result<void> start(NodeId node) {
        KVILT_TRY(check(node));
        const std::lock_guard lock(cluster_->operating());
        if (cluster_->seat(node).lives()) return {};
        if constexpr (!Ring::P::on_disk)
            return failure(Errc::not_found, "start node", "what it held was in memory only: use rebuild()");
        KVILT_TRY_ASSIGN(member, cluster_->revive(node, false));
        KVILT_TRY_ASSIGN(whole, member->memory().whole());
        if (!whole) return std::unexpected(cluster::NodesOpening<Ring>::not_whole(node));
        cluster_->seat(node).take(std::move(member));
        for (std::uint32_t other = 0; other < cluster_->placed().nodes(); ++other)
            KVILT_TRY(hand_on(NodeId{other}, node, nullptr));
        if constexpr (Ring::led) {
            RepairReport report;
            (void)align(node, report); // where its group has no leader now, it catches up when there is one
        }
        return {};
    }

    // Gives a node a new engine in the place of one that is lost or damaged. What can be read of the old one is
    // brought to the other homes first; then it gets everything from them, and answers when it has it. All other nodes
    // must live. Errc::unavailable; the old files are still there then.
    Result<void> rebuild(NodeId node) {
        KVILT_TRY(check(node));
        const std::lock_guard lock(cluster_->operating());
        return rebuild_under_lock(node);
    }

    // What `from` sends does not reach `to` any more, in this direction.
    void cut(NodeId from, NodeId to) { cluster_->network().cut(from, to); }
    void mend(NodeId from, NodeId to) { cluster_->network().mend(from, to); }
    void mend_all() { cluster_->network().mend_all(); }

    // One round over all nodes that live: hints are handed on, every two nodes exchange what differs, and tombstones
    // that every copy has are forgotten, if all nodes live. Then all copies are equal, but for what is written
    // meanwhile. A node whose files are damaged is rebuilt.
    Result<RepairReport> repair() {
        const std::lock_guard lock(cluster_->operating());
        RepairReport report;
        const std::uint32_t nodes = static_cast<std::uint32_t>(cluster_->placed().nodes());
        for (std::uint32_t from = 0; from < nodes; ++from)
            for (std::uint32_t to = 0; to < nodes; ++to) (void)hand_on(NodeId{from}, NodeId{to}, &report);
        if constexpr (Ring::led)
            KVILT_TRY(align(no_node, report));
        else
            for (std::uint32_t a = 0; a < nodes; ++a)
                for (std::uint32_t b = a + 1; b < nodes; ++b) KVILT_TRY(exchange(NodeId{a}, NodeId{b}, report));
        purge(report);
        return report;
    }

    // Reads and checks every byte of every node that lives, and rebuilds those that are damaged; how many.
    Result<std::uint64_t> scrub() {
        const std::lock_guard lock(cluster_->operating());
        std::uint64_t rebuilt = 0;
        if constexpr (Ring::P::on_disk)
            for (std::uint32_t node = 0; node < cluster_->placed().nodes(); ++node) {
                KVILT_TRY_ASSIGN(mended, rebuild_if_damaged(NodeId{node}));
                rebuilt += mended;
            }
        return rebuilt;
    }

    // Pairs of a key and two homes that have not the same of it, among the nodes that live.
    Result<std::uint64_t> differences() {
        const std::lock_guard lock(cluster_->operating());
        std::uint64_t differing = 0;
        for (std::uint32_t a = 0; a < cluster_->placed().nodes(); ++a)
            for (std::uint32_t b = a + 1; b < cluster_->placed().nodes(); ++b) {
                Result<void> compared;
                if (!both_live(NodeId{a}, NodeId{b})) continue;
                cluster_->seat(NodeId{a}).with([&](Member& member) {
                    auto operation = member.repair_with(NodeId{b}, true);
                    compared = operation.run();
                    differing += operation.differing();
                });
                KVILT_TRY(compared);
            }
        return differing;
    }

private:
    Result<void> check(NodeId node) const {
        if (cluster_->known(node)) return {};
        return failure(Errc::invalid_argument, "name node",
                       "there is no node " + std::to_string(node.number) + ", but " +
                           std::to_string(cluster_->placed().nodes()) + " from 0");
    }

    bool both_live(NodeId a, NodeId b) const {
        return cluster_->seat(a).lives() && cluster_->seat(b).lives() && cluster_->network().reachable(a, b) &&
               cluster_->network().reachable(b, a);
    }

    NodeStatus status(NodeId node) const {
        NodeStatus status{.node = node};
        auto& seat = cluster_->seat(node);
        status.lives = seat.with([&](Member& member) {
            const Stats stats = member.engine().stats();
            status.memtable_keys = stats.memtable_keys;
            status.disk_bytes = stats.disk_bytes();
            status.memory_bytes = stats.memory_bytes();
            status.hints = member.hints().count();
            status.hint_bytes = member.hints().bytes();
            status.hints_dropped = member.hints().dropped();
            status.losses = member.losses();
            status.damages = member.damages();
        });
        if (!status.lives) status.why_down = seat.why_down();
        return status;
    }

    Result<void> hand_on(NodeId from, NodeId to, RepairReport* report) {
        Result<void> result;
        if (from == to || !both_live(from, to)) return {};
        for (int attempt = 0; attempt < 2; ++attempt) {
            cluster_->seat(from).with([&](Member& member) {
                auto operation = member.hand_on_to(to);
                result = operation.run();
                if (report == nullptr) return;
                report->handed_on += operation.handed_on();
                report->bytes += operation.bytes();
            });
            if (result || result.error() != Errc::unavailable) break; // it may first learn of a fence by a refusal
        }
        return result;
    }

    // Twice at most: damage that one of the two meets is mended in between, and who first learns of a fence by a
    // refusal tries again.
    Result<void> exchange(NodeId a, NodeId b, RepairReport& report) {
        for (int attempt = 0;; ++attempt) {
            Result<void> result;
            if (!both_live(a, b)) return {};
            cluster_->seat(a).with([&](Member& member) {
                auto operation = member.repair_with(b);
                result = operation.run();
                ++report.exchanges;
                report.cells += operation.received() + operation.sent();
                report.bytes += operation.bytes();
            });
            if (result || attempt == 1) return result;
            if (result.error() == Errc::unavailable) continue;
            if (result.error() != Errc::corruption) return result;
            for (const NodeId node : {a, b}) {
                KVILT_TRY_ASSIGN(mended, rebuild_if_damaged(node));
                report.rebuilt += mended;
            }
        }
    }

    // With leaders: followers, all or of one node's groups, are brought to where their leaders stand.
    Result<void> align(NodeId node, RepairReport& report) {
        typename Ring::Align operation(cluster_->front_coordinator(), node);
        auto result = operation.run();
        report.exchanges += operation.aligned();
        report.cells += operation.brought();
        report.bytes += operation.bytes();
        return result;
    }

    void purge(RepairReport& report) {
        for (const NodeStatus& node : nodes())
            if (!node.lives || node.hints != 0) return;
        typename Ring::Purge operation(cluster_->front_coordinator());
        if (operation.run()) report.forgotten = operation.forgotten(); // else the tombstones stay
        report.bytes += operation.bytes();
    }

    Result<bool> rebuild_if_damaged(NodeId node) {
        bool damaged = false;
        cluster_->seat(node).with([&](Member& member) {
            if constexpr (Ring::P::on_disk) {
                const auto verified = member.engine().verify();
                damaged = !verified && verified.error() == Errc::corruption;
            }
        });
        if (damaged) KVILT_TRY(rebuild_under_lock(node));
        return damaged;
    }

    Result<void> rebuild_under_lock(NodeId node) {
        auto& seat = cluster_->seat(node);
        const std::uint32_t nodes = static_cast<std::uint32_t>(cluster_->placed().nodes());
        for (std::uint32_t other = 0; other < nodes; ++other)
            if (NodeId{other} != node && !cluster_->seat(NodeId{other}).lives())
                return failure(Errc::unavailable, "rebuild node",
                               "node " + std::to_string(other) + " does not live, and may have what others lack");
        if constexpr (Ring::led) {
            (void)seat.leave(); // what its leaders and a majority do not have was never acknowledged
        } else if (auto old = seat.leave()) {
            KVILT_TRY(salvage(*old, node));
        } else if (auto revived = cluster_->revive(node, false)) {
            KVILT_TRY(salvage(**revived, node));
        }
        KVILT_TRY(cluster_->wipe(node));
        KVILT_TRY_ASSIGN(member, cluster_->revive(node, true));
        KVILT_TRY(fence_before(*member)); // with leaders: the votes that it has forgotten count for nobody from now on
        if constexpr (Ring::led) {
            auto operation = member->gather();
            KVILT_TRY(operation.run());
        } else {
            for (std::uint32_t other = 0; other < nodes; ++other) {
                if (NodeId{other} == node) continue;
                auto operation = member->repair_with(NodeId{other});
                KVILT_TRY(operation.run());
            }
        }
        KVILT_TRY(member->memory().set_whole());
        seat.take(std::move(member));
        return {};
    }

    // What the lost copies had acknowledged counts for no write that is still under way; and the new node is in no
    // time and no era that is over.
    Result<void> fence_before(Member& member) {
        auto& front = cluster_->front_coordinator();
        KVILT_TRY(member.enter_era(front.era()));
        cluster::FenceOperation fence(member.coordinator());
        KVILT_TRY(fence.run());
        KVILT_TRY(member.enter_era(fence.new_era()));
        KVILT_TRY(front.observe(member.coordinator().stamp().time));
        front.learn_era(fence.new_era());
        return {};
    }

    // With the hints that it keeps for others.
    Result<void> salvage(Member& member, NodeId node) {
        for (std::uint32_t other = 0; other < cluster_->placed().nodes(); ++other) {
            if (NodeId{other} == node) continue;
            auto operation = member.hand_on_to(NodeId{other});
            (void)operation.run(); // best effort, as hints are
        }
        return cluster::Salvage<Ring>(member).run();
    }

    Cluster* cluster_;
};

} // namespace kvilt
