// The store that a well-known course builds in three phases, as one alias: its four tests, and three defects that such
// stores have, shown absent.
#include <kvilt/env/memory.hpp>
#include <kvilt/presets.hpp>

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace kvilt;
using presets::SimpleKv;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

SimpleKv open_in(MemoryWorld& world, std::size_t entries_max = 3) {
    auto store = SimpleKv::open("course", {.memtable = {.entries_max = entries_max}}, world.environment());
    if (!store) FAIL(store.error().message());
    return std::move(*store);
}

Pairs pairs_of(auto scan) {
    Pairs pairs;
    for (const auto& [key, value] : scan) pairs.emplace_back(key, value);
    return pairs;
}

std::string numbered(const char* word, std::size_t number) {
    std::string digits = std::to_string(number);
    return word + std::string(4 - digits.size(), '0') + digits;
}

} // namespace

// ---- The four tests of the course.

TEST_CASE("what is put is got, what is erased is gone, and a scan includes both its ends") {
    MemoryWorld world;
    SimpleKv store = open_in(world, 1000);
    for (const char* key : {"banana", "apple", "cherry", "date"}) store.put(key, std::string("a ") + key).value();
    store.put("apple", "another apple").value();
    store.erase("cherry").value();
    store.erase("never was").value();

    CHECK(store.get("apple").value() == "another apple");
    CHECK(store.get("cherry").value() == std::nullopt);
    CHECK(store.get("never was").value() == std::nullopt);
    CHECK(pairs_of(store.scan(between("apple", "date"))) ==
          Pairs{{"apple", "another apple"}, {"banana", "a banana"}, {"date", "a date"}});
    CHECK(pairs_of(store.scan(between("b", "c"))) == Pairs{{"banana", "a banana"}});
    CHECK(pairs_of(store.scan(between("x", "z"))).empty());
}

TEST_CASE("a killed process loses nothing: the log is replayed") {
    MemoryWorld world;
    SimpleKv ghost = open_in(world, 1000); // never closed
    ghost.put("kept", "old").value();
    ghost.put("kept", "new").value();
    ghost.put("erased", "once").value();
    ghost.erase("erased").value();

    const auto after = world.kill();
    SimpleKv store = open_in(*after, 1000);
    CHECK(store.stats().memtable_keys == 2);
    CHECK(store.stats().tables == 0);
    CHECK(pairs_of(store.scan(all())) == Pairs{{"kept", "new"}});
}

TEST_CASE("the memtable is flushed at a number of entries, and newer tables hide older ones") {
    MemoryWorld world;
    SimpleKv store = open_in(world);
    const std::uint64_t empty_bytes = store.stats().disk_bytes();
    store.put("a", "1").value();
    store.put("b", "1").value();
    CHECK(store.stats().memtable_keys == 2);
    CHECK(store.stats().tables == 0);

    store.put("c", "1").value();
    CHECK(store.stats().memtable_keys == 0);
    CHECK(store.stats().tables == 1);
    CHECK(store.stats().table_bytes > 0);
    CHECK(store.stats().disk_bytes() > empty_bytes);

    store.put("b", "2").value();
    store.put("c", "2").value();
    store.put("d", "2").value();
    store.put("c", "3").value();
    CHECK(store.stats().tables == 2);
    CHECK(store.stats().memtable_keys == 1);
    CHECK(store.get("a").value() == "1"); // in the older table
    CHECK(store.get("b").value() == "2"); // in both
    CHECK(store.get("c").value() == "3"); // in the memtable too
    CHECK(pairs_of(store.scan(between("b", "d"))) == Pairs{{"b", "2"}, {"c", "3"}, {"d", "2"}});
}

TEST_CASE("a thousand entries is where the alias flushes by itself") {
    MemoryWorld world;
    auto store = SimpleKv::open("course", {}, world.environment()).value();
    for (std::size_t n = 0; n < 999; ++n) store.put(numbered("key", n), "value").value();
    CHECK(store.stats().memtable_keys == 999);
    CHECK(store.stats().tables == 0);
    store.put(numbered("key", 999), "value").value();
    CHECK(store.stats().memtable_keys == 0);
    CHECK(store.stats().tables == 1);
}

TEST_CASE("a log that is flushed while it is small stays small") {
    MemoryWorld world;
    SimpleKv store = open_in(world);
    for (std::size_t n = 0; n < 60; ++n) store.put(numbered("key", n), "value").value();
    CHECK(store.stats().flushes == 20);
    CHECK(store.stats().log_disk_bytes <= 512_KiB);
}

