// An operation that brings followers to where their leader stands.
// docs/decisions/0011-leader-and-followers.md
#pragma once

#include <kvilt/cluster/led_operation.hpp>
#include <kvilt/cluster/payload.hpp>
#include <kvilt/cluster/supply.hpp>
#include <kvilt/core/checksum.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// Asks the leader what a follower lacks and tells the follower: the last writes at once, or pages of all that is newer
// and then the last writes. Followers that have what is `wanted` of them are told of by have().
template <class Coordinator>
class BringingOperation : public LedOperation<Coordinator> {
public:
    using Base = LedOperation<Coordinator>;
    using typename Base::Purpose;
    using typename Base::Question;
    using typename Base::R;

    using Base::Base;

    std::uint64_t brought() const noexcept { return brought_; } // cells

protected:
    virtual void have(NodeId follower) = 0;
    // The follower does not get it: it cannot be reached, or its log fails.
    virtual void miss(NodeId follower) = 0;
    // The term is over.
    virtual void deposed() = 0;
    // An answer to what the operation asked for.
    virtual void take_answer(const Question& question, const Message& reply, const Standing& standing) = 0;
    virtual void refuse_answer(const Question& question, Errc code, Bytes why) = 0;
    virtual void lose_answer(const Question& question) = 0;

    // From now on the homes but for `leader` are its followers, of whom `wanted` is.
    void expect(const Leader& leader, Position wanted) {
        leader_ = leader;
        wanted_ = wanted;
        ++generation_;
        followers_.clear();
        for (const NodeId home : this->homes())
            if (home != leader.node) followers_.push_back({.node = home, .standing = {}, .cursor = {}});
    }
    const Leader& leader() const noexcept { return leader_; }

    // What a follower says of itself: it has what is wanted, or it is brought there. Pages are sent only if `by_pages`.
    void judge(NodeId node, const Standing& standing, bool by_pages) {
        for (std::size_t at = 0; at < followers_.size(); ++at) {
            Follower& follower = followers_[at];
            if (follower.node != node || follower.is_there || follower.is_being_brought) continue;
            this->hear(standing);
            follower.standing = standing;
            follower.by_pages = by_pages;
            proceed(at);
        }
    }

private:
    static constexpr std::size_t tries_max = 16;

    struct Follower {
        NodeId node{};
        Standing standing{};
        bool is_there = false;
        bool is_being_brought = false;
        bool by_pages = false;
        std::size_t tries = 0;
        Supply::Step step = Supply::Step::whole;
        std::uint64_t session = 0;
        Position base{}; // pages hold what is newer
        Position to{};   // where the leader stood before the first page
        bool replaces = false;
        Cursor cursor{};
    };

    void take(const Question& question, const Message& reply, const Standing& standing) final {
        if (this->takes_part_in_election(question)) return this->take_in_election(question, standing);
        if (question.purpose != Purpose::missing && question.purpose != Purpose::supply)
            return take_answer(question, reply, standing);
        if (!is_present(question)) return;
        this->hear(standing);
        if (standing.promised > leader_.term) return deposed();
        question.purpose == Purpose::missing ? take_missing(place_of(question), reply, standing)
                                             : take_supplied(place_of(question), standing);
    }
    void refused(const Question& question, Errc code, Bytes why) final {
        if (this->takes_part_in_election(question)) return this->miss_in_election(question);
        if (question.purpose != Purpose::missing && question.purpose != Purpose::supply)
            return refuse_answer(question, code, why);
        if (is_present(question)) fail_follower(place_of(question));
    }
    void lost(const Question& question) final {
        if (this->takes_part_in_election(question)) return this->miss_in_election(question);
        if (question.purpose != Purpose::missing && question.purpose != Purpose::supply) return lose_answer(question);
        if (is_present(question)) fail_follower(place_of(question));
    }

    // Answers about followers of a former leader are told from those about the present one's.
    std::uint64_t round_of(std::size_t at) const noexcept { return generation_ * R::copies + at; }
    bool is_present(const Question& question) const noexcept { return question.round / R::copies == generation_; }
    static std::size_t place_of(const Question& question) noexcept { return question.round % R::copies; }

    void fail_follower(std::size_t at) {
        followers_[at].is_being_brought = false;
        miss(followers_[at].node);
    }

