// An operation that needs the leader of a group: it finds it, or has one elected.
// docs/decisions/0011-leader-and-followers.md
#pragma once

#include <kvilt/cluster/letters.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// The one who is believed to lead is asked first. Where there is none, or it does not answer or leads no more, a
// majority of the voters is canvassed: it names the leader, or the home that stands furthest, for which votes are then
// asked. Several operations may do so at once: votes decide.
template <class Coordinator>
class LedOperation : public Letters<Coordinator> {
public:
    using Base = Letters<Coordinator>;
    using R = typename Coordinator::Replication;
    using typename Base::Purpose;
    using typename Base::Question;

    using Base::Base;

protected:
    // There is a leader, who may have ceased to lead: seek() again then.
    virtual void led(const Leader& leader) = 0;
    virtual void leaderless(const std::string& why) = 0;

    // `without` has no memory of what it has promised, and is not asked for votes.
    void set_group(GroupId group, NodeId without = no_node) {
        const auto& placed = this->coordinator().placed();
        group_ = group;
        homes_.assign(placed.homes_of(group).begin(), placed.homes_of(group).end());
        voters_ = homes_;
        if constexpr (R::all_nodes_vote)
            for (std::uint32_t node = 0; node < placed.nodes(); ++node)
                if (!is_home(NodeId{node})) voters_.push_back(NodeId{node});
        without_ = without;
        tried_.clear();
        excluded_.clear();
        attempts_ = 0;
    }

    GroupId group() const noexcept { return group_; }
    const std::vector<NodeId>& homes() const noexcept { return homes_; }
    std::size_t alive_homes() const {
        return static_cast<std::size_t>(std::count_if(homes_.begin(), homes_.end(),
                                                      [this](NodeId home) { return this->coordinator().alive(home); }));
    }

    // led() or leaderless() follows, in the call or later.
    void seek() {
        const auto believed = this->coordinator().beliefs().leader(group_);
        if (believed && may_lead(*believed) && !tried(*believed)) return go_to(*believed);
        canvass();
    }

    // The same behind a fence of which a refusal has told.
    void canvass() {
        if (++attempts_ > attempts_max) return give_up();
        ++round_;
        heard_.clear();
        this->enter_present_era();
        std::size_t asked = 0;
        for (const NodeId voter : voters_) {
            if (!may_vote(voter)) continue;
            this->ask(voter, Purpose::canvass, round_, about_group(MessageKind::standing));
            ++asked;
        }
        if (asked < majority()) give_up();
    }

    void doubt(const Leader& leader) { this->coordinator().beliefs().doubt(group_, leader); }

    void hear(const Standing& standing) { this->coordinator().beliefs().hear(group_, standing.promised); }

    // A message about the group: a term and its leader are in it where there are such.
    Message about_group(MessageKind kind, const Leader& leader = {}) const {
        return {.kind = kind,
                .hinted_for = leader.node,
                .number = leader.term,
                .shard = this->coordinator().placed().first_shard(group_)};
    }

    bool takes_part_in_election(const Question& question) const noexcept { return question.purpose <= Purpose::lead; }
    void take_in_election(const Question& question, const Standing& standing) {
        if (question.round != round_) return;
        hear(standing);
        switch (question.purpose) {
        case Purpose::canvass:
            heard_.push_back({question.node, standing});
            if (heard_.size() >= majority() && any_home_heard()) conclude_canvass();
            break;
        case Purpose::vote:
            if (standing.done) granted_.push_back(question.node);
            conclude_votes();
            break;
        case Purpose::lead:
            if (!standing.done) return canvass();
            this->coordinator().beliefs().trust(group_, candidate_);
            ++round_;
            return go_to(candidate_);
        default:
            break;
        }
    }
    // It says no, or nothing.
    void miss_in_election(const Question& question) {
        if (question.round != round_) return;
        switch (question.purpose) {
        case Purpose::canvass:
            if (!this->waits_for(Purpose::canvass, round_)) this->is_fenced() ? canvass() : give_up();
            break;
        case Purpose::vote:
            if (question.node == candidate_.node) exclude(question.node);
            conclude_votes();
            break;
        case Purpose::lead:
            exclude(question.node);
            canvass();
            break;
        default:
            break;
        }
    }

private:
    static constexpr std::size_t attempts_max = 4;

