// What a strict quorum promises while nodes stop, crash, lose their disks and are cut off.
#include "ring.hpp"
#include <algorithm>
#include <vector>

using namespace kvilt;
using namespace ring;

namespace {

Strict open(MemoryWorld& world) { return Strict::open("ring", small<Strict>(), world.environment()).value(); }

void put_all(Strict& store, int from, int to, int shift = 0) {
    for (int i = from; i < to; ++i) store.put(key(i), value(i + shift)).value();
}
void lose_disk(MemoryWorld& world, const std::string& directory) {
    const auto names = world.files().list(directory).value();
    for (const std::string& name : names) world.files().remove(directory + "/" + name).value();
}
void check_all(const Strict& store, int from, int to, int shift = 0) {
    for (int i = from; i < to; ++i) REQUIRE(store.get(key(i)).value() == value(i + shift));
}

} // namespace

TEST_CASE("every key is on three nodes, a write says how many have it, and all of it is there after closing") {
    MemoryWorld world;
    {
        auto store = open(world);
        const auto written = store.put(key(1), value(1)).value();
        CHECK(written.copies == 3);
        CHECK(written.hints == 0);
        put_all(store, 0, 300);
        check_all(store, 0, 300);
        CHECK(store.get("absent").value() == std::nullopt);
        std::uint64_t keys = 0;
        for (const NodeStatus& node : store.cluster().nodes()) {
            CHECK(node.lives);
            keys += node.memtable_keys;
        }
        CHECK(keys >= 900);
        CHECK(store.cluster().differences().value() == 0);
        store.close().value();
    }
    auto again = open(world);
    check_all(again, 0, 300);
}

TEST_CASE("a ring with another number of nodes is refused with a readable difference") {
    MemoryWorld world;
    open(world).close().value();
    const auto other = Strict::open("ring", small<Strict>(4), world.environment());
    REQUIRE(!other);
    CHECK(other.error() == Errc::incompatible);
    CHECK(other.error().message().find("partition layout") != std::string::npos);
}

TEST_CASE("while a node is stopped writes and reads go on, and it has everything when it is started again") {
    MemoryWorld world;
    auto store = open(world);
    put_all(store, 0, 200);
    store.cluster().stop(NodeId{2}).value();
    put_all(store, 0, 200, 1000);
    put_all(store, 200, 300, 1000);
    check_all(store, 0, 300, 1000);
    std::uint64_t hints = 0;
    for (const NodeStatus& node : store.cluster().nodes()) hints += node.hints;
    CHECK(hints > 50);
    store.cluster().start(NodeId{2}).value();
    for (const NodeStatus& node : store.cluster().nodes()) {
        CHECK(node.lives);
        CHECK(node.hints == 0);
    }
    CHECK(store.cluster().differences().value() == 0);
}

TEST_CASE("with two of three homes away a write is refused at once, and nothing of it is there") {
    MemoryWorld world;
    auto store = open(world);
    store.put("k", "old").value();
    const auto homes = store.cluster().owners("k");
    store.cluster().stop(homes[0]).value();
    store.put("k", "middle").value();
    store.cluster().stop(homes[1]).value();
    const auto refused = store.put("k", "new");
    REQUIRE(!refused);
    CHECK(refused.error() == Errc::unavailable);
    CHECK(refused.error().message().find("nothing was written") != std::string::npos);
    CHECK(store.get("k").error() == Errc::unavailable);
    CHECK(store.get("k", {.level = Level::one}).value() == "middle");
    store.cluster().start(homes[0]).value();
    CHECK(store.get("k").value() == "middle");
}

