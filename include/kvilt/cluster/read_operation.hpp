// A read of one key from its homes.
#pragma once

#include <kvilt/cluster/cell_buffer.hpp>
#include <kvilt/cluster/coordinator.hpp>
#include <kvilt/cluster/homes.hpp>
#include <kvilt/cluster/operation.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace kvilt::cluster {

// What a read has reached.
struct ReadReached {
    std::size_t replies = 0;
    std::size_t repaired = 0; // homes that were told of something newer
};

// Phases: `read` asks as many homes as must answer, and more where some do not; `write_back` brings the join to enough
// homes before it is returned, where the plan wants that. Homes that answered with less are told at the end.
template <class Coordinator>
class ReadOperation final : public Operation {
public:
    using C = typename Coordinator::Conflict;
    using R = typename Coordinator::Replication;
    static constexpr std::size_t copies = R::copies;

    // `key` is borrowed until the operation is done.
    ReadOperation(Coordinator& coordinator, Bytes key, Level level)
        : Operation(coordinator.next_operation()), coordinator_(coordinator), key_(key),
          shard_(coordinator.placed().shard_of(key)), homes_(coordinator.placed().homes(shard_)),
          era_(coordinator.era()), plan_(R::read_plan(level, coordinator.replication())) {}

    void start() override {
        if (!plan_) return finish(std::unexpected(plan_.error()));
        const std::size_t alive = homes_.look(coordinator_);
        if (alive < plan_->needed && !plan_->stand_ins)
            return fail(Errc::unavailable, "read",
                        std::to_string(alive) + " of " + std::to_string(copies) + " homes of the key can be reached, " +
                            std::to_string(plan_->needed) + " are needed");
        asking_ = true; // answers may come in the call
        Message read = message(MessageKind::read, Phase::read);
        std::size_t expected = 0;
        for (auto& place : homes_.places())
            if (place.home == coordinator_.self()) expected += ask(read, place, place.home);
        for (auto& place : homes_.places())
            if (expected < plan_->needed && place.state == State::idle && place.alive)
                expected += ask(read, place, place.home);
        asking_ = false;
        proceed();
    }

    void reply(const Message& message) override {
        coordinator_.heed(message);
        if (phase_ == Phase::read && phase_of(message) == 0)
            take_answer(message);
        else if (phase_ == Phase::write_back && phase_of(message) == 1)
            take_acknowledgement(message);
    }

    // Whoever has not been asked yet.
    void retry() override {
        if (done() || phase_ != Phase::read) return;
        asking_ = true;
        Message read = message(MessageKind::read, Phase::read);
        for (auto& place : homes_.places())
            if (place.state == State::idle && coordinator_.alive(place.home)) ask(read, place, place.home);
        if (plan_->stand_ins)
            for (auto& place : homes_.places())
                if (place.state != State::answered && !stood_in(place)) ask_stand_in(read, place);
        asking_ = false;
        proceed();
    }

    void expire() override {
        if (done()) return;
        if (damage_ && reached_.replies == 0)
            return fail(Errc::corruption, "read", "every home that answers finds its copy damaged: repair the nodes");
        fail(Errc::unavailable, "read",
             std::to_string(reached_.replies) + " of " + std::to_string(plan_->needed) + " needed nodes have answered");
    }

    // Once it is done: what the homes say together, if anything.
    const std::optional<Cell>& cell() const noexcept { return joined_.cell(); }
    const ReadReached& reached() const noexcept { return reached_; }

private:
    enum class Phase : std::uint8_t { read, write_back };
    using State = typename Homes<copies>::State;
    using Place = typename Homes<copies>::Place;

    static bool stood_in(const Place& place) noexcept { return place.asked != no_node && place.asked != place.home; }

    Message message(MessageKind kind, Phase phase) const {
        return {
            .kind = kind, .era = era_, .operation = tag(static_cast<unsigned>(phase)), .shard = shard_, .key = key_};
    }

