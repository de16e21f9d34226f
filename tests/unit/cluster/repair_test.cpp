// What anti-entropy sends: in proportion to what differs, and not to what there is.
#include <kvilt/sim/ring_of.hpp>
#include <kvilt/sim/ring_world.hpp>

#include "ring.hpp"
#include <algorithm>
#include <vector>

using namespace kvilt;
using namespace ring;

namespace {

struct Cost {
    int differing = 0;
    std::uint64_t bytes = 0;
};

// Of a repair after one node has missed so many of `keys` writes. Hints are switched off.
Cost cost_of(int keys, int differing) {
    MemoryWorld world({.file_bytes_max = 64_MiB});
    auto options = small<Strict>(3);
    options.replication.hint_bytes_max = 0;
    auto store = Strict::open("ring", options, world.environment()).value();
    for (int i = 0; i < keys; ++i) store.put(key(i), value(i)).value();
    store.cluster().repair().value(); // the trees are built
    store.cluster().stop(NodeId{2}).value();
    for (int i = 0; i < differing; ++i) store.put(key(i * (keys / differing)), value(-i)).value();
    store.cluster().start(NodeId{2}).value();
    CHECK(store.cluster().differences().value() == 2 * static_cast<std::uint64_t>(differing));
    const RepairReport report = store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
    CHECK(report.cells >= static_cast<std::uint64_t>(differing));
    return {differing, report.bytes};
}

} // namespace

TEST_CASE("one round of anti-entropy makes copies equal, and costs in proportion to what differs") {
    constexpr int keys = 20'000;
    std::vector<Cost> costs;
    for (const int differing : {0, 10, 100, 1000, 10'000}) {
        costs.push_back(differing == 0 ? Cost{} : cost_of(keys, differing));
        if (differing == 0) {
            MemoryWorld world({.file_bytes_max = 64_MiB});
            auto store = Strict::open("ring", small<Strict>(3), world.environment()).value();
            for (int i = 0; i < keys; ++i) store.put(key(i), value(i)).value();
            costs.back().bytes = store.cluster().repair().value().bytes;
        }
        MESSAGE(costs.back().differing << " of " << keys << " keys differ: " << costs.back().bytes << " bytes");
    }
    const auto bytes_for = [&](std::size_t at) { return costs[at].bytes - costs[0].bytes; };
    CHECK(costs[0].bytes < 100'000); // nothing differs: roots are compared, and tombstones asked for
    for (std::size_t at = 2; at < costs.size(); ++at) {
        CHECK(bytes_for(at) < 12 * bytes_for(at - 1)); // ten times the differences
        CHECK(bytes_for(at) > 3 * bytes_for(at - 1));
    }
    const auto far_less_than_all = static_cast<std::uint64_t>(keys) * 60 / 20;
    CHECK(bytes_for(1) < far_less_than_all);
}

TEST_CASE("digests outlast an orderly end of a node, and no other") {
    using Parts = sim::RingOf<Strict>;
    sim::RingOptions<Parts> options;
    options.setting.partition.nodes = 3;
    options.clients = {.clients = 2, .operations = 200, .keys = 50};
    sim::RingWorld<Parts> world(options);
    REQUIRE(world.run() == "");
    REQUIRE(world.heal() == "");
    auto& node = world.nodes()[0];
    const auto dirty_shards = [&] {
        std::size_t dirty = 0;
        for (ShardId shard = 0; shard < world.placed().shards(); ++shard)
            dirty += node.member().copies().tree().dirty(shard);
        return dirty;
    };
    for (ShardId shard = 0; shard < world.placed().shards(); ++shard) node.member().copies().refresh(shard).value();
    const auto write = [&](Bytes key) {
        std::string room;
        auto& member = node.member();
        const Cell cell =
            Parts::Conflict::write(nullptr, {}, member.coordinator().stamp(), Kind::put, "value", room).value();
        CHECK(member.copies().write(0, key, cell, false, member.memory().era()).value());
    };
    write("late");
    CHECK(dirty_shards() == 1);
    const auto digests = [&] {
        std::vector<std::uint64_t> all;
        for (std::size_t leaf = 0; leaf < node.member().copies().tree().leaves(); ++leaf)
            all.push_back(node.member().copies().tree().digest(leaf));
        return all;
    };
    node.member().copies().refresh(0).value();
    const auto known = digests();
    write("later");
    node.member().close().value();
    node.crash(CrashChoice::everything());
    node.restart().value();
    CHECK(dirty_shards() == 1); // that of the last write
    node.member().copies().refresh(0).value();
    const auto after = digests();
    std::size_t differing = 0;
    for (std::size_t leaf = 0; leaf < after.size(); ++leaf) differing += known[leaf] != after[leaf];
    CHECK(differing == 1);
    node.crash(CrashChoice::everything());
    node.restart().value();
    CHECK(dirty_shards() == world.placed().shards());
    for (ShardId shard = 0; shard < world.placed().shards(); ++shard) node.member().copies().refresh(shard).value();
    CHECK(digests() == after);
}
