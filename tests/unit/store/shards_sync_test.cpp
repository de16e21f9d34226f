// What is acknowledged as safe on one shard does not hang on another.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/store.hpp>

#include <doctest/doctest.h>

using namespace kvilt;

namespace {

using Shards = Store<memtable::Art<>, log::Mapped, table::None, partition::Range>;

Shards::Options options() { return {.log = {.sync = Sync::every_write}, .partition = {.splits = {"m"}}}; }

} // namespace

TEST_CASE("behind a batch whose other part could not be synced, no write is acknowledged as safe") {
    MemoryWorld world;
    auto store = Shards::open("store", options(), world.environment()).value();
    store.put("a", "before").value();
    world.inject({.kind = CallKind::sync, .path = "shard-1"});
    Batch batch;
    batch.put("b", "in the batch");
    batch.put("z", "in the batch");
    REQUIRE(!store.apply(batch));
    const bool acknowledged = store.put("c", "behind").has_value();
    const auto next = world.crash(CrashChoice::nothing_unsynced());
    auto again = Shards::open("store", options(), next->environment()).value();
    CHECK(again.get("a").value() == "before");
    CHECK(again.get("c").value().has_value() == acknowledged);
    CHECK(again.get("b").value().has_value() == again.get("z").value().has_value());
}

TEST_CASE("a shard that cannot sync makes the whole store read-only, until resume()") {
    MemoryWorld world;
    auto store = Shards::open("store", options(), world.environment()).value();
    world.inject({.kind = CallKind::sync, .path = "shard-1"});
    REQUIRE(!store.put("z", "on the device or not"));
    REQUIRE(!store.put("a", "cannot be safe either"));
    auto refused = store.put("b", "x");
    REQUIRE(!refused);
    CHECK(refused.error() == Errc::read_only);
    CHECK(!store.get("b").value());
    store.resume().value();
    store.put("a", "x").value();
    const auto next = world.crash(CrashChoice::nothing_unsynced());
    auto again = Shards::open("store", options(), next->environment()).value();
    CHECK(again.get("a").value() == "x");
    CHECK(again.get("z").value() == "on the device or not");
}
