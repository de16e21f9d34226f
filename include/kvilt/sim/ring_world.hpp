// A whole ring under virtual time: its nodes, their faults, their upkeep, and the healing at the end.
// docs/testing.md
#pragma once

#include <kvilt/cluster/fence_operation.hpp>
#include <kvilt/sim/nemesis.hpp>
#include <kvilt/sim/ring_clients.hpp>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::sim {

// How a node that has lost its copies comes back.
enum class Rebuild : std::uint8_t {
    fenced, // all others begin a new era, then it gathers, then it answers
    none,   // wrong: it answers at once
};

template <class Ring>
struct RingOptions {
    std::uint64_t seed = 1;
    RingSetting<Ring> setting{};
    ClientOptions clients{};
    LinkOptions link{.tail_ppm = 200'000};
    std::uint64_t skew_us_max = 0; // of each node's clock, always, either way
    Faults faults{};
    std::uint64_t heartbeat_us = 0; // of each node to all others, judged by `detector`; 0: nodes are told who is down
    cluster::PhiOptions detector{};
    std::uint64_t upkeep_us = 0; // between two repairs, handings on or purges on average; 0: none before the end
    bool purges = true;
    unsigned unsynced_kept_percent = 30; // in a crash, of what was not synced
    std::size_t flips = 0;               // of a bit on a disk, each when all is well and at least `flip_us` apart
    std::uint64_t flip_us = 40'000;
    Rebuild rebuild = Rebuild::fenced;
    RingNetwork::Tamper tamper{};
    std::optional<std::vector<ClientStep>> steps{}; // those that are not left out
};

// Runs once. For one thread.
template <class Ring>
class RingWorld {
public:
    using Node = RingNode<Ring>;
    using Member = cluster::Member<Ring>;
    using Clients = RingClients<Ring>;
    using Patience = typename Node::Patience;

    explicit RingWorld(const RingOptions<Ring>& options)
        : options_(options), draws_(mix(options.seed, 0x7269)),
          placed_(typename Ring::Partition::Map(options.setting.partition, Ring::Replication::copies),
                  Ring::Replication::copies),
          model_({.nodes = placed_.nodes(), .seed = options.seed, .link = options.link}), network_(queue_, model_),
          clients_(options.clients, options.seed, queue_, nodes_) {
        using Clock = typename cluster::ClockOf<typename Ring::Conflict>::type;
        if (Clock::shared)
            time_.emplace(cluster::ClockOf<typename Ring::Conflict>::options(options.setting.conflict), 0);
        network_.tamper(options.tamper);
        for (std::uint32_t node = 0; node < placed_.nodes(); ++node)
            nodes_.emplace_back(NodeId{node},
                                typename Node::Context{options_.setting, placed_, network_, time_ ? &*time_ : nullptr,
                                                       mix(options.seed, node)});
    }
    ~RingWorld() {
        for (Node& node : nodes_)
            if (node.lives()) node.crash(CrashChoice::everything()); // operations end before what they refer to
    }

    // Everything up to the end of faults and clients. What went wrong besides; or empty.
    const std::string& run() {
        for (Node& node : nodes_) {
            if (options_.skew_us_max != 0)
                node.clock().jump_us(static_cast<std::int64_t>(draws_.below(2 * options_.skew_us_max + 1)) -
                                     static_cast<std::int64_t>(options_.skew_us_max));
            must(node.begin(true), "a node begins");
        }
        for (const FaultStep& step : steps_of(options_.faults)) {
            ++steps_left_;
            queue_.at(step.time_us, [this, step] { meet(step); });
        }
        clients_.begin(options_.steps ? *options_.steps : steps_of(options_.clients));
        if (options_.upkeep_us != 0) keep_up();
        if (options_.heartbeat_us != 0) begin_heartbeats();
        for (std::size_t flip = 0; flip < options_.flips; ++flip)
            queue_.at((flip + 1) * options_.flip_us, [this] { damage(nodes_[draws_.below(nodes_.size())]); });
        while (broken_.empty() && (steps_left_ != 0 || !clients_.done()) && queue_.run_one()) {
        }
        ends_ = true;
        return broken_;
    }

    // No more faults; all nodes live, hand on what they keep for others, and every two of them repair once.
    const std::string& heal() {
        if (!broken_.empty()) return broken_;
        model_.heal_all();
        for (std::uint32_t from = 0; from < nodes_.size(); ++from)
            for (std::uint32_t to = 0; to < nodes_.size(); ++to)
                if (from != to) model_.link(NodeId{from}, NodeId{to}) = {.tail_ppm = 0};
        for (Node& node : nodes_) {
            node.detector().rest();
            network_.links().wake(node.self());
            if (!node.lives()) restart(node);
        }
        settle();
        for (const bool certain : {false, true}) // a node may learn of a fence by the first refusal
            each_pair([&](Node& from, Node& to) {
                hand_on(from, to, certain);
                settle();
            });
        for (const bool certain : {false, true})
            each_pair([&](Node& from, Node& to) {
                if (from.self() < to.self() || !certain) repair(from, to, certain);
                settle();
            });
        for (std::uint64_t key = 0; key < options_.clients.keys && broken_.empty(); ++key)
            for (Node& node : nodes_) {
                clients_.read(Clients::key_of(key), node);
                settle();
            }
        return broken_;
    }