    struct Heard {
        NodeId node;
        Standing standing;
    };

    std::size_t majority() const noexcept { return voters_.size() / 2 + 1; }
    bool is_home(NodeId node) const noexcept { return std::find(homes_.begin(), homes_.end(), node) != homes_.end(); }
    bool any_home_heard() const {
        return std::any_of(heard_.begin(), heard_.end(), [this](const Heard& heard) { return is_home(heard.node); });
    }
    static bool among(const std::vector<NodeId>& nodes, NodeId node) {
        return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
    }

    bool may_vote(NodeId node) const { return node != without_ && this->coordinator().alive(node); }
    bool may_lead(const Leader& leader) const { return is_home(leader.node) && this->coordinator().alive(leader.node); }
    bool tried(const Leader& leader) const { return std::find(tried_.begin(), tried_.end(), leader) != tried_.end(); }

    void go_to(const Leader& leader) {
        tried_.push_back(leader);
        led(leader);
    }

    void give_up() {
        ++round_;
        leaderless("its homes have no leader, and " + std::to_string(majority()) + " of " +
                   std::to_string(voters_.size()) + " nodes must be reached to elect one");
    }

    // The promises of a majority know the last leader that was elected, if it still leads.
    void conclude_canvass() {
        Leader last{};
        for (const auto& [node, standing] : heard_)
            if (standing.promised > last.term || (standing.promised == last.term && standing.leads))
                last = {standing.promised, standing.leads ? node : NodeId{standing.leader}};
        const bool leads = std::any_of(heard_.begin(), heard_.end(), [&](const Heard& heard) {
            return heard.node == last.node && heard.standing.leads && heard.standing.promised == last.term;
        });
        const bool heard_of =
            std::any_of(heard_.begin(), heard_.end(), [&](const Heard& heard) { return heard.node == last.node; });
        auto& beliefs = this->coordinator().beliefs();
        if (last.term < beliefs.term(group_)) return elect(beliefs.term(group_) + 1);
        const bool may_have_it = !heard_of && !tried(last) && !beliefs.doubts(group_, last);
        if (last.term != 0 && may_lead(last) && (leads || may_have_it)) {
            leads ? beliefs.trust(group_, last) : beliefs.believe(group_, last);
            ++round_;
            return go_to(last);
        }
        elect(last.term + 1);
    }

    // The home that stands furthest; of several the first in the order of the placement.
    void elect(std::uint64_t term) {
        const Heard* best = nullptr;
        for (const NodeId home : homes_)
            for (const Heard& heard : heard_)
                if (heard.node == home && !among(excluded_, home) &&
                    (best == nullptr || best->standing.position < heard.standing.position))
                    best = &heard;
        if (best == nullptr) return give_up();
        candidate_ = {term, best->node};
        ++round_;
        granted_.clear();
        std::string at;
        best->standing.position.append_to(at);
        for (const NodeId voter : voters_)
            if (may_vote(voter))
                this->ask(voter, Purpose::vote, round_, about_group(MessageKind::vote, candidate_), {at, {}});
    }

    void exclude(NodeId node) {
        if (!this->is_fenced()) excluded_.push_back(node);
    }

    void conclude_votes() {
        if (granted_.size() >= majority() && among(granted_, candidate_.node)) {
            ++round_;
            this->ask(candidate_.node, Purpose::lead, round_, about_group(MessageKind::lead, candidate_));
        } else if (!this->waits_for(Purpose::vote, round_)) {
            canvass();
        }
    }

    GroupId group_ = 0;
    std::vector<NodeId> homes_{};
    std::vector<NodeId> voters_{}; // the homes first
    NodeId without_ = no_node;
    std::vector<Leader> tried_{};
    std::vector<NodeId> excluded_{}; // their logs may be full or damaged: another one is to lead
    std::size_t attempts_ = 0;
    std::uint64_t round_ = 0;
    std::vector<Heard> heard_{};
    Leader candidate_{};
    std::vector<NodeId> granted_{};
};

} // namespace kvilt::cluster
