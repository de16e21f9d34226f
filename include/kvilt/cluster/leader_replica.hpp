// The side of a node that answers, in a ring with leaders.
#pragma once

#include <kvilt/cluster/leader_group.hpp>
#include <kvilt/cluster/replica.hpp>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// What is not of leaders it does as every node does, but that nothing is written out of order.
// Thread-safe under threads::Many.
template <class P, class Coordinator>
class LeaderReplica {
public:
    using C = typename P::Conflict;
    using Group = LeaderGroup<P>;

    LeaderReplica(NodeMemory<P>& memory, Copies<P>& copies, Comparer<P>& comparer, Hints<P>& hints,
                  Coordinator& coordinator)
        : common_(memory, copies, comparer, hints, coordinator), memory_(memory), copies_(copies),
          coordinator_(coordinator) {}

    Result<void> open() {
        const auto& placed = coordinator_.placed();
        const auto& options = coordinator_.replication();
        const RecentWrites recent(options.recent_writes_max, options.recent_bytes_max);
        for (GroupId group = 0; group < placed.groups(); ++group) {
            const bool home = placed.is_home(placed.first_shard(group), coordinator_.self());
            groups_.push_back(nullptr);
            if (!home && !Coordinator::Replication::all_nodes_vote) continue;
            groups_.back() = std::make_unique<Group>(coordinator_.self(), home, placed.shards_of(group), group, copies_,
                                                     memory_, recent);
            KVILT_TRY(groups_.back()->open());
        }
        return {};
    }

    void serve(const Message& request, ReplySink& sink) {
        switch (request.kind) {
        case MessageKind::digests:
        case MessageKind::keys:
        case MessageKind::fence:
            return common_.serve(request, sink);
        case MessageKind::erased:
        case MessageKind::forget:
            if (const auto group = group_of(request.shard)) {
                Witness witness(**group, sink);
                return common_.serve(request, witness);
            }
            break;
        case MessageKind::confirm:
            if (in_order(request.shard)) return common_.serve(request, sink);
            break;
        default:
            break;
        }
        Message reply = reply_to(request);
        auto served = common_.admit(request);
        if (served) served = act(request, reply, sink);
        if (!served) common_.refuse(reply, served.error(), sink);
    }

    std::uint64_t losses() const noexcept { return 0; } // who orders writes loses none
    std::uint64_t damages() const noexcept { return common_.damages(); }

private:
    // Says in the reply where the node stands; done if it stood in one term, in order, from before to after.
    class Witness final : public ReplySink {
    public:
        Witness(Group& group, ReplySink& sink) : group_(group), before_(group.standing()), sink_(sink) {}
        void reply(const Message& message) override {
            const auto after = group_.standing();
            Message told = message;
            std::string text;
            if (before_ && after && !message.error) {
                Standing standing = *after;
                standing.done = before_->in_order_until(*after);
                text = standing.text();
                told.context = text;
            }
            sink_.reply(told);
        }

    private:
        Group& group_;
        Result<Standing> before_;
        ReplySink& sink_;
    };

    bool in_order(ShardId shard) {
        auto group = group_of(shard);
        if (!group) return false;
        const auto standing = (*group)->standing();
        return standing && !standing->torn;
    }

    Result<Group*> group_of(ShardId shard) {
        if (shard < coordinator_.placed().shards())
            if (Group* group = groups_[coordinator_.placed().group_of(shard)].get()) return group;
        return failure(Errc::invalid_argument, "serve", "this node has no part in the shard");
    }

    Result<void> act(const Message& request, Message& reply, ReplySink& sink) {
        KVILT_TRY_ASSIGN(group, group_of(request.shard));
        switch (request.kind) {
        case MessageKind::read:
            return read(*group, request, reply, sink);
        case MessageKind::page:
            return page(*group, request, reply, sink);
        case MessageKind::exchange:
            if (request.payload.empty()) return look(*group, request, reply, sink);
            break;
        case MessageKind::update:
            return update(*group, request, reply, sink);
        case MessageKind::standing:
            return answer(group->standing(), request, reply, sink);
        case MessageKind::vote: {
            KVILT_TRY_ASSIGN(at, one_position(request));
            return answer(group->vote(leader_of(request), at), request, reply, sink);
        }
        case MessageKind::lead:
            return answer(group->lead(request.number), request, reply, sink);
        case MessageKind::follow:
            return follow(*group, request, reply, sink);
        case MessageKind::missing:
            return missing(*group, request, reply, sink);
        case MessageKind::supply:
            return supply(*group, request, reply, sink);
        default:
            break;
        }
        return failure(Errc::invalid_argument, "serve",
                       std::string(name_of(request.kind)) + ": only its leader orders what a node is told");
    }

    static Leader leader_of(const Message& request) noexcept { return {request.number, request.hinted_for}; }

    static Result<Position> one_position(const Message& request) {
        coding::Reader reader(request.context);
        const Position position = Position::read(reader);
        if (!reader.done()) return failure(Errc::corruption, "serve", "a position is malformed");
        return position;
    }