    // False: no answer will come.
    bool ask(Message& read, Place& place, NodeId node) {
        read.hinted_for = node == place.home ? no_node : place.home;
        homes_.ask(place, node);
        if (!coordinator_.send(read, node, *this) && place.state == State::asked) place.state = State::failed;
        return place.state != State::failed;
    }
    void ask_stand_in(Message& read, Place& place) {
        for (const NodeId node : coordinator_.placed().stand_ins(shard_))
            if (!homes_.asks(node) && coordinator_.alive(node)) return void(ask(read, place, node));
    }

    void take_answer(const Message& message) {
        Place* place = homes_.answered_by(message.from, !message.error);
        if (place == nullptr) return;
        if (message.error) {
            damage_ = damage_ || *message.error == Errc::corruption;
            if (!asking_) retry();
            return;
        }
        ++reached_.replies;
        auto& said = said_[static_cast<std::size_t>(place - homes_.places().data())];
        said = Joined<C>::nothing;
        if (message.cell) {
            (void)coordinator_.observe(*message.cell); // a time too far ahead was refused when it was written
            said = joined_.add(*message.cell);
        }
        if (!asking_) proceed();
    }

    void proceed() {
        if (done() || phase_ != Phase::read || reached_.replies < plan_->needed) return;
        agreed_ = joined_.version();
        const bool agree = count_agreeing() == reached_.replies;
        if (plan_->write_back && agreed_ != Joined<C>::nothing && !(agree && plan_->agreement_is_enough))
            return write_back();
        finish();
        if (plan_->repair && !agree) repair();
    }

    std::size_t count_agreeing() {
        std::size_t agreeing = 0;
        for (std::size_t at = 0; at < copies; ++at)
            agreeing += homes_.places()[at].state == State::answered && said_[at] == agreed_;
        return agreeing;
    }

    // ---- what is returned is on enough homes

    void write_back() {
        phase_ = Phase::write_back;
        for (std::size_t at = 0; at < copies; ++at)
            has_[at] = homes_.places()[at].state == State::answered && said_[at] == agreed_;
        homes_.reset();
        asking_ = true;
        for (std::size_t at = 0; at < copies; ++at) {
            Place& place = homes_.places()[at];
            if (has_[at]) {
                homes_.ask(place, place.home);
                homes_.answered_by(place.home, true);
            } else if (coordinator_.alive(place.home)) {
                homes_.ask(place, place.home);
                ++reached_.repaired;
                tell(place.home, *this, tag(1), true);
            }
        }
        asking_ = false;
        conclude_write_back();
    }

    void take_acknowledgement(const Message& message) {
        if (homes_.answered_by(message.from, !message.error) != nullptr && !asking_) conclude_write_back();
    }
    void conclude_write_back() {
        if (homes_.count(State::answered) >= plan_->write_back_needed) finish();
    }

    // ---- homes that answered with less

    void repair() {
        Unheard unheard;
        for (std::size_t at = 0; at < copies; ++at) {
            const Place& place = homes_.places()[at];
            if (place.state != State::answered || said_[at] == agreed_) continue;
            if (place.asked != place.home) continue; // a stand-in hands on what it has
            ++reached_.repaired;
            tell(place.home, unheard, 0, false);
        }
    }

    void tell(NodeId node, ReplySink& sink, std::uint64_t operation, bool sync) {
        Message write = message(MessageKind::write, Phase::write_back);
        write.operation = operation;
        write.cell = joined_.cell();
        write.sync = sync;
        coordinator_.send(write, node, sink);
    }

    Coordinator& coordinator_;
    Bytes key_;
    ShardId shard_;
    Homes<copies> homes_;
    std::uint64_t era_;
    Result<ReadPlan> plan_;
    Phase phase_ = Phase::read;
    bool asking_ = false;
    bool damage_ = false;
    Joined<C> joined_{};
    std::size_t agreed_ = Joined<C>::nothing; // the join's version
    std::array<std::size_t, copies> said_{};  // versions
    std::array<bool, copies> has_{};
    ReadReached reached_{};
};

} // namespace kvilt::cluster
