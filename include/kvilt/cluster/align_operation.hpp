// Brings followers to where their leaders stand, group by group: the repair of a ring with leaders.
#pragma once

#include <kvilt/cluster/bringing_operation.hpp>
#include <kvilt/cluster/payload.hpp>

#include <functional>
#include <string>
#include <utility>

namespace kvilt::cluster {

// Of all groups, or of those that one node is a home of. A home that cannot be reached is passed over; a group without
// a leader too, and says why in the end. What comes back has none of an old leader's writes that the present one has
// not.
template <class Coordinator>
class AlignOperation final : public BringingOperation<Coordinator> {
public:
    using Base = BringingOperation<Coordinator>;
    using typename Base::Purpose;
    using typename Base::Question;

    // `here` takes what is sent to this node itself, before it can be reached by others; then nobody but it is aligned.
    using Here = std::function<void(const Message&, ReplySink&)>;
    explicit AlignOperation(Coordinator& coordinator, NodeId node = no_node, Here here = {})
        : Base(coordinator), node_(node), here_(std::move(here)) {}

    void expire() override {
        if (!this->done()) this->fail(Errc::unavailable, "catch up", "a node does not answer");
    }

    std::uint64_t aligned() const noexcept { return aligned_; } // followers

private:
    void begin() override { next_group(); }

    void next_group() {
        const auto& placed = this->coordinator().placed();
        while (at_ < placed.groups() && node_ != no_node && !placed.is_home(placed.first_shard(at_), node_)) ++at_;
        if (at_ == placed.groups()) return this->finish(std::move(result_));
        this->set_group(at_++, here_ ? node_ : no_node);
        this->seek();
    }

    void led(const Leader& leader) override {
        asked_ = leader;
        ++round_;
        this->ask(leader.node, Purpose::request, round_, this->about_group(MessageKind::standing));
    }
    void leaderless(const std::string& why) override {
        if (this->done()) return;
        ++round_;
        if (result_) result_ = failure(Errc::unavailable, "catch up", why);
        next_group();
    }

    void take_answer(const Question& question, const Message&, const Standing& standing) override {
        if (this->done() || question.round != round_) return;
        if (question.purpose == Purpose::confirm) return this->judge(question.node, standing, true);
        if (!standing.leads) return seek_anew();
        this->expect({standing.promised, question.node}, standing.position);
        waiting_ = 0;
        for (const NodeId home : this->homes()) {
            if (home == question.node || (here_ ? home != node_ : !this->coordinator().alive(home))) continue;
            ++waiting_;
            this->ask(home, Purpose::confirm, round_, this->about_group(MessageKind::standing));
        }
        if (waiting_ == 0) next_group();
    }
    void refuse_answer(const Question& question, Errc, Bytes why) override {
        if (this->done() || question.round != round_) return;
        if (question.purpose == Purpose::request) return leaderless(std::string(why));
        miss(question.node);
    }
    void lose_answer(const Question& question) override {
        if (this->done() || question.round != round_) return;
        if (question.purpose == Purpose::confirm) return miss(question.node);
        this->doubt(asked_);
        seek_anew();
    }

    void have(NodeId) override {
        ++aligned_;
        if (--waiting_ == 0) next_group();
    }
    void miss(NodeId node) override {
        if (result_)
            result_ = failure(Errc::unavailable, "catch up",
                              "node " + std::to_string(node.number) + " is not where its leader stands");
        if (--waiting_ == 0) next_group();
    }
    void deposed() override {
        if (!this->done()) seek_anew();
    }
    void seek_anew() {
        ++round_;
        this->seek();
    }

    bool send(Message& message, NodeId to) override {
        if (!here_ || to != this->coordinator().self()) return Base::send(message, to);
        message.from = message.to = to;
        message.epoch = this->coordinator().placed().epoch();
        here_(message, *this);
        return true;
    }

    NodeId node_;
    Here here_;
    GroupId at_ = 0;
    std::uint64_t round_ = 0;
    Leader asked_{};
    std::size_t waiting_ = 0;
    std::uint64_t aligned_ = 0;
    Result<void> result_{};
};

} // namespace kvilt::cluster