TEST_CASE("cut in two, the side of the majority goes on and the other refuses, for reads and writes") {
    MemoryWorld world;
    auto store = open(world);
    store.put("k", "before").value();
    const auto homes = store.cluster().owners("k");
    cut_off(store, {homes[0]});
    auto minority = store.via(homes[0]);
    auto majority = store.via(homes[1]);
    CHECK(minority.put("k", "lost").error() == Errc::unavailable);
    CHECK(minority.get("k").error() == Errc::unavailable);
    majority.put("k", "after").value();
    CHECK(majority.get("k").value() == "after");
    store.cluster().mend_all();
    CHECK(minority.get("k").value() == "after");
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
}

TEST_CASE("homes that could not answer are sent nothing, and the write is refused") {
    MemoryWorld world;
    auto store = open(world);
    const auto homes = store.cluster().owners("k");
    const auto other = strangers(store, "k").front();
    auto client = store.via(other);
    client.put("k", "old").value();
    for (const NodeId home : homes) store.cluster().cut(home, other); // the ways back
    CHECK(client.put("k", "new").error() == Errc::unavailable);       // the ways are known to be cut
    CHECK(store.get("k").value() == "old");
}

TEST_CASE("levels are kept or refused, and never weakened") {
    MemoryWorld world;
    auto store = open(world);
    CHECK(store.put("k", "v", {.level = Level::all}).value().copies == 3);
    CHECK(store.get("k", level::all).value() == "v");
    CHECK(store.get("k", {.level = Level::linearizable}).error() == Errc::invalid_argument);
    CHECK(store.put("k", "w", {.level = Level::linearizable}).error() == Errc::invalid_argument);
    const auto homes = store.cluster().owners("k");
    store.cluster().stop(homes[2]).value();
    CHECK(store.put("k", "w", {.level = Level::all}).error() == Errc::unavailable);
    CHECK(store.put("k", "w", {.level = Level::two}).value().copies == 2);
    CHECK(store.get("k", level::all).error() == Errc::unavailable);
    CHECK(store.get("k", level::quorum).value() == "w");
    store.cluster().stop(homes[1]).value();
    CHECK(store.put("k", "x", {.level = Level::one}).value().copies == 1);
    CHECK(store.get("k", level::one).value() == "x");
}

TEST_CASE("a read tells homes that had less") {
    MemoryWorld world;
    auto store = open(world);
    const auto homes = store.cluster().owners("k");
    store.put("k", "old").value();
    cut_off(store, {homes[0]});
    store.via(homes[1]).put("k", "new").value();
    store.cluster().mend_all();
    const auto fetched = store.via(homes[0]).fetch("k").value();
    CHECK(fetched.values == std::vector<std::string>{"new"});
    CHECK(fetched.replies == 2);
    CHECK(fetched.repaired == 1);
    CHECK(store.cluster().differences().value() == 0);
}

TEST_CASE("an erased key stays erased whatever comes back, and its tombstones go when every copy has them") {
    MemoryWorld world;
    auto store = open(world);
    put_all(store, 0, 50);
    store.cluster().stop(NodeId{1}).value();
    for (int i = 0; i < 50; ++i) store.erase(key(i)).value();
    CHECK(store.cluster().repair().value().forgotten == 0); // a node is away: it has the old values
    store.cluster().start(NodeId{1}).value();
    for (int i = 0; i < 50; ++i) REQUIRE(store.get(key(i)).value() == std::nullopt);
    const RepairReport report = store.cluster().repair().value();
    CHECK(report.forgotten == 50);
    CHECK(store.cluster().differences().value() == 0);
    for (int i = 0; i < 50; ++i) REQUIRE(store.get(key(i)).value() == std::nullopt);
    put_all(store, 0, 10, 7);
    check_all(store, 0, 10, 7);
    CHECK(store.cluster().repair().value().forgotten == 0);
    store.close().value();
    auto again = open(world);
    check_all(again, 0, 10, 7);
    CHECK(again.get(key(20)).value() == std::nullopt);
}

