// The side of a node that answers: what each message does to its engine.
#pragma once

#include <kvilt/cluster/comparer.hpp>
#include <kvilt/cluster/coordinator.hpp>
#include <kvilt/cluster/copies.hpp>
#include <kvilt/cluster/hints.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace kvilt::cluster {

// Thread-safe under threads::Many.
template <class P, class Coordinator>
class Replica {
public:
    using C = typename P::Conflict;

    Replica(NodeMemory<P>& memory, Copies<P>& copies, Comparer<P>& comparer, Hints<P>& hints, Coordinator& coordinator)
        : memory_(memory), copies_(copies), comparer_(comparer), hints_(hints), coordinator_(coordinator) {}

    void serve(const Message& request, ReplySink& sink) {
        Message reply = reply_to(request);
        if (const auto served = admit_and_act(request, reply, sink); !served) refuse(reply, served.error(), sink);
    }

    // What is of another placement, or from before a fence, must not be carried out.
    [[gnu::always_inline]] Result<void> admit(const Message& request) const {
        if (request.epoch != coordinator_.placed().epoch())
            return failure(Errc::unavailable, "serve", "the message is of another placement");
        return request.kind == MessageKind::fence ? Result<void>{} : memory_.admit(request.era);
    }

    void refuse(Message& reply, const Error& error, ReplySink& sink) {
        if (error.code == Errc::corruption) damages_.fetch_add(1);
        const std::string why = error.message();
        const std::string time = coordinator_.reached();
        reply.error = error.code;
        reply.cell.reset();
        reply.payload = why;
        reply.number = memory_.era(); // see Coordinator::heed
        reply.context = time;
        sink.reply(reply);
    }

    std::uint64_t losses() const noexcept { return losses_.load(); }   // writes that a later one had overtaken
    std::uint64_t damages() const noexcept { return damages_.load(); } // requests that met damage

private:
    [[gnu::always_inline]] Result<void> admit_and_act(const Message& request, Message& reply, ReplySink& sink) {
        KVILT_TRY(admit(request));
        switch (request.kind) {
        case MessageKind::read:
            return read(request, reply, sink);
        case MessageKind::write:
            KVILT_TRY(
                write({request.hinted_for, request.shard, request.key, request.era}, *request.cell, request.sync));
            sink.reply(reply);
            return {};
        default:
            return act_rarely(request, reply, sink);
        }
    }

    // What is not asked so often that a few instructions matter.
    Result<void> act_rarely(const Message& request, Message& reply, ReplySink& sink) {
        switch (request.kind) {
        case MessageKind::update:
            return update(request, reply, sink);
        case MessageKind::page:
            return page(request, reply, sink);
        case MessageKind::digests:
            return compare(request, reply, sink, [this](const auto& common, const Message& of) {
                return comparer_.digests(common, of.number, of.payload);
            });
        case MessageKind::keys:
            return compare(request, reply, sink, [this](const auto& common, const Message& of) {
                return comparer_.marks(common, payload::read_numbers<std::uint32_t>(of.payload));
            });
        case MessageKind::exchange:
            return exchange(request, reply, sink);
        case MessageKind::erased:
            return erased(request, reply, sink);
        case MessageKind::confirm:
            return confirm(request, reply, sink);
        case MessageKind::fence:
            return fence(request, reply, sink);
        case MessageKind::forget:
            KVILT_TRY(forget(request));
            break;
        default:
            return failure(Errc::invalid_argument, "serve", name_of(request.kind));
        }
        sink.reply(reply);
        return {};
    }

    // A copy that is damaged is no answer, and is never handed on.
    [[gnu::always_inline]] Result<void> read(const Message& request, Message& reply, ReplySink& sink) {
        bool replied = false;
        const auto answer = [&](const Cell& cell) {
            reply.cell = cell;
            replied = true;
            sink.reply(reply); // in the call, where the bytes are valid
        };
        KVILT_TRY(request.hinted_for == no_node ? copies_.read(request.shard, request.key, answer)
                                                : hints_.read(request.hinted_for, request.shard, request.key, answer));
        if (!replied) sink.reply(reply);
        return {};
    }

    // `to` names this node, or none, where it is a copy of ours.
    [[gnu::always_inline]] Result<void> write(const typename Hints<P>::Place& to, const Cell& cell, bool sync) {
        if (!C::well_formed(cell)) return failure(Errc::corruption, "write", "a cell has a malformed stamp");
        KVILT_TRY(coordinator_.observe(cell));
        const bool safe = P::durable && sync;
        if (to.node != no_node && to.node != coordinator_.self())
            return hints_.keep(to, cell, coordinator_.wall_us(), safe);
        KVILT_TRY_ASSIGN(fresh, copies_.write(to.shard, to.key, cell, safe, to.era));
        if (!fresh) losses_.fetch_add(1);
        return {};
    }

