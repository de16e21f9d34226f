// What is characteristic of the known designs.
#include "ring.hpp"

using namespace kvilt;
using namespace ring;

TEST_CASE("a level of each request decides how many copies answer") {
    MemoryWorld world;
    auto store = presets::Cassandra::open("ring", small<presets::Cassandra>(), world.environment()).value();
    CHECK(store.put("k", "v").value().copies >= 1);
    const auto homes = store.cluster().owners("k");
    for (const int away : {0, 1}) store.cluster().stop(homes[static_cast<std::size_t>(away)]).value();
    const auto written = store.put("k", "w").value(); // one copy is enough by default
    CHECK(written.copies == 1);
    CHECK(written.hints == 2);
    CHECK(store.put("k", "x", level::quorum).error() == Errc::unavailable);
    CHECK(store.get("k").value() == "w");
    CHECK(store.get("k", level::quorum).error() == Errc::unavailable);
    for (const int back : {0, 1}) store.cluster().start(homes[static_cast<std::size_t>(back)]).value();
    CHECK(store.get("k", level::all).value() == "w"); // the hints have brought it home
    store.put("k", "x", level::all).value();
    CHECK(store.get("k", level::one).value() == "x");
}

TEST_CASE("a ring of virtual nodes takes every write, whoever is away, and keeps what was concurrent") {
    MemoryWorld world;
    auto options = small<presets::Dynamo>();
    options.partition.nodes = {{.rack = "a"}, {.rack = "b"}, {.rack = "c"}, {.capacity = 2, .rack = "a"}};
    auto store = presets::Dynamo::open("ring", options, world.environment()).value();
    store.cluster().stop(NodeId{0}).value();
    store.cluster().stop(NodeId{1}).value();
    for (int i = 0; i < 100; ++i) REQUIRE(store.put(key(i), value(i)).has_value());
    store.cluster().start(NodeId{0}).value();
    store.cluster().start(NodeId{1}).value();
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
    for (int i = 0; i < 100; ++i) REQUIRE(store.get(key(i), level::all).value() == value(i));
    CHECK(store.put(key(1), "blind").has_value());
    CHECK(store.fetch(key(1)).value().values.size() == 2);
}

TEST_CASE("keys of one hash tag have one leader, and its follower takes over") {
    MemoryWorld world;
    using Preset = presets::RedisCluster;
    auto store = Preset::open("ring", small<Preset>(3), world.environment()).value();
    const auto homes = store.cluster().owners("{user1000}.following");
    CHECK(store.cluster().owners("{user1000}.followers") == homes);
    CHECK(homes.size() == 2);
    store.put("{user1000}.following", "ann").value();
    store.put("{user1000}.followers", "bob").value();
    store.cluster().crash(homes[0]).value();
    CHECK(store.get("{user1000}.following").value() == "ann");
    store.put("{user1000}.followers", "bob carl").value();
    store.cluster().start(homes[0]).value();
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
    CHECK(store.via(homes[0]).get("{user1000}.followers").value() == "bob carl");
}
