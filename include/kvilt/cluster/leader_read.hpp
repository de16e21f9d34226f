// Reads in a ring with leaders: of one key, and of a page of a scan.
#pragma once

#include <kvilt/cluster/bringing_operation.hpp>
#include <kvilt/cluster/cell_buffer.hpp>
#include <kvilt/cluster/leader_order.hpp>
#include <kvilt/cluster/page_operation.hpp>
#include <kvilt/cluster/payload.hpp>
#include <kvilt/cluster/read_operation.hpp>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// The leader is asked for what is read, and the other homes at the same time whether its term stands. As many as are
// needed must stand by it and have, in order, what it answers: those that have not are brought there first. So what is
// returned is what every later leader has, and every write that was acknowledged before is in it.
template <class Coordinator>
class LeaderRead : public BringingOperation<Coordinator> {
public:
    using Base = BringingOperation<Coordinator>;
    using C = typename Coordinator::Conflict;
    using R = typename Coordinator::Replication;
    using typename Base::Purpose;
    using typename Base::Question;

    LeaderRead(Coordinator& coordinator, ShardId shard, Level level, const char* name)
        : Base(coordinator), shard_(shard), level_(level), name_(name) {}

    void expire() override {
        if (this->done()) return;
        this->fail(Errc::unavailable, name_,
                   std::to_string(reached_.replies) + " of " + std::to_string(needed_) + " needed nodes have answered");
    }

    const ReadReached& reached() const noexcept { return reached_; }

protected:
    ShardId shard() const noexcept { return shard_; }

    // What is asked, but for leader and term.
    virtual void describe(Message& request) const = 0;
    // Keeps the answer of the leader; the position up to which others must have its writes.
    virtual Position keep(const Message& reply, const Standing& standing) = 0;

private:
    void begin() override {
        auto plan = R::read_plan(level_, this->coordinator().replication());
        if (!plan) return this->finish(std::unexpected(std::move(plan).error()));
        needed_ = plan->needed;
        this->set_group(this->coordinator().placed().group_of(shard_));
        if (const std::size_t alive = this->alive_homes(); alive < needed_)
            return this->fail(Errc::unavailable, name_,
                              std::to_string(alive) + " of " + std::to_string(R::copies) +
                                  " homes of the key can be reached, " + std::to_string(needed_) + " are needed");
        level_ == Level::one ? ask_any() : this->seek();
    }

    // ---- any home: what it has, which may be old

    void ask_any() {
        NodeId chosen = no_node;
        for (const NodeId home : this->homes()) {
            if (!this->coordinator().alive(home) || std::find(asked_.begin(), asked_.end(), home) != asked_.end())
                continue;
            if (chosen == no_node || home == this->coordinator().self()) chosen = home;
        }
        if (chosen == no_node) return expire();
        asked_.push_back(chosen);
        ask_for_it(chosen, no_node);
    }

    void ask_for_it(NodeId node, NodeId leader) {
        Message request{.hinted_for = leader, .shard = shard_};
        describe(request);
        this->ask(node, Purpose::request, round_, request);
    }

    // ---- the leader, and who stands by it

    void led(const Leader& leader) override {
        ++round_;
        asked_leader_ = leader;
        answered_ = false;
        stood_by_.clear();
        reached_ = {};
        ask_for_it(leader.node, leader.node);
        if (needed_ == 1) return;
        for (const NodeId home : this->homes())
            if (home != leader.node && this->coordinator().alive(home))
                this->ask(home, Purpose::confirm, round_, this->about_group(MessageKind::standing));
    }
    void leaderless(const std::string& why) override {
        if (!this->done()) this->fail(Errc::unavailable, name_, why);
    }

    void take_answer(const Question& question, const Message& reply, const Standing& standing) override {
        if (this->done() || question.round != round_) return;
        if (question.purpose == Purpose::confirm) {
            if (answered_) return this->judge(question.node, standing, true);
            stood_by_.emplace_back(question.node, standing);
            return;
        }
        if (!standing.done) return level_ == Level::one ? ask_any() : seek_anew();
        answered_ = true;
        const Position wanted = keep(reply, standing);
        reached_.replies = 1;
        if (needed_ == 1) return this->finish();
        const Leader leader{standing.promised, question.node};
        this->coordinator().beliefs().trust(this->group(), leader);
        this->expect(leader, {leader.term, wanted.term == leader.term ? wanted.sequence : 0});
        const std::uint64_t round = round_;
        for (const auto& [node, stood] : std::exchange(stood_by_, {})) {
            if (this->done() || round != round_) return;
            this->judge(node, stood, true);
        }
    }

