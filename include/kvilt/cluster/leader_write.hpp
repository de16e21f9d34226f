// A write of one key in a ring with leaders.
#pragma once

#include <kvilt/cluster/bringing_operation.hpp>
#include <kvilt/cluster/cell_buffer.hpp>
#include <kvilt/cluster/leader_order.hpp>
#include <kvilt/cluster/payload.hpp>
#include <kvilt/cluster/write_operation.hpp>

#include <optional>
#include <string>
#include <utility>

namespace kvilt::cluster {

// The leader makes the cell, which has its place in the order then, and the coordinator brings it to the other homes.
// It is asked once: before it has answered yes nothing is written, unless its answer is lost; afterwards the write is
// unknown until enough homes have it in order.
template <class Coordinator>
class LeaderWrite final : public BringingOperation<Coordinator> {
public:
    using Base = BringingOperation<Coordinator>;
    using C = typename Coordinator::Conflict;
    using R = typename Coordinator::Replication;
    using typename Base::Purpose;
    using typename Base::Question;

    LeaderWrite(Coordinator& coordinator, const WriteRequest& request)
        : Base(coordinator), request_(request), shard_(coordinator.placed().shard_of(request.key)) {}

    void expire() override {
        if (this->done()) return;
        if (!sent_)
            return this->fail(Errc::unavailable, "write",
                              "the leader of the key does not answer; nothing was written: try again");
        this->fail(Errc::unknown, "write",
                   std::to_string(written_.copies) + " of " + std::to_string(needed_) +
                       " needed nodes have answered; it may be there or come later: read before you repeat it");
    }

    const Written& written() const noexcept { return written_; }
    // Once it is done: what was written.
    const std::optional<Cell>& cell() const noexcept { return cell_.cell(); }

private:
    void begin() override {
        auto plan = R::write_plan(request_.level, this->coordinator().replication());
        if (!plan) return this->finish(std::unexpected(std::move(plan).error()));
        needed_ = plan->needed;
        this->set_group(this->coordinator().placed().group_of(shard_));
        if (const std::size_t alive = this->alive_homes(); alive < needed_)
            return this->fail(Errc::unavailable, "write",
                              std::to_string(alive) + " of " + std::to_string(R::copies) +
                                  " homes of the key can be reached, " + std::to_string(needed_) +
                                  " are needed; nothing was written");
        this->seek();
    }

    void led(const Leader& leader) override {
        if (sent_) return;
        asked_ = leader;
        Message update = this->about_group(MessageKind::update, leader);
        update.shard = shard_;
        update.key = request_.key;
        update.write_kind = request_.kind;
        update.context = request_.context;
        update.payload = request_.value;
        update.sync = request_.sync;
        sent_ = true; // even if the reply is lost
        this->ask(leader.node, Purpose::request, 0, update);
    }
    void leaderless(const std::string& why) override {
        if (!this->done()) this->fail(Errc::unavailable, "write", why + "; nothing was written");
    }

    void take_answer(const Question& question, const Message& reply, const Standing& standing) override {
        if (question.purpose == Purpose::follow) return this->judge(question.node, standing, !this->done());
        if (!standing.done) {
            sent_ = false;
            return this->seek();
        }
        coding::Reader reader(reply.payload);
        const Position before = Position::read(reader);
        if (!reader.ok() || !reply.cell || !C::well_formed(*reply.cell))
            return this->fail(Errc::corruption, "write", "the leader answers an update without a cell");
        cell_.assign(*reply.cell);
        const Position at = C::position(*reply.cell);
        this->coordinator().beliefs().trust(this->group(), {at.term, question.node});
        this->expect({at.term, question.node}, at);
        written_.copies = 1;
        send_to_followers(before);
        conclude();
    }

    void send_to_followers(Position before) {
        std::string context;
        before.append_to(context);
        for (const NodeId home : this->homes()) {
            if (home == this->leader().node || !this->coordinator().alive(home)) continue;
            Message follow = this->about_group(MessageKind::follow, this->leader());
            follow.shard = shard_;
            follow.key = request_.key;
            follow.sync = request_.sync;
            follow.cell = cell_.cell();
            this->ask(home, Purpose::follow, 0, follow, {context, {}});
        }
    }

    // Nothing was written, if the leader says so.
    void refuse_answer(const Question& question, Errc code, Bytes why) override {
        if (question.purpose != Purpose::request) return;
        if (code != Errc::unavailable) return this->fail(code, "write", std::string(why));
        sent_ = false; // there was a fence
        this->canvass();
    }
    void lose_answer(const Question& question) override {
        if (question.purpose == Purpose::request) this->doubt(asked_);
    }

    void have(NodeId) override {
        ++written_.copies;
        conclude();
    }
    void miss(NodeId) override {}
    // A later leader has it or has not.
    void deposed() override {}

    void conclude() {
        if (written_.copies >= needed_) this->finish();
    }

    WriteRequest request_;
    ShardId shard_;
    std::size_t needed_ = 1;
    Leader asked_{};
    bool sent_ = false;
    CellBuffer cell_{};
    Written written_{};
};

} // namespace kvilt::cluster