    // It has it, or the next try begins.
    void proceed(std::size_t at) {
        Follower& follower = followers_[at];
        follower.is_being_brought = false;
        if (follower.standing.has(wanted_)) {
            follower.is_there = true;
            return have(follower.node);
        }
        if (follower.standing.promised > leader_.term) return deposed();
        if (++follower.tries > tries_max) return miss(follower.node);
        follower.is_being_brought = true;
        follower.step = Supply::Step::whole;
        ask_missing(at, follower.standing);
    }

    void ask_missing(std::size_t at, const Standing& standing, std::string page = {}) {
        this->ask(leader_.node, Purpose::missing, round_of(at), this->about_group(MessageKind::missing, leader_),
                  {standing.text(), std::move(page)});
    }

    void give(std::size_t at, const Supply& supply, Bytes cells) {
        followers_[at].step = supply.step;
        payload::for_each_cell(cells, [this](const payload::Entry&) { ++brought_; });
        this->ask(followers_[at].node, Purpose::supply, round_of(at), this->about_group(MessageKind::supply, leader_),
                  {supply.text(), std::string(cells)});
    }

    void take_missing(std::size_t at, const Message& reply, const Standing& standing) {
        Follower& follower = followers_[at];
        const auto missing = Missing::read(reply.payload);
        if (!standing.done || !missing) return standing.done ? fail_follower(at) : deposed();
        if (follower.step == Supply::Step::page) {
            const Supply page{.step = Supply::Step::page,
                              .replaces = follower.replaces,
                              .session = follower.session,
                              .first = follower.cursor,
                              .next = missing->next};
            follower.cursor = missing->next;
            return give(at, page, missing->cells);
        }
        const bool at_end = follower.step == Supply::Step::end;
        if (missing->whole)
            return give(at,
                        {.step = at_end ? Supply::Step::end : Supply::Step::whole,
                         .session = follower.session,
                         .from = follower.standing.position,
                         .to = missing->to,
                         .history = missing->history},
                        missing->cells);
        if (!follower.by_pages) return fail_follower(at);
        begin_session(at, *missing, at_end);
    }

    // `goes_on`: the leader has written more in the meantime than it remembers, and what it wrote must be walked again.
    void begin_session(std::size_t at, const Missing& missing, bool goes_on) {
        Follower& follower = followers_[at];
        const std::uint64_t before = std::exchange(follower.session, next_session());
        follower.replaces = missing.replaces && !goes_on;
        follower.base = goes_on ? follower.to : missing.replaces ? Position{} : follower.standing.position;
        follower.to = missing.to;
        follower.cursor = {};
        give(at,
             {.step = Supply::Step::begin,
              .replaces = follower.replaces,
              .torn = follower.standing.torn,
              .session = follower.session,
              .after = goes_on ? before : 0,
              .from = follower.standing.position,
              .to = missing.to,
              .history = missing.history},
             {});
    }

    void take_supplied(std::size_t at, const Standing& standing) {
        Follower& follower = followers_[at];
        const Supply::Step given = follower.step;
        if (given == Supply::Step::whole || given == Supply::Step::end || !standing.done) {
            follower.standing = standing;
            return proceed(at);
        }
        follower.standing = standing;
        if (follower.cursor.shard < this->coordinator().placed().shards_of(this->group()).size()) {
            follower.step = Supply::Step::page;
            std::string page;
            follower.cursor.append_to(page);
            return ask_missing(at, {.position = follower.base}, std::move(page));
        }
        follower.step = Supply::Step::end;
        ask_missing(at, {.position = follower.to});
    }

    // No other one in any life of any coordinator has this number.
    std::uint64_t next_session() {
        const WriteStamp stamp = this->coordinator().stamp();
        const std::uint64_t life = mix(stamp.node.number, stamp.incarnation);
        return mix(mix(life, stamp.time), mix(this->number(), ++sessions_)) | 1;
    }

    Leader leader_{};
    Position wanted_{};
    std::uint64_t generation_ = 0; // of followers
    std::vector<Follower> followers_{};
    std::uint64_t sessions_ = 0;
    std::uint64_t brought_ = 0;
};

} // namespace kvilt::cluster