    std::deque<Node>& nodes() noexcept { return nodes_; }
    const typename Ring::Placed& placed() const noexcept { return placed_; }
    const Clients& clients() const noexcept { return clients_; }
    RingNetwork& network() noexcept { return network_; }
    EventQueue& queue() noexcept { return queue_; }

    struct Counts {
        std::uint64_t crashes = 0;
        std::uint64_t flips = 0;
        std::uint64_t damages = 0; // found
        std::uint64_t rebuilds = 0;
        std::uint64_t handed_on = 0;
        std::uint64_t repaired = 0; // cells
        std::uint64_t purges = 0;
        std::uint64_t forgotten = 0;
    };
    const Counts& counts() const noexcept { return counts_; }

private:
    static constexpr std::uint64_t again_us = 5'000;
    static constexpr std::uint64_t upkeep_expire_us = 50'000;

    void must(const Result<void>& result, const char* what) {
        if (!result && broken_.empty()) broken_ = std::string(what) + ": " + result.error().message();
    }

    // ---- faults

    void meet(const FaultStep& step) {
        --steps_left_;
        network_.hash().add(queue_.now_us(), 100 + static_cast<std::uint64_t>(step.fault.kind), {step.starts});
        apply(step, network_.links());
        if (step.fault.node == no_node) return;
        Node& node = nodes_[step.fault.node.number];
        switch (step.fault.kind) {
        case Fault::Kind::crash:
        case Fault::Kind::lose_disk:
            if (step.starts) {
                ++counts_.crashes;
                if (node.lives()) node.crash(CrashChoice::seeded(draws_.next(), options_.unsynced_kept_percent));
            } else if (step.fault.kind == Fault::Kind::crash) {
                restart(node);
            } else {
                replace(node);
            }
            break;
        case Fault::Kind::clock_skew:
            node.clock().jump_us(step.starts ? step.fault.amount : -step.fault.amount);
            break;
        case Fault::Kind::clock_jump:
            node.clock().jump_us(step.fault.amount);
            break;
        case Fault::Kind::wrong_detector:
            node.detector().mistake(step.starts);
            break;
        default:
            break;
        }
    }

    // A copy is lost at a time when no other is.
    void damage(Node& node) {
        for (Node& other : nodes_)
            if (operating_ || !other.answers()) return;
        const auto flipped = node.flip(draws_);
        must(flipped ? Result<void>{} : std::unexpected(flipped.error()), "a bit flips");
        if (!flipped || !*flipped) return;
        ++counts_.flips;
        network_.links().crash(node.self());
        node.crash(CrashChoice::everything());
        restart(node);
        if (!node.answers()) return;
        const auto verified = node.member().engine().verify();
        if (verified) return;
        ++counts_.damages;
        node.crash(CrashChoice::everything());
        replace(node);
    }

    // ---- lives

    void restart(Node& node) {
        network_.links().restart(node.self());
        const Result<void> restarted = node.restart();
        if (restarted && node.answers()) return;
        if (!restarted) ++counts_.damages;
        if (restarted || restarted.error() == Errc::corruption || restarted.error() == Errc::not_found ||
            restarted.error() == Errc::incompatible)
            return replace(node);
        must(restarted, "a node restarts");
    }

    // It begins anew with an empty disk.
    void replace(Node& node) {
        network_.links().restart(node.self());
        must(node.begin(options_.rebuild == Rebuild::none), "a node begins anew");
        if (!broken_.empty() || options_.rebuild == Rebuild::none) return;
        ++counts_.rebuilds;
        gather(node, 0);
    }

    // As the operator of a ring does it, when nobody else operates and all others answer.
    void gather(Node& node, std::uint64_t delay_us) {
        network_.links().after(node.self(), delay_us, [this, &node] {
            for (Node& other : nodes_)
                if (operating_ || (&other != &node && !other.answers())) return gather(node, again_us);
            operating_ = true;
            std::uint64_t era = 0;
            for (Node& other : nodes_) era = std::max(era, other.member().memory().era());
            must(node.member().enter_era(era), "a node enters an era");
            using Fence = cluster::FenceOperation<typename Ring::Coordinator>;
            node.launch(std::make_unique<Fence>(node.member().coordinator()), patience(), [this, &node](Fence* fence) {
                if (!gone_on(node, fence)) return;
                must(node.member().enter_era(fence->new_era()), "a node enters an era");
                gather_from(node, 0);
            });
        });
    }