TEST_CASE("compaction makes one table of all and drops the tombstones") {
    MemoryWorld world;
    SimpleKv store = open_in(world);
    for (const char* key : {"a", "b", "c"}) store.put(key, "old").value();
    for (const char* key : {"b", "d", "e"}) store.put(key, "new").value();
    for (const char* key : {"a", "c", "d"}) store.erase(key).value();
    CHECK(store.stats().tables == 3);
    CHECK(store.stats().table_tombstones == 3);

    store.put("f", "new").value();
    store.compact().value();
    CHECK(store.stats().memtable_keys == 0);
    CHECK(store.stats().tables == 1);
    CHECK(store.stats().table_tombstones == 0);
    CHECK(store.stats().table_entries == 3);
    CHECK(pairs_of(store.scan(all())) == Pairs{{"b", "new"}, {"e", "new"}, {"f", "new"}});
    CHECK(store.get("a").value() == std::nullopt);
}

static_assert(std::same_as<SimpleKv::Composition::Table::Filter, filter::Bloom<10>>);

// ---- Three defects of such stores.

TEST_CASE("erased keys do not come back in a scan, wherever key and tombstone lie") {
    MemoryWorld world;
    auto store = std::make_unique<SimpleKv>(open_in(world));
    std::map<std::string, std::string> expected;
    const auto put = [&](const char* key) {
        store->put(key, "value").value();
        expected[key] = "value";
    };
    const auto erase = [&](const char* key) {
        store->erase(key).value();
        expected.erase(key);
    };
    const auto check = [&](const char* where) {
        INFO(where);
        const Pairs pairs(expected.begin(), expected.end());
        CHECK(pairs_of(store->scan(all())) == pairs);
        CHECK(pairs_of(store->scan(between("a", "f"))) == pairs);
        CHECK(pairs_of(store->scan(all()).reverse()) == Pairs(pairs.rbegin(), pairs.rend()));
    };

    for (const char* key : {"a", "b", "c", "d", "e", "f"}) put(key);
    REQUIRE(store->stats().tables == 2);
    erase("a");
    erase("e");
    check("keys in two tables, tombstones in the memtable");
    store->flush().value();
    check("tombstones in a table of their own");
    put("e");
    erase("e");
    check("a tombstone above a key above a tombstone above a key");
    store.reset();
    store = std::make_unique<SimpleKv>(open_in(world));
    check("tombstones come from the log");
    store->compact().value();
    check("tombstones are dropped");
    CHECK(store->stats().table_tombstones == 0);
    put("a");
    check("a key that was erased is put again");
}

TEST_CASE("the log outlives every moment at which its table is not yet safe: power may go at any call of a flush") {
    const Pairs expected{{"a", "1"}, {"b", "2"}, {"c", "3"}};
    std::size_t crashes = 0;
    const auto recovers = [&](const MemoryWorld& before, const CrashChoice& choice) {
        ++crashes;
        const auto after = before.crash(choice);
        auto recovered = SimpleKv::open("course", {}, after->environment());
        if (!recovered) FAIL(recovered.error().message());
        CHECK(pairs_of(recovered->scan(all())) == expected);
    };

    MemoryWorld world;
    auto store = SimpleKv::open("course", {}, world.environment()).value();
    for (const auto& [key, value] : expected) store.put(key, value, {.sync = true}).value();
    REQUIRE(store.stats().tables == 0);
    world.on_call([&](const Call& call) {
        INFO(name_of(call.kind) << (call.done ? " after " : " before ") << call.path);
        recovers(world, CrashChoice::nothing_unsynced());
        recovers(world, CrashChoice::everything());
        for (std::uint64_t seed = 1; seed <= 4; ++seed) recovers(world, CrashChoice::seeded(seed, 50));
    });
    store.flush().value();
    world.on_call({});
    CHECK(store.stats().tables == 1);
    CHECK(crashes > 50);
    MESSAGE(crashes << " crashes in one flush");
}

TEST_CASE("tables that are flushed within one millisecond do not overwrite each other") {
    MemoryWorld world; // its clock stands still
    std::set<std::string> tables;
    std::size_t created = 0;
    world.on_call([&](const Call& call) {
        if (call.kind != CallKind::create || call.done || call.path.find("table-") == std::string::npos) return;
        ++created;
        tables.insert(call.path);
    });
    const std::uint64_t began_us = world.clock().wall_us();
    SimpleKv store = open_in(world);
    for (std::size_t n = 0; n < 300; ++n) store.put(numbered("key", n), std::to_string(n)).value();

    CHECK(world.clock().wall_us() == began_us);
    CHECK(store.stats().flushes == 100);
    CHECK(created >= 100);
    CHECK(tables.size() == created);
    std::size_t found = 0;
    for (std::size_t n = 0; n < 300; ++n) found += store.get(numbered("key", n)).value() == std::to_string(n);
    CHECK(found == 300);
    CHECK(pairs_of(store.scan(all())).size() == 300);
    world.on_call({});
}
