// What a ring with leaders promises while its leaders stop, crash and are cut off.
#include "ring.hpp"
#include <algorithm>
#include <set>
#include <vector>

using namespace kvilt;
using namespace ring;

namespace {

template <Ack ack, std::size_t N = 3, class Conflict = conflict::Overwrite>
using Led = Store<memtable::Art<>, log::Mapped, table::Lsm<>, partition::Ring<16>, replication::LeaderFollower<N, ack>,
                  Conflict>;
using Majority = Led<Ack::majority>;
using Async = Led<Ack::async>;
using All = Led<Ack::all>;

template <class S>
S open(MemoryWorld& world, std::size_t nodes = 5) {
    return S::open("ring", small<S>(nodes), world.environment()).value();
}

template <class S>
void put_all(S& store, int from, int to, int shift = 0) {
    for (int i = from; i < to; ++i) store.put(key(i), value(i + shift)).value();
}
template <class S>
void check_all(const S& store, int from, int to, int shift = 0) {
    for (int i = from; i < to; ++i) REQUIRE(store.get(key(i)).value() == value(i + shift));
}

// The first home leads until something happens to it.
template <class S>
NodeId first_leader(S& store, const std::string& of) {
    return store.cluster().owners(of)[0];
}

} // namespace

TEST_CASE("a write is on all three homes when all is well, and is there after closing") {
    MemoryWorld world;
    {
        auto store = open<Majority>(world);
        CHECK(store.put(key(1), value(1)).value().copies >= 2);
        put_all(store, 0, 300);
        check_all(store, 0, 300);
        store.erase(key(7)).value();
        CHECK(store.get(key(7)).value() == std::nullopt);
        CHECK(store.get("absent").value() == std::nullopt);
        CHECK(store.cluster().differences().value() == 0);
        for (const Level level : {Level::one, Level::two, Level::quorum, Level::all, Level::linearizable})
            CHECK(store.via(store.cluster().owners(key(9))[2]).get(key(9), {.level = level}).value() == value(9));
        store.close().value();
    }
    auto again = open<Majority>(world);
    CHECK(again.get(key(7)).value() == std::nullopt);
    check_all(again, 8, 300);
}

TEST_CASE("a scan shows what the leaders have, in order") {
    MemoryWorld world;
    auto store = Store<memtable::Art<>, log::Mapped, table::Lsm<>, partition::ScatterGather<partition::Ring<16>>,
                       replication::LeaderFollower<3>>::open("ring", {}, world.environment())
                     .value();
    std::set<std::string> expected;
    for (int i = 0; i < 500; ++i) expected.insert(key(i));
    for (const std::string& one : expected) store.put(one, "v").value();
    store.cluster().stop(NodeId{1}).value();
    std::vector<std::string> seen;
    for (const auto& [found, text] : store.scan(all())) seen.emplace_back(found);
    CHECK(seen == std::vector<std::string>(expected.begin(), expected.end()));
    seen.clear();
    for (const auto& [found, text] : store.scan(all()).reverse()) seen.emplace_back(found);
    CHECK(seen == std::vector<std::string>(expected.rbegin(), expected.rend()));
}

TEST_CASE("when a leader is stopped or crashes another home leads, and everything acknowledged is there") {
    for (const bool orderly : {true, false}) {
        MemoryWorld world;
        auto store = open<Majority>(world);
        put_all(store, 0, 200);
        for (const NodeId node : {NodeId{0}, NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}}) {
            const int shift = static_cast<int>(node.number + 1) * 1000;
            (orderly ? store.cluster().stop(node) : store.cluster().crash(node)).value();
            check_all(store, 0, 200, shift - 1000);
            put_all(store, 0, 200, shift);
            check_all(store, 0, 200, shift);
            store.cluster().start(node).value();
        }
        CHECK(store.cluster().differences().value() == 0);
    }
}

TEST_CASE("with two of three homes away reads and writes are refused, and nothing of them is there") {
    MemoryWorld world;
    auto store = open<Majority>(world);
    store.put("k", "old").value();
    const auto homes = store.cluster().owners("k");
    store.cluster().stop(homes[0]).value();
    store.cluster().stop(homes[1]).value();
    CHECK(store.put("k", "new").error() == Errc::unavailable);
    CHECK(store.get("k").error() == Errc::unavailable);
    CHECK(store.get("k", {.level = Level::one}).value() == "old");
    store.cluster().start(homes[0]).value();
    store.cluster().start(homes[1]).value();
    CHECK(store.get("k").value() == "old");
}