    void gather_from(Node& node, std::uint32_t other) {
        if constexpr (Ring::led) {
            using Align = typename Ring::Align;
            node.launch(std::unique_ptr<Align>(new Align(node.member().gather())), patience(),
                        [this, &node](Align* align) {
                            if (!gone_on(node, align)) return;
                            operating_ = false;
                            must(node.become_whole(), "a node is whole");
                        });
            return;
        }
        if (NodeId{other} == node.self()) ++other;
        if (other >= nodes_.size()) {
            operating_ = false;
            return must(node.become_whole(), "a node is whole");
        }
        using Repair = typename Ring::Repair;
        node.launch(std::unique_ptr<Repair>(new Repair(node.member().repair_with(NodeId{other}))), patience(),
                    [this, &node, other](Repair* repair) {
                        if (gone_on(node, repair)) gather_from(node, other + 1);
                    });
    }

    // If not it is tried again later, unless the node has died.
    bool gone_on(Node& node, const cluster::Operation* operation) {
        if (operation != nullptr && operation->result()) return true;
        operating_ = false;
        if (operation != nullptr) gather(node, again_us);
        return false;
    }

    static Patience patience() { return {.retry_us = upkeep_expire_us, .expire_us = upkeep_expire_us}; }

    // ---- heartbeats

    void begin_heartbeats() {
        for (Node& node : nodes_) {
            node.detector().accrue(nodes_.size(), node.clock(), options_.detector);
            queue_.after(1 + draws_.below(options_.heartbeat_us), [this, &node] { beat(node); });
        }
    }
    void beat(Node& node) {
        if (ends_) return;
        queue_.after(options_.heartbeat_us, [this, &node] { beat(node); });
        if (!node.answers() || model_.paused(node.self())) return;
        for (Node& other : nodes_)
            if (&other != &node)
                network_.links().send(node.self(), other.self(),
                                      [&node, &other] { other.detector().heard(node.self()); });
    }

    // ---- upkeep

    void keep_up() {
        queue_.after(1 + draws_.below(2 * options_.upkeep_us), [this] {
            if (ends_) return;
            Node& node = nodes_[draws_.below(nodes_.size())];
            Node& other = nodes_[draws_.below(nodes_.size())];
            const std::uint64_t what = draws_.below(100);
            if (node.answers() && &node != &other) {
                if (what < 35)
                    hand_on(node, other, false);
                else if (what < 80 || !options_.purges)
                    repair(node, other, false);
                else
                    purge(node);
            }
            keep_up();
        });
    }

    void hand_on(Node& from, Node& to, bool certain) {
        using HandOn = typename Ring::HandOn;
        from.launch(std::unique_ptr<HandOn>(new HandOn(from.member().hand_on_to(to.self()))), patience(),
                    [this, certain](HandOn* operation) {
                        if (operation == nullptr) return;
                        counts_.handed_on += operation->handed_on();
                        if (certain) must(operation->result(), "hints are handed on when all is well");
                    });
    }

    void repair(Node& from, Node& to, bool certain) {
        if constexpr (Ring::led) return align(from, certain);
        using Repair = typename Ring::Repair;
        from.launch(std::unique_ptr<Repair>(new Repair(from.member().repair_with(to.self()))), patience(),
                    [this, certain](Repair* operation) {
                        if (operation == nullptr) return;
                        counts_.repaired += operation->received() + operation->sent();
                        if (certain) must(operation->result(), "two nodes repair when all is well");
                    });
    }

    void align(Node& node, bool certain) {
        using Align = typename Ring::Align;
        node.launch(std::make_unique<Align>(node.member().coordinator()), patience(),
                    [this, certain](Align* operation) {
                        if (operation == nullptr) return;
                        counts_.repaired += operation->brought();
                        if (certain) must(operation->result(), "followers catch up when all is well");
                    });
    }

    void purge(Node& node) {
        if (std::exchange(operating_, true)) return;
        using Purge = typename Ring::Purge;
        node.launch(std::make_unique<Purge>(node.member().coordinator()), patience(), [this](Purge* operation) {
            operating_ = false;
            if (operation == nullptr) return;
            counts_.purges += operation->result().has_value();
            counts_.forgotten += operation->forgotten();
        });
    }

    // ---- the end

    void settle() {
        if (!queue_.run(1'000'000)) must(failure(Errc::unknown, "settle", "events follow events"), "the ring settles");
    }

    template <class Act>
    void each_pair(Act act) {
        for (Node& from : nodes_)
            for (Node& to : nodes_)
                if (&from != &to && broken_.empty()) act(from, to);
    }

    RingOptions<Ring> options_;
    Draws draws_;
    EventQueue queue_{};
    typename Ring::Placed placed_;
    NetworkModel model_;
    RingNetwork network_;
    std::optional<typename Ring::Time> time_{};
    std::deque<Node> nodes_{};
    Clients clients_;
    std::size_t steps_left_ = 0;
    bool operating_ = false; // one at a time who rebuilds or purges
    bool ends_ = false;
    std::string broken_{};
    Counts counts_{};
};

} // namespace kvilt::sim