    // What it says of its position is as safe as the log makes every write, or as the request wants it.
    Result<void> answer(const Result<Standing>& standing, const Message& request, Message& reply, ReplySink& sink) {
        if (!standing) return std::unexpected(standing.error());
        if constexpr (P::durable)
            if (copies_.engine().syncs({.sync = request.sync})) KVILT_TRY(copies_.engine().sync());
        const std::string text = standing->text();
        reply.context = text;
        sink.reply(reply);
        return {};
    }

    // Of any home, if no term is named; else of its leader. What is read and what is said of its position are of one
    // term, so the reader can ask others for it.
    Result<void> read(Group& group, const Message& request, Message& reply, ReplySink& sink) {
        CellBuffer cell;
        const auto read_cell = [&]() -> Result<void> {
            KVILT_TRY(copies_.read(request.shard, request.key, [&](const Cell& found) { cell.assign(found); }));
            return {};
        };
        KVILT_TRY_ASSIGN(standing, steadily(group, request, read_cell));
        if (standing.done) reply.cell = cell.cell();
        return answer(standing, request, reply, sink);
    }

    Result<void> page(Group& group, const Message& request, Message& reply, ReplySink& sink) {
        std::string cells;
        std::uint64_t more = 0;
        const auto read_page = [&] {
            return copies_.walk(request.shard, request.key, request.reverse, [&](Bytes key, const Cell& cell) {
                more = cells.size() >= request.number;
                if (more == 0) payload::append_cell(cells, request.shard, key, cell);
                return more == 0;
            });
        };
        KVILT_TRY_ASSIGN(standing, steadily(group, request, read_page));
        reply.payload = cells;
        reply.number = more;
        return answer(standing, request, reply, sink);
    }

    // The cells of keys that are wanted.
    Result<void> look(Group& group, const Message& request, Message& reply, ReplySink& sink) {
        std::string cells;
        const auto read_cells = [&]() -> Result<void> {
            Result<bool> found = true;
            payload::for_each_mark(request.context, [&](const payload::Mark& mark) {
                if (found)
                    found = copies_.read(mark.shard, mark.key, [&](const Cell& cell) {
                        payload::append_cell(cells, mark.shard, mark.key, cell);
                    });
            });
            KVILT_TRY(found);
            return {};
        };
        KVILT_TRY_ASSIGN(standing, steadily(group, request, read_cells));
        reply.payload = cells;
        return answer(standing, request, reply, sink);
    }

    template <class Read>
    Result<Standing> steadily(Group& group, const Message& request, Read read) {
        const bool of_leader = request.hinted_for == coordinator_.self();
        const std::uint64_t term = group.leading();
        const auto not_now = [&]() -> Result<Standing> {
            KVILT_TRY_ASSIGN(standing, group.standing());
            standing.done = false;
            return standing;
        };
        if (of_leader && term == 0) return not_now();
        KVILT_TRY_ASSIGN(before, group.standing());
        KVILT_TRY(read());
        KVILT_TRY_ASSIGN(standing, group.standing());
        standing.done = of_leader ? standing.leads && standing.promised == term : before.in_order_until(standing);
        return standing;
    }

    Result<void> update(Group& group, const Message& request, Message& reply, ReplySink& sink) {
        std::string room;
        Cell made;
        Position before;
        KVILT_TRY_ASSIGN(standing, group.update(request, room, made, before));
        std::string text;
        before.append_to(text);
        reply.payload = text;
        if (standing.done) reply.cell = made;
        return answer(standing, request, reply, sink);
    }

    Result<void> follow(Group& group, const Message& request, Message& reply, ReplySink& sink) {
        coding::Reader reader(request.context);
        const Position before = Position::read(reader);
        if (!reader.done() || !request.cell || !C::well_formed(*request.cell))
            return failure(Errc::corruption, "follow", "the message is malformed");
        const Position at = C::position(*request.cell);
        if (at.term != request.number) return failure(Errc::corruption, "follow", "the write is of another term");
        return answer(group.follow(leader_of(request), before, at, request.shard, request.key, *request.cell), request,
                      reply, sink);
    }

    Result<void> missing(Group& group, const Message& request, Message& reply, ReplySink& sink) {
        const auto follower = Standing::read(request.context);
        if (!follower) return failure(Errc::corruption, "catch up", "a standing is malformed");
        std::string text;
        Result<Standing> standing;
        if (request.payload.empty()) {
            standing = group.missing(request.number, *follower, text);
        } else {
            coding::Reader reader(request.payload);
            const Cursor from = Cursor::read(reader);
            if (!reader.done()) return failure(Errc::corruption, "catch up", "a cursor is malformed");
            standing = group.page(request.number, follower->position, from,
                                  coordinator_.replication().catch_up_page_bytes, text);
        }
        reply.payload = text;
        return answer(standing, request, reply, sink);
    }

    Result<void> supply(Group& group, const Message& request, Message& reply, ReplySink& sink) {
        const auto supply = Supply::read(request.context);
        if (!supply) return failure(Errc::corruption, "catch up", "what is supplied is malformed");
        return answer(group.take(leader_of(request), *supply, request.payload), request, reply, sink);
    }

    Replica<P, Coordinator> common_;
    NodeMemory<P>& memory_;
    Copies<P>& copies_;
    Coordinator& coordinator_;
    std::vector<std::unique_ptr<Group>> groups_{}; // null where it has no part
};

} // namespace kvilt::cluster
