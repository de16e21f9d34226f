// The end of a node's life, and what its next life believes of it.
#include <kvilt/cluster/member.hpp>
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/env/direct_network.hpp>
#include <kvilt/env/memory.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/table/none.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace kvilt;

namespace {

using Parts = engine::Parts<memtable::Art<>, log::Written, table::None, conflict::LastWriteWins<>>;
using Ring = cluster::RingParts<Parts, partition::Ring<1>, replication::Quorum<3, 2, 2>>;
using Member = cluster::Member<Ring>;

// One node of three, alone.
class Alone {
public:
    Alone() { begin(true); }
    void begin(bool fresh) {
        engine::EngineOptions<Parts> options{.memory_bytes_max = 1_MiB, .create = fresh};
        const Environment environment = world_.environment();
        auto engine = engine::Engine<Parts>::open(options, "node", environment).value();
        const cluster::RingContext<Ring> context{placed_, network_, environment};
        member = Member::open(NodeId{0}, std::move(engine), context).value();
    }
    void live_again() {
        member->close().value();
        member.reset();
        begin(false);
    }

    Result<bool> write(Bytes key, Bytes value) { return write(key, Kind::put, value); }
    Result<bool> erase(Bytes key) { return write(key, Kind::tombstone, {}); }
    std::size_t dirty_shards() const {
        std::size_t dirty = 0;
        for (ShardId shard = 0; shard < placed_.shards(); ++shard) dirty += member->copies().tree().dirty(shard);
        return dirty;
    }
    void refresh() {
        for (ShardId shard = 0; shard < placed_.shards(); ++shard) member->copies().refresh(shard).value();
    }

    std::unique_ptr<Member> member{};

private:
    Result<bool> write(Bytes key, Kind kind, Bytes value) {
        std::string room;
        const Cell cell = Ring::Conflict::write(nullptr, {}, member->coordinator().stamp(), kind, value, room).value();
        return member->copies().write(placed_.shard_of(key), key, cell, false, member->memory().era());
    }

    MemoryWorld world_{};
    Ring::Placed placed_{Ring::Partition::Map({.nodes = 3}, 3), 3};
    DirectNetwork network_{4};
};

} // namespace

TEST_CASE("a node whose memory is full can be erased from, end and begin, and "
          "believes no digests of a former life") {
    Alone node;
    node.write("first", "value").value();
    node.refresh();
    node.live_again();
    CHECK(node.dirty_shards() == 0); // digests were kept
    int written = 0;
    for (Result<bool> done = true; done; ++written) done = node.write("key " + std::to_string(written), "value");
    CHECK(written > 100);
    CHECK(node.write("one more", "value").error() == Errc::full);
    node.live_again();
    CHECK(node.dirty_shards() > 0);
    CHECK(node.erase("first").value());
    node.live_again();
    CHECK(node.erase("key 1").value());
}
