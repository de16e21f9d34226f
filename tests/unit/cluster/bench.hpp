// Nodes of a ring whose messages wait until a test delivers them, in whatever order it likes.
#pragma once

#include <kvilt/cluster/fence_operation.hpp>
#include <kvilt/cluster/member.hpp>
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/env/memory.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/sim/owned_message.hpp>
#include <kvilt/table/none.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace bench {

using namespace kvilt;

using Parts = engine::Parts<memtable::Art<>, log::Written, table::None, conflict::LastWriteWins<>>;
using Ring = cluster::RingParts<Parts, partition::Ring<1>, replication::Quorum<3, 2, 2>>;
using Member = cluster::Member<Ring>;
using Held = std::unique_ptr<sim::OwnedMessage>;

class Bench final : public Network, public ReplySink {
public:
    explicit Bench(std::uint32_t nodes = 3)
        : placed_(Ring::Partition::Map({.nodes = nodes}, 3), 3), worlds_(nodes), members_(nodes) {
        for (std::uint32_t node = 0; node < nodes; ++node) {
            worlds_[node] = std::make_unique<MemoryWorld>(MemoryWorld::Options{.seed = node + 1});
            open(node, true);
        }
    }

    Member& operator[](std::uint32_t node) { return *members_[node]; }
    ManualClock& clock(std::uint32_t node) { return worlds_[node]->clock(); }
    const Ring::Placed& placed() const { return placed_; }

    void crash(std::uint32_t node) {
        auto after = worlds_[node]->crash(CrashChoice::nothing_unsynced());
        members_[node].reset();
        worlds_[node] = std::move(after);
        open(node, false);
    }
    // Another disk in the place of the old one.
    void lose_disk(std::uint32_t node) {
        members_[node].reset();
        worlds_[node] = std::make_unique<MemoryWorld>(MemoryWorld::Options{.seed = node + 100});
        open(node, true);
    }

    // Takes out of what is under way the first that `wanted` accepts; null if there is none.
    template <class Wanted>
    Held take(Wanted wanted) {
        for (auto at = under_way_.begin(); at != under_way_.end(); ++at) {
            if (!wanted((*at)->message())) continue;
            Held held = std::move(*at);
            under_way_.erase(at);
            return held;
        }
        return nullptr;
    }
    Held take(MessageKind kind, std::uint32_t to) {
        return take([=](const Message& message) { return message.kind == kind && message.to.number == to; });
    }

    // A request; its reply is under way then.
    void deliver(const sim::OwnedMessage& held) { members_[held.message().to.number]->receive(held.message(), *this); }

    // Delivers everything, replies to `operation` included, until nothing is under way.
    void finish(cluster::Operation& operation) {
        operation.start();
        while (!under_way_.empty()) {
            Held held = std::move(under_way_.front());
            under_way_.pop_front();
            hear(operation, *held);
        }
    }
    void hear(cluster::Operation& operation, const sim::OwnedMessage& held) {
        const Message& message = held.message();
        if (message.kind != MessageKind::reply) return deliver(held);
        if (cluster::Operation::number_of(message) == operation.number() && !operation.done()) operation.reply(message);
    }

    Result<void> put(std::uint32_t via, Bytes key, Bytes value) { return write({.key = key, .value = value}, via); }
    Result<void> erase(std::uint32_t via, Bytes key) { return write({.key = key, .kind = Kind::tombstone}, via); }
    std::string at(std::uint32_t node, Bytes key) {
        std::string text = "nothing";
        static_cast<void>(members_[node]->copies().read(placed_.shard_of(key), key, [&](const Cell& cell) {
            text = conflict::LastWriteWins<>::values(cell) == 0 ? "erased" : std::string(cell.value);
        }));
        return text;
    }

    bool send(const Message& request, ReplySink&) override {
        under_way_.push_back(std::make_unique<sim::OwnedMessage>(request));
        return true;
    }
    bool reachable(NodeId, NodeId) const override { return true; }
    void reply(const Message& message) override { under_way_.push_back(std::make_unique<sim::OwnedMessage>(message)); }

private:
    Result<void> write(const cluster::WriteRequest& request, std::uint32_t via) {
        Ring::Write operation(members_[via]->coordinator(), request);
        finish(operation);
        return operation.result();
    }

    void open(std::uint32_t node, bool fresh) {
        engine::EngineOptions<Parts> options{.log = {.sync = Sync::every_write}, .create = fresh};
        const Environment environment = worlds_[node]->environment();
        auto engine = engine::Engine<Parts>::open(options, "node", environment).value();
        const cluster::RingContext<Ring> context{placed_, *this, environment};
        members_[node] = Member::open(NodeId{node}, std::move(engine), context).value();
    }

    Ring::Placed placed_;
    std::vector<std::unique_ptr<MemoryWorld>> worlds_;
    std::vector<std::unique_ptr<Member>> members_;
    std::deque<Held> under_way_{};
};

} // namespace bench
