#include <doctest/doctest.h>

#include "bench.hpp"
#include <algorithm>
#include <vector>

using namespace kvilt;
using bench::Bench;
using bench::Held;
using bench::Ring;

TEST_CASE("a write that was carried out before its double is refused is unknown") {
    Bench ring;
    Ring::Write write(ring[0].coordinator(), {.key = "key", .value = "value"});
    write.start();
    std::vector<Held> sent;
    while (Held held = ring.take([](const Message& message) { return message.kind == MessageKind::write; }))
        sent.push_back(std::move(held));
    REQUIRE(sent.size() == 3);
    for (const Held& held : sent) ring.deliver(*held);
    while (ring.take(MessageKind::reply, 0)) { // all are lost
    }
    for (std::uint32_t node = 0; node < 3; ++node) REQUIRE(ring[node].enter_era(1));
    for (const Held& held : sent) ring.deliver(*held);
    while (Held held = ring.take(MessageKind::reply, 0)) write.reply(held->message());
    if (!write.done()) write.expire();
    CHECK(ring.at(1, "key") == "value");
    CHECK(write.result().error() == Errc::unknown);
}

TEST_CASE("a reply to a former life of a node is none to the present one") {
    Bench ring;
    REQUIRE(ring.put(0, "a", "old"));
    Held late;
    {
        Ring::Read read(ring[0].coordinator(), "a", Level::standard);
        read.start();
        const Held asked = ring.take(MessageKind::read, 1);
        REQUIRE(asked != nullptr);
        ring.deliver(*asked);
        late = ring.take(MessageKind::reply, 0);
        REQUIRE(late != nullptr);
        while (ring.take([](const Message&) { return true; })) {
        }
    }
    const std::uint64_t former = cluster::Operation::number_of(late->message());
    ring.crash(0);
    for (int n = 0; n < 100; ++n) CHECK(ring[0].coordinator().next_operation() != former);
}

