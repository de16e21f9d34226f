// What an operation needs of the one who coordinates it: placement, clock, network, and whom it believes to be well.
#pragma once

#include <kvilt/cluster/beliefs.hpp>
#include <kvilt/cluster/grouped_placements.hpp>
#include <kvilt/cluster/payload.hpp>
#include <kvilt/cluster/suspicion.hpp>
#include <kvilt/conflict/concept.hpp>
#include <kvilt/core/checksum.hpp>
#include <kvilt/core/hybrid_clock.hpp>
#include <kvilt/core/threads.hpp>
#include <kvilt/env/environment.hpp>
#include <kvilt/env/network.hpp>
#include <kvilt/replication/concept.hpp>

#include <atomic>
#include <string>
#include <type_traits>
#include <vector>

namespace kvilt::cluster {

// A reply that nobody waits for.
class Unheard final : public ReplySink {
public:
    void reply(const Message&) override {}
};

// The clock of a policy's stamps; one that has no times in them still wants none to go back.
template <ConflictPolicy C>
struct ClockOf {
    using type = clocks::Hybrid;
    static clocks::Options options(const typename C::Options&) noexcept { return {}; }
};
template <ConflictPolicy C>
    requires requires { typename C::Clock; }
struct ClockOf<C> {
    using type = typename C::Clock;
    static const clocks::Options& options(const typename C::Options& options) noexcept { return options; }
};

// Thread-safe under threads::Many. `self` is a node, or the number behind the last one for a store's own front, which
// no cut separates from the nodes.
template <ThreadsTag Threads, PartitionPolicy Partition_, ReplicationPolicy Replication_, ConflictPolicy Conflict_>
class Coordinator {
public:
    using Partition = Partition_;
    using Replication = Replication_;
    using Conflict = Conflict_;
    static constexpr bool led = Replication::kind == ReplicationKind::leader;
    using Placed = std::conditional_t<led, GroupedPlacements<Partition>, Placements<Partition>>;

    using Time = typename ClockOf<Conflict>::type::template Source<Threads>;

    Coordinator(NodeId self, std::uint32_t incarnation, const Placed& placed, Network& network, Clock& wall,
                Time& clock, const typename Replication::Options& replication)
        : self_(self), incarnation_(incarnation), placed_(placed), network_(network), wall_(wall), clock_(clock),
          replication_(replication), operations_(mix(self.number + 1, incarnation) >> 20), beliefs_(placed) {}

    NodeId self() const noexcept { return self_; }
    const Placed& placed() const noexcept { return placed_; }
    const typename Replication::Options& replication() const noexcept { return replication_; }

    void set_suspicion(const Suspicion* suspicion) noexcept { suspicion_ = suspicion; }

    bool alive(NodeId node) const {
        if (node == self_) return true;
        if (!network_.connected(self_, node)) return false;
        return suspicion_ == nullptr || !suspicion_->suspects(node);
    }

    WriteStamp stamp() { return {self_, incarnation_, clock_.now(wall_us())}; } // unique

    // What is written from now on is later than `cell`. Errc::clock_ahead.
    [[gnu::always_inline]] Result<void> observe(const Cell& cell) { return observe(Conflict::time(cell)); }
    [[gnu::always_inline]] Result<void> observe(std::uint64_t time) {
        if (time <= clock_.last()) return {};
        if (clock_.observe(time, wall_seen_us_.load(std::memory_order_relaxed)))
            return {}; // the wall has moved on since
        return clock_.observe(time, wall_us());
    }

    std::uint64_t wall_us() {
        const std::uint64_t now_us = wall_.wall_us();
        wall_seen_us_.store(now_us, std::memory_order_relaxed);
        return now_us;
    }
    // No life of a node goes on with the numbers of a former one, whose replies may still be under way.
    std::uint64_t next_operation() noexcept { return operations_.fetch_add(1, std::memory_order_relaxed); }

    std::uint64_t era() const noexcept { return era_.load(std::memory_order_acquire); }
    void learn_era(std::uint64_t era) noexcept {
        if (era > era_.load(std::memory_order_acquire)) era_.store(era, std::memory_order_release);
    }

    // A refusal tells of a fence that has not come here yet, and of a time that is behind all that was purged before
    // it.
    void heed(const Message& reply) {
        if (reply.error) heed_refusal(reply);
    }

    // Behind all times that were given or observed here, as refusals and fences tell it. Nothing where stamps have no
    // times: then clocks may differ as they like.
    std::string reached() {
        if constexpr (requires { typename Conflict::Clock; })
            return payload::numbers(std::vector<std::uint64_t>{stamp().time});
        else
            return {};
    }
    Result<void> observe_all(Bytes times) {
        for (const std::uint64_t time : payload::read_numbers<std::uint64_t>(times)) KVILT_TRY(observe(time));
        return {};
    }

    // Who leads which group.
    Beliefs<Threads>& beliefs() noexcept
        requires led
    {
        return beliefs_;
    }

    // False: no reply will come.
    bool send(Message& message, NodeId to, ReplySink& sink) {
        message.from = self_;
        message.to = to;
        message.epoch = placed_.epoch();
        return network_.send(message, sink);
    }

private:
    void heed_refusal(const Message& reply) {
        if (*reply.error != Errc::unavailable || reply.number <= era()) return;
        if (observe_all(reply.context)) learn_era(reply.number);
    }

    struct NoBeliefs {
        explicit NoBeliefs(const Placed&) noexcept {}
    };
    struct OfGroups : Beliefs<Threads> {
        explicit OfGroups(const Placed& placed) : Beliefs<Threads>(placed.groups()) {}
    };

    NodeId self_;
    std::uint32_t incarnation_;
    const Placed& placed_;
    Network& network_;
    Clock& wall_;
    Time& clock_;
    typename Replication::Options replication_;
    const Suspicion* suspicion_ = nullptr;
    typename Threads::template Atomic<std::uint64_t> wall_seen_us_{0};
    typename Threads::template Atomic<std::uint64_t> era_{0};
    typename Threads::template Atomic<std::uint64_t> operations_; // below 2^48: see Operation::phases
    [[no_unique_address]] std::conditional_t<led, OfGroups, NoBeliefs> beliefs_;
};

} // namespace kvilt::cluster
