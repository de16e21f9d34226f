// Stores over partitions whose shards share nodes, beside a std::map: reads, merged scans, directories.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/partition/redis_slots.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/partition/scatter_gather.hpp>
#include <kvilt/partition/slots.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>
#include <kvilt/table/reads_cached.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <map>

using namespace kvilt;
namespace {

using Pairs = std::map<std::string, std::string>;
using Listed = std::vector<std::pair<std::string, std::string>>;

template <class Partition>
using InMemory = Store<memtable::Art<>, log::None, table::None, Partition>;

class Draw {
public:
    explicit Draw(std::uint64_t from) : from_(from) {}
    std::uint64_t below(std::uint64_t limit) { return mix(from_, ++drawn_) % limit; }
    std::string key() {
        return std::string(1 + below(3), static_cast<char>('a' + below(4))) + std::to_string(below(40));
    }

private:
    std::uint64_t from_;
    std::uint64_t drawn_ = 0;
};

// One put, erase or batch, on both.
template <class S>
void write(S& store, Pairs& pairs, Draw& draw, int n) {
    Batch batch;
    for (std::uint64_t left = draw.below(4) == 0 ? draw.below(6) : 1; left > 0; --left) {
        const std::string key = draw.key();
        if (draw.below(3) == 0) {
            batch.erase(key);
            pairs.erase(key);
        } else {
            batch.put(key, "value " + std::to_string(n));
            pairs[key] = "value " + std::to_string(n);
        }
    }
    store.apply(batch).value();
}

template <class Source>
void agrees(const Source& source, const Pairs& pairs, Draw& draw) {
    for (int n = 0; n < 20; ++n) {
        const std::string key = draw.key();
        const auto wanted = pairs.find(key);
        const auto found = source.get(key).value();
        REQUIRE(found.has_value() == (wanted != pairs.end()));
        if (found) REQUIRE(*found == wanted->second);
    }
}

// Part of the pairs, from either end, and both forms of scan.
template <class Source>
void scans_agree(const Source& source, const Pairs& pairs, Draw& draw) {
    std::string from = draw.key();
    std::string to = draw.key();
    if (to < from) std::swap(from, to);
    for (const Range& range : {all(), prefix(from.substr(0, 1)), kvilt::range(from, to), kvilt::from(from)}) {
        Listed wanted;
        for (const auto& [key, value] : pairs)
            if (key >= range.from && range.before_end(key)) wanted.emplace_back(key, value);
        Listed forwards;
        for (auto [key, value] : source.scan(range)) forwards.emplace_back(key, value);
        REQUIRE(forwards == wanted);
        Listed visited;
        REQUIRE(source.scan(range, [&](Bytes key, Bytes value) { visited.emplace_back(key, value); }));
        REQUIRE(visited == wanted);
        Listed backwards;
        for (auto [key, value] : source.scan(range).reverse()) backwards.emplace_back(key, value);
        std::reverse(backwards.begin(), backwards.end());
        REQUIRE(backwards == wanted);
    }
}

template <class Partition>
void answers_as_a_map(const typename Partition::Options& partition, std::size_t engines) {
    CAPTURE(Partition::name);
    InMemory<Partition> store{{.partition = partition}};
    REQUIRE(store.stats().shards == engines);
    Draw draw(seed());
    Pairs pairs;
    for (int round = 0; round < 12; ++round) {
        for (int n = 0; n < 60; ++n) write(store, pairs, draw, round * 100 + n);
        const auto snapshot = store.snapshot();
        const Pairs then = pairs;
        for (int n = 60; n < 100; ++n) write(store, pairs, draw, round * 100 + n);
        agrees(store, pairs, draw);
        agrees(snapshot, then, draw);
        if constexpr (requires { store.scan(all()); }) {
            scans_agree(store, pairs, draw);
            scans_agree(snapshot, then, draw);
        } else {
            CHECK_FALSE(Partition::provides.has(Capability::ordered_placement));
        }
    }
}

using Ring = partition::Ring<>;
using Merged = partition::ScatterGather<Ring>;
template <class Partition>
using OnDisk = Store<memtable::Art<>, log::Mapped, table::Lsm<reads::Cached>, Partition>;

} // namespace

TEST_CASE("stores whose shards share nodes answer as a map does") {
    MESSAGE("KVILT_SEED=", seed());
    answers_as_a_map<Ring>({}, 3);
    answers_as_a_map<partition::Ring<16>>({.nodes = {{.capacity = 2}, {}, {.capacity = 0.5}}}, 3);
    answers_as_a_map<partition::Slots<>>({.nodes = 5}, 5);
    answers_as_a_map<partition::HashMod>({.shards = 7, .nodes = 2}, 2);
    answers_as_a_map<partition::HashMod>({.shards = 2, .nodes = 3}, 3);
}

TEST_CASE("scans over ranges on fewer nodes are in order, in both directions") {
    const std::vector<std::string> splits{"aa", "b", "c2", "d"};
    answers_as_a_map<partition::Range>({.splits = splits}, 5);
    answers_as_a_map<partition::Range>({.splits = splits, .nodes = 2}, 2);
    answers_as_a_map<partition::Range>({.splits = splits, .nodes = {{.capacity = 3}, {}, {}}}, 3);
    answers_as_a_map<partition::Range>({.splits = {"b"}, .nodes = 4}, 4);
}