TEST_CASE("a node that lost its disk does not answer until it is rebuilt, and then has every copy") {
    MemoryWorld world;
    auto store = open(world);
    put_all(store, 0, 200);
    store.cluster().crash(NodeId{3}).value();
    lose_disk(world, "ring/node-3");
    const auto started = store.cluster().start(NodeId{3});
    REQUIRE(!started);
    CHECK(started.error() == Errc::not_found);
    check_all(store, 0, 200);
    store.cluster().rebuild(NodeId{3}).value();
    CHECK(store.cluster().differences().value() == 0);
    CHECK(store.cluster().nodes()[3].memtable_keys > 80);
    for (const std::uint32_t away : {0u, 1u}) store.cluster().stop(NodeId{away}).value();
    for (int i = 0; i < 200; ++i) REQUIRE(store.get(key(i), level::one).value() == value(i));
}

TEST_CASE("a ring opens without a node whose disk is gone, and says why it is down") {
    MemoryWorld world;
    {
        auto store = open(world);
        put_all(store, 0, 100);
        store.close().value();
    }
    lose_disk(world, "ring/node-4");
    auto store = open(world);
    const NodeStatus down = store.cluster().nodes()[4];
    CHECK(!down.lives);
    REQUIRE(down.why_down.has_value());
    CHECK(*down.why_down == Errc::not_found);
    check_all(store, 0, 100);
    store.cluster().rebuild(NodeId{4}).value();
    CHECK(store.cluster().nodes()[4].lives);
    CHECK(store.cluster().differences().value() == 0);
}

TEST_CASE("one flipped bit on one node's disk is found and healed from the others") {
    MemoryWorld world;
    auto store = open(world);
    put_all(store, 0, 2000);
    store.flush().value();
    store.cluster().stop(NodeId{0}).value();
    std::string table;
    const auto names = world.files().list("ring/node-0").value();
    for (const std::string& name : names)
        if (name.starts_with("table-")) table = "ring/node-0/" + name;
    REQUIRE(table != "");
    world.flip(table, 20'000, 0x10).value(); // between the blocks that a start reads
    store.cluster().start(NodeId{0}).value();
    check_all(store, 0, 2000); // served around
    CHECK(store.cluster().scrub().value() == 1);
    CHECK(store.verify().value() > 0);
    CHECK(store.cluster().differences().value() == 0);
    CHECK(store.cluster().scrub().value() == 0);
    check_all(store, 0, 2000);
}

TEST_CASE("a node that cannot read what it remembers of itself does not start, and is rebuilt") {
    MemoryWorld world;
    auto store = open(world);
    put_all(store, 0, 200);
    store.flush().value();
    store.cluster().stop(NodeId{0}).value();
    const auto names = world.files().list("ring/node-0").value();
    for (const std::string& name : names)
        if (name.starts_with("table-")) world.flip("ring/node-0/" + name, 100, 0x10).value();
    CHECK(store.cluster().start(NodeId{0}).error() == Errc::corruption);
    check_all(store, 0, 200);
    store.cluster().rebuild(NodeId{0}).value();
    CHECK(store.cluster().differences().value() == 0);
    check_all(store, 0, 200);
}

TEST_CASE("an oversized key, a read-only ring and a node that is not there are refused with their reasons") {
    MemoryWorld world;
    auto store = open(world);
    CHECK(store.put(std::string(key_bytes_max + 1, 'k'), "v").error() == Errc::invalid_argument);
    const std::string longest(key_bytes_max, 'k');
    store.put(longest, "v").value();
    CHECK(store.get(longest).value() == "v");
    CHECK(store.cluster().stop(NodeId{7}).error() == Errc::invalid_argument);
    CHECK(store.via(NodeId{7}).put("k", "v").error() == Errc::unavailable);
    store.put("", "empty").value();
    CHECK(store.get("").value() == "empty");
    auto options = small<Strict>();
    options.read_only = true;
    CHECK(Strict::open("ring", options, world.environment()).error() == Errc::invalid_option);
    CHECK(Strict::open("other", small<Strict>(2), world.environment()).error() == Errc::invalid_option);
}
