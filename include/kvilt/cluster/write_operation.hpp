// A write of one key to its homes.
#pragma once

#include <kvilt/cluster/cell_buffer.hpp>
#include <kvilt/cluster/coordinator.hpp>
#include <kvilt/cluster/homes.hpp>
#include <kvilt/cluster/operation.hpp>

#include <string>
#include <vector>

namespace kvilt::cluster {

// Borrows its bytes until the operation is done.
struct WriteRequest {
    Bytes key{};
    Kind kind = Kind::put;
    Bytes value{};
    Bytes context{}; // of the fetch whose values it replaces
    Level level = Level::standard;
    bool sync = false;
};

// What a write has reached. More copies may follow.
struct Written {
    std::size_t copies = 0; // that have it
    std::size_t hints = 0;  // nodes that keep it for a home that is away
};

// Phases: `versions` asks for the newest version, where the plan wants that; `update` lets one home make the cell,
// where the policy must see what is there; `write` sends the cell to every home. Before the last two nothing has been
// written, and a failure says so; after that a write that too few have answered is unknown.
template <class Coordinator>
class WriteOperation final : public Operation {
public:
    using C = typename Coordinator::Conflict;
    using R = typename Coordinator::Replication;
    static constexpr std::size_t copies = R::copies;

    WriteOperation(Coordinator& coordinator, const WriteRequest& request)
        : Operation(coordinator.next_operation()), coordinator_(coordinator), request_(request),
          shard_(coordinator.placed().shard_of(request.key)), homes_(coordinator.placed().homes(shard_)),
          era_(coordinator.era()), plan_(R::write_plan(request.level, coordinator.replication())) {}

    void start() override {
        if (!plan_) return finish(std::unexpected(plan_.error()));
        const std::size_t alive = homes_.look(coordinator_);
        if (!plan_->stand_ins) {
            const std::size_t needed = std::max(plan_->needed, plan_->versions_needed);
            if (alive < needed) return refuse(alive, needed);
        }
        if constexpr (C::needs_present)
            begin_update();
        else if (plan_->version_first)
            begin_versions();
        else
            stamp_and_write();
    }

    void reply(const Message& message) override {
        coordinator_.heed(message);
        switch (static_cast<Phase>(phase_of(message))) {
        case Phase::versions:
            return take_version(message);
        case Phase::update:
            return take_update(message);
        case Phase::write:
            return take_acknowledgement(message);
        }
    }

    // Others stand in for homes that have not answered, where the plan allows it.
    void retry() override {
        if (done() || phase_ != Phase::write || !plan_->stand_ins) return;
        Message write = write_message();
        for (auto& place : homes_.places())
            if (place.state != State::answered && place.asked == place.home) stand_in(write, place);
    }

    void expire() override {
        if (done()) return;
        // Never unavailable, which says that nothing was written: a request that came twice may have been carried out
        // before it was refused, and a hint may have been kept.
        if (phase_ == Phase::write && refusal_ && *refusal_ != Errc::unavailable && written_.copies == 0 &&
            homes_.count(State::asked) == 0)
            return fail(*refusal_, "write", "every home that was reached refuses");
        const std::string so_far =
            std::to_string(written_.copies) + " of " + std::to_string(plan_->needed) + " needed nodes have answered";
        if (phase_ == Phase::write ? !sent_ : phase_ == Phase::versions || !sent_)
            return fail(Errc::unavailable, "write", so_far + "; nothing was written: try again when more are well");
        fail(Errc::unknown, "write", so_far + "; it may be there or come later: read before you repeat it");
    }

    const Written& written() const noexcept { return written_; }
    // Once it is done: what was written. It may borrow from the request.
    const std::optional<Cell>& cell() const noexcept { return cell_; }

private:
    enum class Phase : std::uint8_t { versions, update, write };
    using State = typename Homes<copies>::State;
    using Place = typename Homes<copies>::Place;

    Message message(MessageKind kind, Phase phase) {
        return {.kind = kind,
                .era = era_,
                .operation = tag(static_cast<unsigned>(phase)),
                .shard = shard_,
                .sync = request_.sync,
                .key = request_.key};
    }

    void refuse(std::size_t alive, std::size_t needed) {
        fail(Errc::unavailable, "write",
             std::to_string(alive) + " of " + std::to_string(copies) + " homes of the key can be reached, " +
                 std::to_string(needed) + " are needed; nothing was written");
    }

    // ---- versions

    void begin_versions() {
        phase_ = Phase::versions;
        asking_ = true; // answers may come in the call
        Message ask = message(MessageKind::read, Phase::versions);
        for (auto& place : homes_.places()) {
            if (!place.alive) continue;
            homes_.ask(place, place.home);
            coordinator_.send(ask, place.home, *this);
        }
        asking_ = false;
        if (versions_known()) stamp_and_write();
    }

    bool versions_known() const { return !done() && homes_.count(State::answered) >= plan_->versions_needed; }

