// What a sloppy ring with vector clocks does on both sides of a cut: it takes writes, and forgets none of them.
#include "ring.hpp"
#include <algorithm>
#include <set>

using namespace kvilt;
using namespace ring;

namespace {

using Dynamo = assemble<memtable::SkipList<>, log::Written, partition::Slots<64>,
                        replication::Quorum<3, 2, 2, Mode::sloppy>, conflict::VectorClock<>>;

Dynamo open(MemoryWorld& world) { return Dynamo::open("ring", small<Dynamo>(), world.environment()).value(); }

std::set<std::string> values_of(const Dynamo& store, const std::string& key) {
    const auto values = store.fetch(key).value().values;
    return {values.begin(), values.end()};
}

} // namespace

TEST_CASE("a write with its context replaces what it read, a blind one makes a sibling, an erase takes what is there") {
    MemoryWorld world;
    auto store = open(world);
    store.put("cart", "eggs").value();
    const auto read = store.fetch("cart").value();
    CHECK(read.values == std::vector<std::string>{"eggs"});
    store.put("cart", "eggs, milk", {.context = read.context}).value();
    CHECK(store.get("cart").value() == "eggs, milk");
    store.put("cart", "jam").value();
    CHECK(values_of(store, "cart") == std::set<std::string>{"eggs, milk", "jam"});
    CHECK(store.get("cart").error() == Errc::siblings);
    const auto both = store.fetch("cart").value();
    store.put("cart", "eggs, jam, milk", {.context = both.context}).value();
    CHECK(store.get("cart").value() == "eggs, jam, milk");
    store.erase("cart").value(); // it reads before
    CHECK(store.get("cart").value() == std::nullopt);
    CHECK(store.cluster().differences().value() == 0);
}

TEST_CASE("a thousand interleaved racing writes leave at most two siblings") {
    MemoryWorld world;
    auto store = open(world);
    std::string contexts[2]; // what each client has read before the other one wrote
    for (int i = 0; i < 1000; ++i) {
        store.put("k", std::to_string(i), {.context = contexts[i % 2]}).value();
        const auto read = store.fetch("k").value();
        REQUIRE(read.values.size() <= 2);
        REQUIRE(std::find(read.values.begin(), read.values.end(), std::to_string(i)) != read.values.end());
        contexts[i % 2] = read.context;
    }
}

TEST_CASE("cut in two, both sides go on, and after healing every write is there or was replaced by who had seen it") {
    MemoryWorld world;
    auto store = open(world);
    store.put("k", "before").value();
    cut_off(store, {NodeId{0}, NodeId{1}});
    auto left = store.via(NodeId{0});
    auto right = store.via(NodeId{3});
    const auto seen_left = left.fetch("k").value();
    const auto seen_right = right.fetch("k").value();
    CHECK(left.put("k", "left", {.context = seen_left.context}).value().copies >= 2);
    CHECK(right.put("k", "right", {.context = seen_right.context}).value().copies >= 2);
    for (int i = 0; i < 50; ++i) {
        left.put(key(i), "left").value();
        right.put(key(i + 25), "right").value();
    }
    store.cluster().mend_all();
    const RepairReport report = store.cluster().repair().value();
    CHECK(report.handed_on > 0);
    CHECK(store.cluster().differences().value() == 0);
    CHECK(values_of(store, "k") == std::set<std::string>{"left", "right"});
    CHECK(values_of(store, key(0)) == std::set<std::string>{"left"});
    CHECK(values_of(store, key(30)) == std::set<std::string>{"left", "right"});
    CHECK(values_of(store, key(60)) == std::set<std::string>{"right"});
    for (const NodeStatus& node : store.cluster().nodes()) CHECK(node.hints == 0);
}

TEST_CASE("with every home of a key away others take writes in their place, one after the other, and lose none") {
    MemoryWorld world;
    auto store = open(world);
    const auto homes = store.cluster().owners("k");
    std::string context;
    for (int round = 0; round < 3; ++round) {
        for (const NodeId home : homes) store.cluster().stop(home).value();
        store.put("k", "away " + std::to_string(round)).value(); // blind: nothing covers it
        store.put("k", "away again " + std::to_string(round)).value();
        for (const NodeId home : homes) store.cluster().start(home).value();
        REQUIRE(values_of(store, "k").size() == 2 * static_cast<std::size_t>(round) + 2);
    }
    store.cluster().repair().value();
    CHECK(values_of(store, "k").size() == 6);
    const auto all = store.fetch("k").value();
    store.put("k", "one", {.context = all.context}).value();
    CHECK(store.get("k").value() == "one");
    store.close().value();
    auto again = open(world);
    CHECK(again.get("k").value() == "one");
}

TEST_CASE("hints are bounded in bytes: what is over the bound is counted, and repair does their work") {
    MemoryWorld world;
    auto options = small<Dynamo>();
    options.replication.hint_bytes_max = 2000;
    auto store = Dynamo::open("ring", options, world.environment()).value();
    const auto away = store.cluster().owners("k").front();
    store.cluster().stop(away).value();
    int acknowledged = 0;
    for (int i = 0; i < 200; ++i) acknowledged += store.put(key(i), std::string(100, 'v')).has_value();
    CHECK(acknowledged == 200); // two homes are left of each
    std::uint64_t dropped = 0;
    for (const NodeStatus& node : store.cluster().nodes()) {
        CHECK(node.hint_bytes <= 2200);
        dropped += node.hints_dropped;
    }
    CHECK(dropped > 0);
    store.cluster().start(away).value();
    CHECK(store.cluster().differences().value() > 0);
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
}

TEST_CASE("hints that are too old are dropped") {
    MemoryWorld world;
    auto options = small<Dynamo>();
    options.replication.hint_age_s_max = 60;
    auto store = Dynamo::open("ring", options, world.environment()).value();
    const auto away = store.cluster().owners("k").front();
    store.cluster().stop(away).value();
    store.put("k", "v").value();
    world.clock().advance_us(61'000'000);
    store.cluster().start(away).value();
    CHECK(store.cluster().differences().value() == 2);
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
}