    void refuse_answer(const Question& question, Errc code, Bytes why) override {
        if (this->done() || question.round != round_ || question.purpose != Purpose::request) return;
        if (level_ == Level::one) return ask_any();
        if (code != Errc::unavailable) return this->fail(code, name_, std::string(why));
        ++round_; // there was a fence
        this->canvass();
    }
    void lose_answer(const Question& question) override {
        if (this->done() || question.round != round_ || question.purpose != Purpose::request) return;
        if (level_ == Level::one) return ask_any();
        this->doubt(asked_leader_);
        seek_anew();
    }

    void have(NodeId) override {
        if (this->done()) return;
        if (++reached_.replies >= needed_) this->finish();
    }
    void miss(NodeId) override {}
    void deposed() override {
        if (!this->done()) seek_anew();
    }

    void seek_anew() {
        ++round_;
        this->seek();
    }

    ShardId shard_;
    Level level_;
    const char* name_;
    std::size_t needed_ = 1;
    std::uint64_t round_ = 0;
    Leader asked_leader_{};
    bool answered_ = false;
    std::vector<std::pair<NodeId, Standing>> stood_by_{}; // before the leader has answered
    std::vector<NodeId> asked_{};
    ReadReached reached_{};
};

// The cell of one key.
template <class Coordinator>
class LeaderKeyRead final : public LeaderRead<Coordinator> {
public:
    using Base = LeaderRead<Coordinator>;
    using C = typename Coordinator::Conflict;

    // `key` is borrowed until the operation is done.
    LeaderKeyRead(Coordinator& coordinator, Bytes key, Level level)
        : Base(coordinator, coordinator.placed().shard_of(key), level, "read"), key_(key) {}

    // Once it is done: what is there, if anything.
    const std::optional<Cell>& cell() const noexcept { return cell_.cell(); }

private:
    void describe(Message& request) const override {
        request.kind = MessageKind::read;
        request.key = key_;
    }
    Position keep(const Message& reply, const Standing&) override {
        cell_.clear();
        if (!reply.cell) return {};
        cell_.assign(*reply.cell);
        return C::position(*reply.cell);
    }

    Bytes key_;
    CellBuffer cell_{};
};

// One page of a scan over a shard.
template <class Coordinator>
class LeaderPage final : public LeaderRead<Coordinator> {
public:
    using Base = LeaderRead<Coordinator>;
    using Page = KeyPage;

    LeaderPage(Coordinator& coordinator, PageRequest request)
        : Base(coordinator, request.shard, Level::standard, "scan"), request_(std::move(request)) {}

    // Once it is done well: as PageOperation.
    template <class ValueOf>
    Result<Page> page(ValueOf value_of) const {
        Page page;
        Bytes last;
        Result<void> valued;
        const bool read = payload::for_each_cell(cells_, [&](const payload::Entry& entry) {
            last = entry.key;
            if (!valued) return;
            auto value = value_of(entry.cell);
            if (!value)
                valued = std::unexpected(std::move(value).error());
            else if (*value)
                page.pairs.emplace_back(entry.key, std::move(**value));
        });
        if (!read) return failure(Errc::corruption, "scan", "an answer is malformed");
        KVILT_TRY(valued);
        if (more_) page.next = request_.reverse ? std::string(last) : std::string(last) + '\0';
        return page;
    }

private:
    void describe(Message& request) const override {
        request.kind = MessageKind::page;
        request.number = request_.bytes;
        request.reverse = request_.reverse;
        request.key = request_.from;
    }
    Position keep(const Message& reply, const Standing& standing) override {
        cells_ = reply.payload;
        more_ = reply.number != 0;
        return standing.position;
    }

    PageRequest request_;
    std::string cells_{};
    bool more_ = false;
};

} // namespace kvilt::cluster
