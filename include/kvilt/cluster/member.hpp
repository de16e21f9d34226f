// One node of a ring: an engine, the side that answers, and the side that coordinates.
#pragma once

#include <kvilt/cluster/align_operation.hpp>
#include <kvilt/cluster/fence_operation.hpp>
#include <kvilt/cluster/hand_on_operation.hpp>
#include <kvilt/cluster/leader_read.hpp>
#include <kvilt/cluster/leader_replica.hpp>
#include <kvilt/cluster/leader_write.hpp>
#include <kvilt/cluster/purge_operation.hpp>
#include <kvilt/cluster/read_operation.hpp>
#include <kvilt/cluster/repair_operation.hpp>
#include <kvilt/cluster/replica.hpp>
#include <kvilt/cluster/write_operation.hpp>

#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace kvilt::cluster {

// What a ring is made of.
template <class P_, PartitionPolicy Partition_, ReplicationPolicy Replication_>
struct RingParts {
    using P = P_;
    using Partition = Partition_;
    using Replication = Replication_;
    using Conflict = typename P::Conflict;
    using Threads = typename P::Threads;
    using Coordinator = cluster::Coordinator<Threads, Partition, Replication, Conflict>;
    using Placed = typename Coordinator::Placed;
    static constexpr bool led = Coordinator::led;
    using Time = typename Coordinator::Time;
    template <class WithLeaders, class Without>
    using Choose = std::conditional_t<led, WithLeaders, Without>;
    using Replica = Choose<LeaderReplica<P, Coordinator>, cluster::Replica<P, Coordinator>>;
    using Write = Choose<LeaderWrite<Coordinator>, WriteOperation<Coordinator>>;
    using Read = Choose<LeaderKeyRead<Coordinator>, ReadOperation<Coordinator>>;
    using Pages = Choose<LeaderPage<Coordinator>, PageOperation<Coordinator>>;
    using Align = AlignOperation<Coordinator>; // with leaders
    using Repair = RepairOperation<P, Coordinator>;
    using HandOn = HandOnOperation<P, Coordinator>;
    using Purge = PurgeOperation<Coordinator>;
};

// What a member is told of the ring; all of it outlives the member.
template <class Ring>
struct RingContext {
    const typename Ring::Placed& placed;
    Network& network;
    Environment environment;
    typename Ring::Replication::Options replication{};
    typename Ring::Conflict::Options conflict{};
    const Suspicion* suspicion = nullptr;
    typename Ring::Time* shared_time = nullptr; // the clock of all, where the policy says so
};

// The life of a node from one opening of its engine to its end. It is the same type in one process and in a simulation.
// Thread-safe under threads::Many.
template <class Ring>
class Member {
public:
    using P = typename Ring::P;
    using Engine = engine::Engine<P>;
    using Coordinator = typename Ring::Coordinator;

    static Result<std::unique_ptr<Member>> open(NodeId self, std::unique_ptr<Engine> engine,
                                                const RingContext<Ring>& context) {
        auto member = std::unique_ptr<Member>(new Member(std::move(engine), context));
        KVILT_TRY(member->begin(self, context));
        return member;
    }

    void receive(const Message& request, ReplySink& sink) { replica_->serve(request, sink); }

    // A node that has lost its memory must not carry out what was sent before the fences that it saw, nor ever stamp
    // below what was purged before them: see FenceOperation.
    Result<void> enter_era(std::uint64_t era) {
        KVILT_TRY(memory_.reach(coordinator_->stamp().time, 0));
        KVILT_TRY(memory_.set_era(era));
        coordinator_->learn_era(era);
        return {};
    }

    // An orderly end: nothing may be called afterwards. Where there is no room to say so, the next life has another
    // number and computes its digests anew: no data is lost by it.
    Result<void> close() {
        (void)mark_end();
        return engine_->close();
    }

    Coordinator& coordinator() noexcept { return *coordinator_; }
    Engine& engine() noexcept { return *engine_; }
    const Engine& engine() const noexcept { return *engine_; }
    Copies<P>& copies() noexcept { return *copies_; }
    Hints<P>& hints() noexcept { return hints_; }
    NodeMemory<P>& memory() noexcept { return memory_; }
    std::uint64_t losses() const noexcept { return replica_->losses(); }
    std::uint64_t damages() const noexcept { return replica_->damages(); }

    typename Ring::Repair repair_with(NodeId peer, bool compares_only = false) {
        return {*coordinator_, *copies_, *comparer_, peer, compares_only};
    }
    // Takes from the leaders all that it lacks, before others can reach it.
    typename Ring::Align gather()
        requires(Ring::led)
    {
        return
            typename Ring::Align(*coordinator_, coordinator_->self(),
                                 [this](const Message& request, ReplySink& sink) { replica_->serve(request, sink); });
    }
    typename Ring::HandOn hand_on_to(NodeId peer) { return {*coordinator_, hints_, peer}; }

private:
    Member(std::unique_ptr<Engine> engine, const RingContext<Ring>& context)
        : engine_(std::move(engine)), memory_(*engine_), hints_(*engine_, memory_, limits_of(context.replication)) {}

    Result<void> mark_end() {
        if constexpr (P::on_disk) KVILT_TRY(memory_.write_text("digests", copies_->tree().text()));
        return memory_.end();
    }

    Result<void> begin(NodeId self, const RingContext<Ring>& context) {
        KVILT_TRY(memory_.open(*context.environment.random));
        KVILT_TRY(hints_.open());
        using Options = ClockOf<typename Ring::Conflict>;
        time_.emplace(Options::options(context.conflict), memory_.time());
        coordinator_.emplace(self, memory_.incarnation(), context.placed, context.network, *context.environment.clock,
                             context.shared_time == nullptr ? *time_ : *context.shared_time, context.replication);
        coordinator_->set_suspicion(context.suspicion);
        coordinator_->learn_era(memory_.era());
        copies_.emplace(*engine_, memory_, context.placed.shards());
        if (memory_.goes_on()) {
            KVILT_TRY_ASSIGN(digests, memory_.read_text("digests"));
            (void)copies_->tree().read(digests); // or they are made anew
        }
        comparer_.emplace(*copies_);
        replica_.emplace(memory_, *copies_, *comparer_, hints_, *coordinator_);
        if constexpr (Ring::led) KVILT_TRY(replica_->open());
        return {};
    }

    static HintLimits limits_of(const typename Ring::Replication::Options& options) {
        HintLimits limits;
        if constexpr (requires { options.hint_bytes_max; }) {
            limits.bytes_max = options.hint_bytes_max;
            limits.age_us_max = options.hint_age_s_max * 1'000'000;
        }
        return limits;
    }

    std::unique_ptr<Engine> engine_;
    NodeMemory<P> memory_;
    Hints<P> hints_;
    std::optional<typename Ring::Time> time_{};
    std::optional<Coordinator> coordinator_{};
    std::optional<Copies<P>> copies_{};
    std::optional<Comparer<P>> comparer_{};
    std::optional<typename Ring::Replica> replica_{};
};

} // namespace kvilt::cluster