    // Where this node stands in, it may have handed on what it made before: it makes this in a life of its own, so
    // that nobody takes it for later than what was handed on.
    Result<void> update(const Message& request, Message& reply, ReplySink& sink) {
        CellBuffer result;
        const bool safe = P::durable && request.sync;
        WriteStamp stamp = coordinator_.stamp();
        const auto make = [&](const Cell* present, std::string& room) {
            if constexpr (!requires { typename C::Clock; }) stamp.time = memory_.writes(); // never counts down
            return C::write(present, request.context, stamp, request.write_kind, request.payload, room);
        };
        if (request.hinted_for == no_node) {
            KVILT_TRY(copies_.update(request.shard, request.key, make, safe, result, request.era));
        } else {
            KVILT_TRY_ASSIGN(life, memory_.next_borrowed_life());
            stamp.incarnation = life;
            KVILT_TRY(hints_.update({request.hinted_for, request.shard, request.key, request.era}, make,
                                    coordinator_.wall_us(), safe, result));
        }
        reply.cell = result.cell();
        sink.reply(reply);
        return {};
    }

    Result<void> page(const Message& request, Message& reply, ReplySink& sink) {
        std::string cells;
        KVILT_TRY(copies_.walk(request.shard, request.key, request.reverse, [&](Bytes key, const Cell& cell) {
            if (cells.size() >= request.number) {
                reply.number = 1;
                return false;
            }
            payload::append_cell(cells, request.shard, key, cell);
            return true;
        }));
        reply.payload = cells;
        sink.reply(reply);
        return {};
    }

    // ---- repair

    template <class Make>
    Result<void> compare(const Message& request, Message& reply, ReplySink& sink, Make make) {
        const auto common = coordinator_.placed().common(coordinator_.self(), request.from);
        KVILT_TRY_ASSIGN(text, make(common, request));
        reply.payload = text;
        sink.reply(reply);
        return {};
    }

    Result<void> exchange(const Message& request, Message& reply, ReplySink& sink) {
        Result<void> written;
        const bool told = payload::for_each_cell(request.payload, [&](const payload::Entry& entry) {
            if (written) written = write({no_node, entry.shard, entry.key, request.era}, entry.cell, request.sync);
        });
        KVILT_TRY(written);
        std::string cells;
        Result<bool> found = true;
        const bool asked = payload::for_each_mark(request.context, [&](const payload::Mark& mark) {
            if (found)
                found = copies_.read(mark.shard, mark.key, [&](const Cell& cell) {
                    payload::append_cell(cells, mark.shard, mark.key, cell);
                });
        });
        KVILT_TRY(found);
        if (!told || !asked) return failure(Errc::corruption, "exchange", "the message is malformed");
        reply.payload = cells;
        sink.reply(reply);
        return {};
    }

    // ---- what all homes have erased: see PurgeOperation

    Result<void> erased(const Message& request, Message& reply, ReplySink& sink) {
        std::string marks;
        KVILT_TRY(copies_.walk(request.shard, {}, false, [&](Bytes key, const Cell& cell) {
            if (C::values(cell) != 0) return true;
            payload::append_mark(marks, request.shard, key, digest_of(cell));
            reply.number = std::max(reply.number, C::time(cell));
            return true;
        }));
        reply.payload = marks;
        sink.reply(reply);
        return {};
    }

    Result<void> confirm(const Message& request, Message& reply, ReplySink& sink) {
        std::string same;
        Result<bool> found = true;
        payload::for_each_mark(request.payload, [&](const payload::Mark& mark) {
            if (found)
                found = copies_.read(mark.shard, mark.key, [&](const Cell& cell) {
                    if (digest_of(cell) == mark.digest) payload::append_mark(same, mark.shard, mark.key, mark.digest);
                });
        });
        KVILT_TRY(found);
        KVILT_TRY(memory_.make_durable());
        reply.payload = same;
        sink.reply(reply);
        return {};
    }

    // What is stamped from now on is later than all that is to be forgotten: or it would lose to a tombstone at the
    // homes that still have it, and be there at the others. After a restart, too.
    Result<void> fence(const Message& request, Message& reply, ReplySink& sink) {
        for (const std::uint64_t time : payload::read_numbers<std::uint64_t>(request.context)) {
            KVILT_TRY(coordinator_.observe(time));
            KVILT_TRY(memory_.reach(time, 0));
        }
        KVILT_TRY(memory_.set_era(request.number));
        coordinator_.learn_era(request.number);
        const std::string time = coordinator_.reached();
        reply.number = hints_.count();
        reply.context = time; // behind what was purged before
        sink.reply(reply);
        return {};
    }

    Result<void> forget(const Message& request) {
        Result<void> result;
        payload::for_each_mark(request.payload, [&](const payload::Mark& mark) {
            if (result) result = copies_.forget(mark.shard, mark.key, mark.digest);
        });
        return result;
    }

    NodeMemory<P>& memory_;
    Copies<P>& copies_;
    Comparer<P>& comparer_;
    Hints<P>& hints_;
    Coordinator& coordinator_;
    typename P::Threads::template Atomic<std::uint64_t> losses_{0};
    typename P::Threads::template Atomic<std::uint64_t> damages_{0};
};

} // namespace kvilt::cluster