TEST_CASE("scattered scans are merged into one order, in both directions and of snapshots too") {
    answers_as_a_map<Merged>({}, 3);
    answers_as_a_map<Merged>({.nodes = 1}, 1);
    answers_as_a_map<Merged>({.nodes = 64}, 64); // most of them with few keys or none
    answers_as_a_map<partition::ScatterGather<partition::Slots<>>>({.nodes = 2}, 2);
    answers_as_a_map<partition::ScatterGather<partition::RedisSlots>>({.nodes = 7}, 7);
    answers_as_a_map<partition::ScatterGather<partition::HashMod>>({}, 4);
}

TEST_CASE("a merged scan that has ended stays at its end") {
    InMemory<Merged> store;
    store.put("a", "1").value();
    store.put("b", "2").value();
    auto walk = store.scan(all());
    auto at = walk.begin();
    ++at;
    ++at;
    CHECK(at == walk.end());
    ++at;
    CHECK(at == walk.end());
    int seen = 0;
    CHECK(store.scan(all(), [&](Bytes, Bytes) {
        ++seen;
        return Visit::stop;
    }));
    CHECK(seen == 1);
}

TEST_CASE("a merged scan ends with the error of a node, and not with what the others hold") {
    MemoryWorld world;
    OnDisk<Merged>::Options options;
    options.table.cache_bytes_max = 64_KiB; // less than what is stored
    auto store = OnDisk<Merged>::open("store", options, world.environment()).value();
    for (int n = 0; n < 300; ++n) store.put("key" + std::to_string(n), std::string(1000, 'v')).value();
    store.flush().value();
    for (const bool reverse : {false, true}) {
        int seen = 0;
        const auto walk = [&] {
            auto scan = store.scan(all());
            if (reverse) scan = std::move(scan).reverse();
            for ([[maybe_unused]] auto pair : scan) {
                if (++seen == 10) world.inject({.kind = CallKind::read, .for_ever = true});
            }
        };
        CHECK_THROWS_AS(walk(), Exception);
        CHECK(seen >= 10);
        CHECK(seen < 300);
        world.clear_faults();
    }
    int seen = 0;
    CHECK(store.scan(all(), [&](Bytes, Bytes) { ++seen; }));
    CHECK(seen == 300);
}

TEST_CASE("a store over a ring is one with merged scans too, and not one of other nodes") {
    MemoryWorld world;
    OnDisk<Ring>::open("store", {}, world.environment()).value().put("a", "1").value();
    CHECK(OnDisk<Merged>::open("store", {}, world.environment()).value().get("a").value() == "1");
    const auto refused = OnDisk<Ring>::open("store", {.partition = {.nodes = 4}}, world.environment());
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Errc::incompatible);
    CHECK(refused.error().message().find("\"ring/128/nodes/3\" on disk and \"ring/128/nodes/4\"") != std::string::npos);
    CHECK_FALSE(OnDisk<partition::Ring<64>>::open("store", {}, world.environment()));
    CHECK_FALSE(OnDisk<partition::Slots<>>::open("store", {}, world.environment()));
}

TEST_CASE("nodes live in the directories that are given for them") {
    MemoryWorld world;
    const auto options = [](const std::string& first, const std::string& second) {
        return OnDisk<Ring>::Options{.partition = {.nodes = {{.directory = first}, {}, {.directory = second}}}};
    };
    {
        auto store = OnDisk<Ring>::open("store", options("one", "two"), world.environment()).value();
        for (int n = 0; n < 100; ++n) store.put("key" + std::to_string(n), "value").value();
        store.flush().value();
        store.checkpoint("copy").value();
    }
    CHECK(world.contents("one/CURRENT"));
    CHECK(world.contents("two/CURRENT"));
    CHECK(world.contents("store/shard-1/CURRENT"));
    CHECK_FALSE(world.contents("store/shard-0/CURRENT"));

    const auto holds_all = [](const OnDisk<Ring>& store) {
        for (int n = 0; n < 100; ++n)
            if (store.get("key" + std::to_string(n)).value() != "value") return false;
        return true;
    };
    const auto exchanged = OnDisk<Ring>::open("store", options("two", "one"), world.environment());
    REQUIRE_FALSE(exchanged);
    CHECK(exchanged.error().message().find("two; node is \"2\" on disk and \"0\" in this program") !=
          std::string::npos);
    CHECK(holds_all(OnDisk<Ring>::open("store", options("one", "two"), world.environment()).value()));
    CHECK_FALSE(OnDisk<Ring>::open("store", {}, world.environment())); // what is elsewhere is not made anew
    CHECK(holds_all(OnDisk<Ring>::open("copy", {}, world.environment()).value()));
}

TEST_CASE("a list of nodes that the copies cannot use is refused when a store is opened") {
    MemoryWorld world;
    using One = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;
    const auto refused = One::open("one", {.partition = {.nodes = 2}}, world.environment());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("leave .nodes out") != std::string::npos);
    CHECK(One::open("one", {.partition = {.nodes = 1}}, world.environment()));
    CHECK(One::open("one", {}, world.environment()));
}
