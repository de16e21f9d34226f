// What each sync level lets power loss take, one level at a time.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

using namespace kvilt;

namespace {

using Many = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>>;

template <class S>
std::optional<std::string> after_power_loss(const MemoryWorld& world, const std::string& key,
                                            typename S::Options options = {}) {
    const auto next = world.crash(CrashChoice::nothing_unsynced());
    return S::open("store", options, next->environment()).value().get(key).value();
}

} // namespace

TEST_CASE("a write under Sync::never is lost with the power, unless it asks for more or sync() follows") {
    MemoryWorld world;
    auto store = Many::open("store", {}, world.environment()).value();
    store.put("plain", "x").value();
    CHECK(!after_power_loss<Many>(world, "plain"));
    store.put("synced", "x", {.sync = true}).value();
    CHECK(after_power_loss<Many>(world, "synced") == "x");
    CHECK(after_power_loss<Many>(world, "plain") == "x"); // what came before a synced write is as safe
    store.put("later", "x").value();
    CHECK(!after_power_loss<Many>(world, "later"));
    store.sync().value();
    CHECK(after_power_loss<Many>(world, "later") == "x");
}

TEST_CASE("a write under Sync::every_write is safe when it returns") {
    MemoryWorld world;
    auto store = Many::open("store", {.log = {.sync = Sync::every_write}}, world.environment()).value();
    store.put("key", "x").value();
    CHECK(after_power_loss<Many>(world, "key") == "x");
    Batch batch;
    batch.put("a", "1");
    batch.erase("key");
    store.apply(batch).value();
    CHECK(after_power_loss<Many>(world, "a") == "1");
    CHECK(!after_power_loss<Many>(world, "key"));
}

TEST_CASE("a write under Sync::interval is safe when the interval has passed") {
    MemoryWorld world;
    auto store =
        Many::open("store", {.log = {.sync = Sync::interval, .sync_interval_us = 5000}}, world.environment()).value();
    store.put("key", "x").value();
    world.run_pending();
    CHECK(!after_power_loss<Many>(world, "key"));
    world.clock().advance_us(5000);
    world.run_pending();
    CHECK(after_power_loss<Many>(world, "key") == "x");
}

TEST_CASE("a buffered log loses its buffer with the process, and nothing that was synced") {
    using Buffered = Store<memtable::Art<>, log::Buffered, table::Lsm<>>;
    MemoryWorld world;
    auto store = Buffered::open("store", {}, world.environment()).value();
    store.put("synced", "x", {.sync = true}).value();
    store.put("buffered", "x").value();
    const auto killed = world.kill();
    auto again = Buffered::open("store", {}, killed->environment()).value();
    CHECK(again.get("synced").value() == "x");
    CHECK(!again.get("buffered").value());
}

TEST_CASE("a synced write on one shard takes with it what was acknowledged before on the others") {
    using Shards = Store<memtable::Art<>, log::Mapped, table::None, partition::HashMod>;
    MemoryWorld world;
    auto store = Shards::open("store", {}, world.environment()).value();
    for (int i = 0; i < 20; ++i) store.put("key" + std::to_string(i), "x").value();
    store.put("last", "x", {.sync = true}).value();
    for (int i = 0; i < 20; ++i) CHECK(after_power_loss<Shards>(world, "key" + std::to_string(i)) == "x");
}