TEST_CASE("an isolated leader acknowledges nothing, and follows when it is reached again") {
    MemoryWorld world;
    auto store = open<Majority>(world);
    store.put("k", "old").value();
    const NodeId old_leader = first_leader(store, "k");
    const NodeId other = store.cluster().owners("k")[1];
    cut_off(store, {old_leader});
    CHECK(store.via(old_leader).put("k", "lost").error() == Errc::unavailable);
    CHECK(store.via(old_leader).get("k").error() == Errc::unavailable);
    store.via(other).put("k", "new").value();
    CHECK(store.via(other).get("k").value() == "new");
    CHECK(store.via(old_leader).get("k").error() == Errc::unavailable);
    CHECK(store.via(old_leader).get("k", {.level = Level::one}).value() == "old");
    store.cluster().mend_all();
    CHECK(store.via(old_leader).get("k").value() == "new");
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
    for (const NodeId home : store.cluster().owners("k")) {
        CHECK(store.via(home).get("k", {.level = Level::one}).value() == "new");
    }
}

TEST_CASE("what an old leader took alone is gone when a majority has gone on without it") {
    MemoryWorld world;
    auto store = open<Majority>(world);
    put_all(store, 0, 100);
    const std::string k = key(5);
    const NodeId old_leader = first_leader(store, k);
    const NodeId other = store.cluster().owners(k)[1];
    CHECK(store.via(old_leader).get(k).value() == value(5)); // it knows that it leads
    cut_off(store, {old_leader});
    // With level one its own word is enough: that is acknowledged, and no promise of a majority.
    store.via(old_leader).put(k, "alone", {.level = Level::one}).value();
    CHECK(store.via(old_leader).get(k, {.level = Level::one}).value() == "alone");
    store.via(other).put(k, "together").value();
    store.cluster().mend_all();
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
    for (const NodeId home : store.cluster().owners(k))
        CHECK(store.via(home).get(k, {.level = Level::one}).value() == "together");
    CHECK(store.get(k).value() == "together");
}

TEST_CASE("async loses what only a dead leader has, majority and all do not") {
    const auto survives = []<class S>(std::type_identity<S>) {
        MemoryWorld world;
        auto store = open<S>(world);
        store.put("k", "old").value();
        const NodeId leader = first_leader(store, "k");
        CHECK(store.via(leader).get("k").value() == "old"); // it knows that it leads
        for (const NodeStatus& other : store.cluster().nodes())
            if (other.node != leader) store.cluster().cut(leader, other.node);
        const auto written = store.via(leader).put("k", "new");
        store.cluster().crash(leader).value();
        store.cluster().mend_all();
        const auto found = store.get("k").value();
        REQUIRE(found);
        CHECK((*found == "old" || *found == "new"));
        return std::pair(written.has_value(), *found == "new");
    };
    CHECK(survives(std::type_identity<Async>{}) == std::pair(true, false));
    CHECK(survives(std::type_identity<Majority>{}) == std::pair(false, false));
    CHECK(survives(std::type_identity<All>{}) == std::pair(false, false));
}

TEST_CASE("Ack::all counts a write when every home has it, and refuses one while a home is away") {
    MemoryWorld world;
    auto store = open<All>(world);
    CHECK(store.put("k", "v").value().copies == 3);
    store.cluster().stop(store.cluster().owners("k")[2]).value();
    CHECK(store.put("k", "w").error() == Errc::unavailable);
    CHECK(store.get("k").value() == "v"); // two of three suffice to read
    CHECK(store.put("k", "w", {.level = Level::quorum}).value().copies == 2);
}

