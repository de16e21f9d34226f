// What nodes say to one another. A message borrows its bytes: who keeps one copies them.
#pragma once

#include <kvilt/core/error.hpp>
#include <kvilt/core/node.hpp>
#include <kvilt/core/record.hpp>

#include <optional>

namespace kvilt {

// Requests, by what the receiver does. What each carries beside shard and key is said behind it.
enum class MessageKind : std::uint8_t {
    reply,   // to any of the others, by `operation`: what was asked for; or `error`, and then number: the era, context:
             // a time behind what was purged before it
    read,    // reply: cell, if there is one
    write,   // cell: joined with what is there, or kept for `hinted_for` if that is another node. Reply: done
    update,  // write_kind, context, payload (the value): the receiver makes the cell of it, once for each time that it
             // comes. Reply: the cell that is there now
    page,    // key: the first, or in reverse the one behind; number: bytes at most. Reply: payload of cells, number: 1
             // if there is more
    digests, // number: level of the tree of both; payload: its nodes. Reply: payload of their digests
    keys,    // payload: leaves of that tree. Reply: payload of keys and digests of their cells
    exchange, // payload: cells to be joined with; context: keys of cells that are wanted. Reply: payload of cells
    erased,   // Reply: payload of keys and digests of the shard's erased cells; number: their latest time
    confirm,  // payload: such. Reply: payload of those that the receiver has alike, and will have after any crash
    fence,    // number: the era from which on older messages are refused; context: times that later stamps must exceed.
              // Reply: number: hints held, context: a time behind them
    forget,   // payload: those that all homes have confirmed before the fence. Reply: done
    // Of a group of shards with a leader, which `shard` is one of. `number` is a term, `hinted_for` its leader; in the
    // context of each reply is a standing.
    standing, // Reply: nothing else
    vote,     // context: where the candidate stands
    lead,     // a majority has voted for the receiver
    follow,   // cell; context: the position before, and its own
    missing,  // context: the standing of a follower; payload: nothing, or where a page is to begin. Reply: payload of
              // what it lacks
    supply,   // context: how to take what is in the payload
};

constexpr const char* name_of(MessageKind kind) noexcept {
    constexpr const char* names[] = {"reply",    "read",     "write",  "update",  "page",    "digests",
                                     "keys",     "exchange", "erased", "confirm", "fence",   "forget",
                                     "standing", "vote",     "lead",   "follow",  "missing", "supply"};
    return names[static_cast<std::size_t>(kind)];
}

// `epoch` is the placement's: a receiver with another one refuses. `era` is that of the fences: what was sent before a
// fence is not carried out behind it.
struct Message {
    MessageKind kind = MessageKind::reply;
    NodeId from{};
    NodeId to{};
    NodeId hinted_for = no_node;
    Epoch epoch = 0;
    std::uint64_t era = 0;
    std::uint64_t operation = 0; // of the sender
    std::uint64_t number = 0;
    ShardId shard = 0;
    Kind write_kind = Kind::put;
    bool reverse = false;        // of a page
    bool sync = false;           // what is written survives power loss before the reply
    std::optional<Errc> error{}; // of a reply
    Bytes key{};
    std::optional<Cell> cell{};
    Bytes context{};
    Bytes payload{};

    // Bytes that it would take on a wire, about.
    std::size_t bytes() const noexcept {
        constexpr std::size_t head = 48;
        return head + key.size() + context.size() + payload.size() +
               (cell ? cell->stamp.size() + cell->value.size() : 0);
    }
};

// To whoever asked, about the same.
inline Message reply_to(const Message& request) noexcept {
    return {.from = request.to,
            .to = request.from,
            .epoch = request.epoch,
            .operation = request.operation,
            .shard = request.shard,
            .key = request.key};
}

// Where the reply to a request goes.
class ReplySink {
public:
    ReplySink() = default;
    ReplySink(const ReplySink&) = delete;
    ReplySink& operator=(const ReplySink&) = delete;

    // The message is valid in the call.
    virtual void reply(const Message& message) = 0;

protected:
    ~ReplySink() = default;
};

} // namespace kvilt
