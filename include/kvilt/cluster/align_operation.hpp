// Brings followers to where their leaders stand, group by group: the repair of a ring with leaders.
#pragma once

#include <kvilt/cluster/bringing_operation.hpp>
#include <kvilt/cluster/payload.hpp>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

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
    using typename Base::R;

    // `here` takes what is sent to this node itself, before it can be reached by others; then nobody but it is aligned,
    // and where it votes without being a home it learns what it may have promised. All others must have been fenced.
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
        while (at_ < placed.groups() && !is_home(at_) && !recalls(at_)) ++at_;
        if (at_ == placed.groups()) return this->finish(std::move(result_));
        this->set_group(at_++, here_ ? node_ : no_node);
        recalls(this->group()) ? recall() : this->seek();
    }
    bool is_home(GroupId group) const {
        const auto& placed = this->coordinator().placed();
        return node_ == no_node || placed.is_home(placed.first_shard(group), node_);
    }
    bool recalls(GroupId group) const { return here_ && R::all_nodes_vote && !is_home(group); }

    // ---- what a voter may have promised before it lost its memory
    //
    // Who was elected by its lost vote led before the fence, or not at all: so a home knows of that term, or of a later
    // one. In such a term no other one is promised anything.

    void recall() {
        ++round_;
        promised_ = {0, no_node};
        waiting_ = this->homes().size();
        for (const NodeId home : this->homes())
            this->ask(home, Purpose::recall, round_, this->about_group(MessageKind::standing));
    }
    void take_recalled(NodeId home, const Standing& standing) {
        if (standing.promised > promised_.term) promised_ = {standing.promised, no_node};
        if (standing.promised == promised_.term && standing.leads) promised_.node = home;
        if (--waiting_ != 0) return;
        if (promised_.term == 0) return next_group();
        this->ask(node_, Purpose::promise, round_, this->about_group(MessageKind::vote, promised_), {nowhere(), {}});
    }
    void fail_to_recall(NodeId node) {
        ++round_;
        if (result_)
            result_ = failure(Errc::unavailable, "rebuild node",
                              "node " + std::to_string(node.number) + " does not say whom the lost node had voted for");
        next_group();
    }
    static std::string nowhere() {
        std::string text;
        Position{}.append_to(text);
        return text;
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

    void take_answer(const Question& question, const Message& reply, const Standing& standing) override {
        if (this->done()) return;
        if (question.purpose >= Purpose::erased) return take_swept(question, reply, standing);
        if (question.round != round_) return;
        if (question.purpose == Purpose::recall) return take_recalled(question.node, standing);
        if (question.purpose == Purpose::promise) // it may have promised that before, when this was begun once already
            return standing.promised >= promised_.term ? next_group() : fail_to_recall(question.node);
        if (question.purpose == Purpose::confirm) return this->judge(question.node, standing, true);
        if (!standing.leads) return seek_anew();
        this->expect({standing.promised, question.node}, standing.position);
        waiting_ = 0;
        sweeps_.clear();
        sweeps_.reserve(R::copies); // messages refer to them
        for (const NodeId home : this->homes()) {
            if (home == question.node || (here_ ? home != node_ : !this->coordinator().alive(home))) continue;
            ++waiting_;
            this->ask(home, Purpose::confirm, round_, this->about_group(MessageKind::standing));
        }
        if (waiting_ == 0) next_group();
    }
    void refuse_answer(const Question& question, Errc code, Bytes why) override {
        if (this->done()) return;
        if (question.purpose >= Purpose::erased) return end_sweep(question);
        if (question.round != round_) return;
        if (question.purpose >= Purpose::recall) return fail_to_recall(question.node);
        if (code == Errc::unavailable) { // there was a fence
            ++round_;
            return this->canvass();
        }
        if (question.purpose == Purpose::request) return leaderless(std::string(why));
        miss(question.node);
    }
    void lose_answer(const Question& question) override {
        if (this->done()) return;
        if (question.purpose >= Purpose::erased) return end_sweep(question);
        if (question.round != round_) return;
        if (question.purpose >= Purpose::recall) return fail_to_recall(question.node);
        if (question.purpose == Purpose::confirm) return miss(question.node);
        this->doubt(asked_);
        seek_anew();
    }

    void have(NodeId node) override {
        ++aligned_;
        if (here_) return conclude(); // it has what its leader has and nothing else
        sweeps_.push_back({node, 0, {}, {}});
        sweep(sweeps_.size() - 1);
    }
    void conclude() {
        if (--waiting_ == 0) next_group();
    }

    // ---- tombstones that were forgotten, but not by all: a purge ended halfway, or power was lost behind it
    //
    // A home that has nothing of a key, and in order all that another one has, has forgotten a tombstone that all homes
    // had confirmed. So the other one may forget it too.

    struct Sweep {
        NodeId follower;
        std::size_t step;
        std::string marks;                                      // of what one of the two has
        Position at;                                            // where it stood then
        std::size_t shard() const noexcept { return step / 2; } // of those of the group
        bool of_leader() const noexcept { return step % 2 != 0; }
    };

    std::uint64_t round_of(std::size_t sweep) const noexcept { return round_ * R::copies + sweep; }
    Sweep* sweep_of(const Question& question) noexcept {
        return question.round / R::copies == round_ ? &sweeps_[question.round % R::copies] : nullptr;
    }

    Message about(const Sweep& sweep, MessageKind kind, Bytes context, Bytes payload) const {
        Message message = this->about_group(kind, this->leader());
        message.shard = this->coordinator().placed().shards_of(this->group())[sweep.shard()];
        message.context = context;
        message.payload = payload;
        return message;
    }

    void sweep(std::size_t at) {
        const Sweep& of = sweeps_[at];
        if (of.shard() == this->coordinator().placed().shards_of(this->group()).size()) return conclude();
        this->ask(who_has(of), Purpose::erased, round_of(at), about(of, MessageKind::erased, {}, {}));
    }
    NodeId who_has(const Sweep& of) const noexcept { return of.of_leader() ? this->leader().node : of.follower; }
    NodeId who_has_not(const Sweep& of) const noexcept { return of.of_leader() ? of.follower : this->leader().node; }
    void end_sweep(const Question& question) {
        if (sweep_of(question) != nullptr) conclude();
    }

    void take_swept(const Question& question, const Message& reply, const Standing& standing) {
        Sweep* const of = sweep_of(question);
        if (of == nullptr) return;
        const std::uint64_t term = this->leader().term;
        if (!standing.done || standing.promised != term || standing.position.term != term) return conclude();
        if (question.purpose == Purpose::erased && !reply.payload.empty()) {
            of->marks = reply.payload;
            of->at = standing.position;
            return this->ask(who_has_not(*of), Purpose::look, question.round,
                             about(*of, MessageKind::exchange, of->marks, {}));
        }
        if (question.purpose == Purpose::look && of->at <= standing.position) {
            of->marks = without(of->marks, reply.payload);
            if (!of->marks.empty())
                return this->ask(who_has(*of), Purpose::forget, question.round,
                                 about(*of, MessageKind::forget, {}, of->marks));
        }
        ++of->step;
        sweep(question.round % R::copies);
    }

    // The marks of keys that have no cell in `cells`.
    static std::string without(Bytes marks, Bytes cells) {
        std::set<std::string, std::less<>> there;
        payload::for_each_cell(cells, [&](const payload::Entry& entry) { there.emplace(entry.key); });
        std::string left;
        payload::for_each_mark(marks, [&](const payload::Mark& mark) {
            if (!there.contains(mark.key)) payload::append_mark(left, mark.shard, mark.key, mark.digest);
        });
        return left;
    }
    void miss(NodeId node) override {
        if (result_)
            result_ = failure(Errc::unavailable, "catch up",
                              "node " + std::to_string(node.number) + " is not where its leader stands");
        conclude();
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
    Leader promised_{}; // by a voter, before it lost its memory
    std::vector<Sweep> sweeps_{};
    std::uint64_t aligned_ = 0;
    Result<void> result_{};
};

} // namespace kvilt::cluster