TEST_CASE("of two copies the follower takes over by the votes of all nodes") {
    MemoryWorld world;
    auto store = open<Led<Ack::async, 2>>(world, 3);
    put_all(store, 0, 100);
    CHECK(store.cluster().differences().value() == 0);
    store.cluster().stop(NodeId{0}).value();
    check_all(store, 0, 100);
    put_all(store, 0, 100, 1000);
    store.cluster().start(NodeId{0}).value();
    check_all(store, 0, 100, 1000);
    CHECK(store.cluster().differences().value() == 0);
    // One of three elects nobody: it goes on where it leads already, and refuses elsewhere.
    store.cluster().stop(NodeId{0}).value();
    store.cluster().stop(NodeId{1}).value();
    int refused = 0;
    for (int i = 0; i < 100; ++i) {
        const auto written = store.put(key(i), value(i));
        if (!written) CHECK(written.error() == Errc::unavailable);
        refused += !written;
    }
    CHECK(refused > 0);
    CHECK(refused < 100);
}

TEST_CASE("a voter that has lost its disk does not vote twice in one term") {
    MemoryWorld world;
    auto store = open<Led<Ack::async, 2>>(world, 3);
    const NodeId leader = store.cluster().owners("k")[0], follower = store.cluster().owners("k")[1];
    const NodeId voter{3 - leader.number - follower.number};
    cut_off(store, {follower}); // it does not hear of the term in which the other two elect
    store.via(leader).put("k", "new").value();
    store.cluster().mend_all();
    store.cluster().rebuild(voter).value();
    cut_off(store, {leader});
    store.via(follower).put("k", "newest").value();
    store.cluster().mend_all();
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
    for (const NodeId home : {leader, follower})
        CHECK(store.via(home).get("k", {.level = Level::one}).value() == "newest");
}

TEST_CASE("of clients who race with one version one wins, and the others are told so") {
    MemoryWorld world;
    auto store = open<Led<Ack::majority, 3, conflict::Version>>(world);
    store.put("counter", "0").value();
    int wins = 0;
    for (int round = 0; round < 20; ++round) {
        const auto read = store.fetch("counter").value();
        REQUIRE(read.values == std::vector<std::string>{std::to_string(wins)});
        int won = 0;
        for (const NodeId via : {NodeId{0}, NodeId{1}, NodeId{2}, NodeId{3}}) {
            const auto written = store.via(via).put("counter", std::to_string(wins + 1), {.context = read.context});
            if (written)
                ++won;
            else
                CHECK(written.error() == Errc::conflict);
        }
        CHECK(won == 1);
        wins += won;
        const NodeId leader = store.cluster().owners("counter")[static_cast<std::size_t>(round % 3)];
        store.cluster().crash(leader).value();
        CHECK(store.put("counter", "without a version").error() == Errc::conflict);
        store.cluster().start(leader).value();
    }
    const auto last = store.fetch("counter").value();
    store.erase("counter", {.context = last.context}).value();
    store.put("counter", "anew").value();
    CHECK(store.get("counter").value() == "anew");
}

TEST_CASE("an erase is forgotten when all homes have it, and never comes back") {
    MemoryWorld world;
    auto store = open<Majority>(world);
    put_all(store, 0, 50);
    store.cluster().stop(NodeId{2}).value();
    for (int i = 0; i < 50; ++i) store.erase(key(i)).value();
    CHECK(store.cluster().repair().value().forgotten == 0);
    store.cluster().start(NodeId{2}).value();
    CHECK(store.cluster().repair().value().forgotten == 50);
    CHECK(store.cluster().differences().value() == 0);
    for (int i = 0; i < 50; ++i)
        for (const NodeId home : store.cluster().owners(key(i)))
            CHECK(store.via(home).get(key(i), {.level = Level::one}).value() == std::nullopt);
}

TEST_CASE("a node whose disk is lost is given everything by the leaders, and leads again itself") {
    MemoryWorld world;
    auto store = open<Majority>(world);
    put_all(store, 0, 200);
    store.cluster().crash(NodeId{0}).value();
    put_all(store, 0, 100, 1000);
    const auto names = world.files().list("ring/node-0").value();
    for (const std::string& name : names) world.files().remove("ring/node-0/" + name).value();
    CHECK(store.cluster().start(NodeId{0}).error() == Errc::not_found);
    store.cluster().rebuild(NodeId{0}).value();
    CHECK(store.cluster().differences().value() == 0);
    store.cluster().stop(NodeId{1}).value();
    check_all(store, 0, 100, 1000);
    check_all(store, 100, 200);
    put_all(store, 0, 200, 2000);
    check_all(store, 0, 200, 2000);
}