TEST_CASE("a reply to a repair's step is none to a later step, however many lie between") {
    Bench ring;
    for (int n = 0; n < 3'000; ++n) REQUIRE(ring.put(0, "key " + std::to_string(n), "value"));
    ring.lose_disk(1);
    auto gather = ring[1].repair_with(NodeId{0});
    std::vector<std::uint64_t> seen;
    gather.start();
    while (Held held = ring.take([](const Message&) { return true; })) {
        if (held->message().kind != MessageKind::reply) seen.push_back(held->message().operation);
        ring.hear(gather, *held);
    }
    REQUIRE(gather.result());
    std::sort(seen.begin(), seen.end());
    CHECK(seen.size() > 20);
    CHECK(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
}

TEST_CASE("what a repair is told after a fence it does not take") {
    Bench ring;
    REQUIRE(ring.put(0, "key", "value"));
    ring.lose_disk(2);
    auto repair = ring[2].repair_with(NodeId{0});
    repair.start();
    Held cells; // the answer with the value
    while (Held held = ring.take([](const Message&) { return true; })) {
        const bool carries = held->message().kind == MessageKind::reply && held->message().payload.contains("value");
        if (carries)
            cells = std::move(held);
        else
            ring.hear(repair, *held);
    }
    REQUIRE(cells != nullptr);
    REQUIRE(ring.erase(0, "key"));
    REQUIRE(ring.at(2, "key") == "erased");
    Ring::Purge purge(ring[0].coordinator());
    ring.finish(purge);
    REQUIRE(purge.result());
    REQUIRE(purge.forgotten() == 1);
    repair.reply(cells->message());
    CHECK(ring.at(2, "key") == "nothing");
    CHECK(repair.result().error() == Errc::unavailable);
}

TEST_CASE("behind a purge no node stamps below what was purged") {
    Bench ring(4);
    const auto homes = ring.placed().homes(ring.placed().shard_of("key"));
    const std::uint32_t ahead = homes[0].number;
    ring.clock(ahead).set_wall_us(ring.clock(ahead).wall_us() + 200'000);
    const std::uint64_t before = ring[ahead].coordinator().stamp().time;
    REQUIRE(ring.erase(ahead, "key"));
    Ring::Purge purge(ring[ahead].coordinator());
    ring.finish(purge);
    REQUIRE(purge.result());
    REQUIRE(purge.forgotten() == 1);
    for (std::uint32_t node = 0; node < 4; ++node) {
        CHECK(ring[node].coordinator().stamp().time > before);
        ring.crash(node);
        CHECK(ring[node].coordinator().stamp().time > before);
    }
}

TEST_CASE("a node whose disk and clock are new stamps behind what was purged once it knows of the fence") {
    for (const bool by_refusal : {false, true}) {
        Bench ring;
        ring.clock(0).set_wall_us(ring.clock(0).wall_us() + 200'000);
        const std::uint64_t before = ring[0].coordinator().stamp().time;
        REQUIRE(ring.erase(0, "key"));
        Ring::Purge purge(ring[0].coordinator());
        ring.finish(purge);
        REQUIRE(purge.forgotten() == 1);
        ring.lose_disk(2);
        REQUIRE(ring[2].coordinator().stamp().time < before);
        if (by_refusal) {
            Ring::Write early(ring[2].coordinator(), {.key = "key", .value = "early"});
            ring.finish(early);
            CHECK(ring[2].coordinator().era() == ring[0].coordinator().era());
        } else {
            cluster::FenceOperation<Ring::Coordinator> fence(ring[2].coordinator());
            ring.finish(fence);
            REQUIRE(fence.result());
            REQUIRE(ring[2].enter_era(fence.new_era()));
            ring.crash(2);
        }
        CHECK(ring[2].coordinator().stamp().time > before);
    }
}

TEST_CASE("a disk in the place of another does not begin with the lives of that one") {
    Bench ring;
    const std::uint32_t first = ring[1].memory().incarnation();
    const std::uint32_t borrowed = ring[1].memory().next_borrowed_life().value();
    ring.crash(1);
    CHECK(ring[1].memory().incarnation() == first + 1);
    CHECK(ring[1].memory().next_borrowed_life().value() == borrowed + 1);
    ring.lose_disk(1);
    CHECK(ring[1].memory().incarnation() != first);
    CHECK(ring[1].memory().next_borrowed_life().value() != borrowed);
    CHECK(ring[1].memory().incarnation() < std::uint32_t{1} << 31);
}

TEST_CASE("a node that restarts is not refused for being ahead") {
    Bench ring;
    REQUIRE(ring.put(0, "key", "value"));
    ring.crash(0);
    CHECK(ring.put(0, "key", "another"));
    CHECK(ring.at(1, "key") == "another");
}

TEST_CASE("a write that a lost disk had acknowledged is completed by another home, but for a fence") {
    for (const bool fenced : {false, true}) {
        Bench ring;
        Ring::Write write(ring[0].coordinator(), {.key = "key", .value = "value"});
        write.start();
        const Held to_lost = ring.take(MessageKind::write, 2);
        const Held late = ring.take(MessageKind::write, 1);
        REQUIRE(ring.take(MessageKind::write, 0) != nullptr); // is lost
        ring.deliver(*to_lost);
        const Held acknowledged = ring.take(MessageKind::reply, 0);
        ring.lose_disk(2);
        if (fenced) {
            cluster::FenceOperation<Ring::Coordinator> fence(ring[2].coordinator());
            ring.finish(fence);
            REQUIRE(fence.result());
            REQUIRE(ring[2].enter_era(fence.new_era()));
        }
        for (const std::uint32_t other : {0u, 1u}) {
            auto gather = ring[2].repair_with(NodeId{other});
            ring.finish(gather);
            REQUIRE(gather.result());
        }
        write.reply(acknowledged->message());
        ring.deliver(*late);
        while (Held held = ring.take(MessageKind::reply, 0)) write.reply(held->message());
        write.expire();
        CHECK(write.result().has_value() == !fenced); // acknowledged, and on one home of three
        CHECK(ring.at(1, "key") == (fenced ? "nothing" : "value"));
        CHECK(ring.at(2, "key") == "nothing");
    }
}