    [[gnu::noinline]] void take_version(const Message& message) {
        if (phase_ != Phase::versions || done()) return;
        if (homes_.answered_by(message.from, !message.error) == nullptr || message.error) return;
        if (message.cell)
            if (auto seen = coordinator_.observe(*message.cell); !seen) return finish(std::move(seen));
        if (!asking_ && versions_known()) stamp_and_write();
    }

    // ---- update

    // One home makes the cell; to ask a second one might make a second.
    void begin_update() {
        phase_ = Phase::update;
        NodeId chosen = no_node;
        for (const auto& place : homes_.places())
            if (place.alive && (chosen == no_node || place.home == coordinator_.self())) chosen = place.home;
        NodeId hinted_for = no_node;
        if (chosen == no_node && plan_->stand_ins) {
            hinted_for = homes_.places().front().home;
            chosen = first_stand_in();
        }
        if (chosen == no_node) return refuse(0, plan_->needed);
        Message ask = message(MessageKind::update, Phase::update);
        ask.hinted_for = hinted_for;
        ask.write_kind = request_.kind;
        ask.context = request_.context;
        ask.payload = request_.value;
        updater_ = chosen;
        sent_ = true; // even if the reply is lost
        coordinator_.send(ask, chosen, *this);
    }

    [[gnu::noinline]] void take_update(const Message& message) {
        if (phase_ != Phase::update || done() || message.from != updater_) return;
        if (message.error) return finish_with(message, "write");
        if (!message.cell) return fail(Errc::corruption, "write", "a home answers an update without a cell");
        answered_.assign(*message.cell);
        cell_ = answered_.cell();
        write_to_all();
    }

    // ---- write

    void stamp_and_write() {
        auto cell = C::write(nullptr, request_.context, coordinator_.stamp(), request_.kind, request_.value, room_);
        if (!cell) return finish(std::unexpected(std::move(cell).error()));
        cell_ = *cell;
        write_to_all();
    }

    void write_to_all() {
        phase_ = Phase::write;
        homes_.reset();
        Message write = write_message();
        for (auto& place : homes_.places()) {
            if (place.home == updater_) {
                homes_.ask(place, place.home);
                homes_.answered_by(place.home, true);
                ++written_.copies;
            } else if (place.alive) {
                write_to(write, place, place.home);
            } else {
                stand_in(write, place);
            }
        }
        conclude();
    }

    Message write_message() {
        Message write = message(MessageKind::write, Phase::write);
        write.cell = cell_;
        return write;
    }

    void write_to(Message& write, Place& place, NodeId node) {
        write.hinted_for = node == place.home ? no_node : place.home;
        homes_.ask(place, node);
        sent_ = true;
        if (!coordinator_.send(write, node, *this) && place.state == State::asked) place.state = State::failed;
    }

    // A healthy node keeps the cell for a home that is away. It counts in a sloppy quorum, whose plan allows it.
    void stand_in(Message& write, Place& place) {
        const NodeId node = first_stand_in();
        if (plan_->stand_ins)
            node == no_node ? void() : write_to(write, place, node);
        else
            leave_hint(place, node == no_node ? first_alive_home() : node);
    }

    void leave_hint(const Place& place, NodeId keeper) {
        if (keeper == no_node) return;
        Message hint = write_message();
        hint.operation = 0;
        hint.hinted_for = place.home;
        Unheard unheard;
        sent_ = true; // it may be handed on
        written_.hints += coordinator_.send(hint, keeper, unheard);
    }

    NodeId first_alive_home() {
        for (const auto& place : homes_.places())
            if (place.alive) return place.home;
        return no_node;
    }

    NodeId first_stand_in() {
        if (coordinator_.placed().nodes() == copies) return no_node;
        for (const NodeId node : coordinator_.placed().stand_ins(shard_))
            if (!homes_.asks(node) && coordinator_.alive(node)) return node;
        return no_node;
    }

    void take_acknowledgement(const Message& message) {
        if (phase_ != Phase::write) return;
        const Place* place = homes_.answered_by(message.from, !message.error);
        if (place == nullptr) return;
        if (message.error) {
            if (!refusal_) refusal_ = message.error;
            return;
        }
        const bool hint = place->asked != place->home;
        written_.hints += hint;
        if (!hint || plan_->stand_ins) ++written_.copies;
        conclude();
    }

    void conclude() {
        if (written_.copies >= plan_->needed) finish();
    }

    void finish_with(const Message& message, const char* operation) {
        finish(failure(*message.error, operation, std::string(message.payload)));
    }

    Coordinator& coordinator_;
    WriteRequest request_;
    ShardId shard_;
    Homes<copies> homes_;
    std::uint64_t era_;
    Result<WritePlan> plan_;
    Phase phase_ = Phase::versions;
    NodeId updater_ = no_node;
    bool sent_ = false;
    bool asking_ = false;
    std::optional<Errc> refusal_{};
    std::string room_{};    // of the cell, as the next
    CellBuffer answered_{}; // what the home of an update has made
    std::optional<Cell> cell_{};
    Written written_{};
};

} // namespace kvilt::cluster
