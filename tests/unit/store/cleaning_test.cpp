// Stores without tables: what the cleaner may drop, and what it must carry on.
#include <kvilt/engine/engine.hpp>
#include <kvilt/env/memory.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/store.hpp>

#include <doctest/doctest.h>

using namespace kvilt;

namespace {

using Ring = Store<memtable::Art<>, log::Mapped>;

constexpr Ring::Options small_segments{.log = {.segment_bytes_min = 4096}};

std::string name(int i) { return "key" + std::to_string(i); }

// Overwrites one key; some hundred and twenty records fill a segment.
void churn(Ring& store, int records) {
    for (int i = 0; i < records; ++i) store.put("churn", std::string(500, 'c')).value();
}

} // namespace

TEST_CASE("an erased key stays erased when its old value was carried past its tombstone for a snapshot") {
    // The process dies when the values are behind the tombstones in the log, and the tombstones not yet behind them.
    for (int gap = 50; gap <= 250; gap += 50)
        for (int carried = 50; carried <= 250; carried += 50) {
            CAPTURE(gap);
            CAPTURE(carried);
            MemoryWorld world;
            std::unique_ptr<MemoryWorld> next;
            {
                auto store = Ring::open("ring", small_segments, world.environment()).value();
                for (int i = 0; i < 20; ++i) store.put(name(i), "old").value();
                const auto snapshot = store.snapshot();
                churn(store, 1000); // once round the ring
                churn(store, gap);
                for (int i = 0; i < 20; ++i) store.erase(name(i)).value();
                churn(store, carried);
                for (int i = 0; i < 20; ++i) REQUIRE(snapshot.get(name(i)).value() == "old");
                next = world.kill();
            }
            for (int round = 0; round < 25; ++round) {
                auto store = Ring::open("ring", small_segments, next->environment()).value();
                for (int i = 0; i < 20; ++i) REQUIRE(!store.get(name(i)).value());
                churn(store, 15);
                next = next->kill();
            }
            auto store = Ring::open("ring", small_segments, next->environment()).value();
            store.compact().value(); // now the values go, and then the tombstones
            store.compact().value();
            REQUIRE(store.stats().memtable_keys == 1);
        }
}

TEST_CASE("a version that nobody can read is let go of while its successor is at hand") {
    using Parts = engine::Parts<memtable::Hash<>, log::Mapped, table::None, conflict::Overwrite>;
    MemoryWorld world;
    const auto engine = engine::Engine<Parts>::open({}, "store", world.environment()).value();
    const auto put = [&](Bytes value) {
        engine->put("key", value, {}).value();
        return engine->state().active->index.find("key");
    };
    put("first");
    const LogRecord* const second = put("second");
    CHECK(second->older() == nullptr);
    const Sequence at = engine->take_snapshot();
    const LogRecord* const third = put("third");
    CHECK(third->older() == second);
    engine->release_snapshot(at);
    CHECK(put("fourth")->older() == nullptr);
    CHECK(third->older() == second); // a page that may have been written is left alone
}

TEST_CASE("cleaning under a snapshot keeps what it sees and drops what nobody sees") {
    Store<memtable::Art<>> store;
    for (int i = 0; i < 1000; ++i) store.put(name(i), "first").value();
    auto snapshot = store.snapshot();
    for (int round = 0; round < 200; ++round)
        for (int i = 0; i < 1000; ++i) store.put(name(i), "round " + std::to_string(round)).value();
    for (int i = 0; i < 1000; ++i) {
        REQUIRE(snapshot.get(name(i)).value() == "first");
        REQUIRE(store.get(name(i)).value() == "round 199");
    }
    CHECK(store.stats().log_bytes < 2_MiB); // 200,000 records of 64 bytes were written
}

TEST_CASE("every key may be erased, and then next to nothing is left") {
    auto store = Store<memtable::Hash<>>();
    for (int i = 0; i < 100'000; ++i) store.put(name(i), std::string(100, 'v')).value();
    for (int i = 0; i < 100'000; ++i) store.erase(name(i)).value();
    store.compact().value();
    CHECK(store.stats().memtable_keys == 0);
    CHECK(store.stats().memory_bytes() < 1_MiB);
}

TEST_CASE("a cache keeps to its budget and keeps what is used") {
    Store<memtable::Cache<>> cache{{.memtable = {.bytes_max = 1_MiB}}};
    for (int i = 0; i < 200'000; ++i) {
        cache.put(name(i), std::string(100, 'v')).value();
        if (i % 50 == 0) (void)cache.get("key7").value();
        REQUIRE(cache.stats().memory_bytes() <= 1_MiB);
    }
    CHECK(cache.get("key7").value());
    CHECK(!cache.get("key8").value());
    CHECK(cache.get("key199999").value());
    const auto refused = cache.put("large", std::string(2_MiB, 'x'));
    REQUIRE(!refused);
    CHECK(refused.error() == Errc::full);
}

TEST_CASE("what is erased leaves the index at once, unless a snapshot sees it, and does not come back") {
    using Parts = engine::Parts<memtable::Hash<>, log::Mapped, table::None, conflict::Overwrite>;
    MemoryWorld world;
    const auto engine = engine::Engine<Parts>::open({}, "store", world.environment()).value();
    const auto head_of = [&](Bytes key) { return engine->state().active->index.find(key); };
    for (const char* key : {"seen", "unseen", "batched"}) engine->put(key, "value", {}).value();
    engine->erase("unseen", {}).value();
    CHECK(head_of("unseen") == nullptr);
    Batch batch;
    batch.erase("batched");
    batch.put("batched", "again");
    engine->apply(batch, {}).value();
    CHECK(head_of("batched")->value() == "again");
    const Sequence at = engine->take_snapshot();
    engine->erase("seen", {}).value();
    CHECK(head_of("seen")->kind() == Kind::tombstone);
    CHECK(engine->view("seen", at, [](Bytes value) { CHECK(value == "value"); }).value());
    engine->release_snapshot(at);

    const auto next = world.kill();
    const auto again = engine::Engine<Parts>::open({}, "store", next->environment()).value();
    for (const char* key : {"seen", "unseen"}) CHECK_FALSE(again->view(key, std::nullopt, [](Bytes) {}).value());
    again->compact().value();
    again->compact().value();
    CHECK(again->stats().memtable_keys == 1);
}

TEST_CASE("an index takes no more for having grown, and less when half of it has been erased") {
    constexpr std::size_t keys = 110'000;
    Store<memtable::Hash<threads::Many>> store;
    for (std::size_t i = 0; i < keys; ++i) store.put(std::to_string(i), std::string(100, 'v')).value();
    const std::size_t full = store.stats().memtable_bytes;
    CHECK(full < 36 * keys); // 46 if what was replaced is still there
    for (std::size_t i = 0; i < keys / 5 * 3; ++i) store.erase(std::to_string(i)).value();
    CHECK(store.stats().memtable_keys == keys / 5 * 2);
    CHECK(store.stats().memtable_bytes < full / 5 * 3);
}
