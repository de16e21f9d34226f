// What must stay small, whatever is done and however often.
#include <kvilt/engine/engine.hpp>
#include <kvilt/engine/manifest.hpp>
#include <kvilt/env/memory.hpp>
#include <kvilt/env/thread_executor.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

using namespace kvilt;

namespace {

using Ring = Store<memtable::Art<>, log::Mapped>;
using Shards = Store<memtable::Art<>, log::None, table::None, partition::Range>;
using ShardsOnDisk = Store<memtable::Art<>, log::Mapped, table::None, partition::Range>;

} // namespace

TEST_CASE("the manifest does not remember every segment that was ever freed") {
    MemoryWorld world;
    auto store = Ring::open("store", {.log = {.segment_bytes_min = 4096}}, world.environment()).value();
    for (int i = 0; i < 20'000; ++i) store.put("key" + std::to_string(i % 10), std::string(500, 'v')).value();
    REQUIRE(store.stats().cleaned_segments > 50);
    const auto manifest = engine::Manifest::read(world.environment(), "store").value();
    CHECK(manifest.state().log.freed.size() < 8);
    const auto next = world.kill();
    auto again = Ring::open("store", {}, next->environment()).value();
    CHECK(again.stats().memtable_keys == 10);
}

TEST_CASE("a batch that writes one key over and over leaves no chain behind") {
    // Cleaning looks for each record in the chain of its key: with a chain its time would grow as the square.
    constexpr int times = 100'000;
    using Parts = engine::Parts<memtable::Art<>, log::Mapped, table::None, conflict::Overwrite>;
    MemoryWorld world;
    const auto engine = engine::Engine<Parts>::open({}, "store", world.environment()).value();
    const auto head = [&] { return engine->state().active->index.find("key"); };
    engine->put("key", "before", {}).value();
    const auto* const before = head();
    const Sequence at = engine->take_snapshot();
    Batch batch;
    for (int i = 0; i < times; ++i) batch.put("key", std::to_string(i));
    engine->apply(batch, {}).value();
    CHECK(head()->value() == std::to_string(times - 1));
    CHECK(head()->older() == before); // which the snapshot sees
    engine->release_snapshot(at);
    engine->compact().value();
    CHECK(head()->value() == std::to_string(times - 1));
    CHECK(head()->older() == nullptr);
    CHECK(engine->state().log->memory_bytes() < 1_MiB);
}

TEST_CASE("shards in memory share one budget") {
    const Shards::Options options{.partition = {.splits = {"b", "c", "d"}}, .memory_bytes_max = 4_MiB};
    auto store = Shards::open(options).value();
    for (const char* shard : {"a", "b", "c", "d"})
        for (int i = 0; i < 100'000 && store.put(shard + std::to_string(i), std::string(100, 'v')); ++i) {
        }
    CHECK(store.stats().memory_bytes() < 5_MiB);
}

TEST_CASE("a budget too small for its shards is refused") {
    MemoryWorld world;
    const partition::Range::Options splits{.splits = {"b", "c", "d"}};
    for (const std::size_t budget : {std::size_t{3}, 2_MiB}) {
        auto on_disk =
            ShardsOnDisk::open("store", {.partition = splits, .memory_bytes_max = budget}, world.environment());
        REQUIRE(!on_disk);
        CHECK(on_disk.error() == Errc::invalid_option);
        auto in_memory = Shards::open({.partition = splits, .memory_bytes_max = budget});
        REQUIRE(!in_memory);
        CHECK(in_memory.error() == Errc::invalid_option);
    }
}

namespace {

std::size_t bytes_of_logs(const Environment& environment) {
    std::size_t bytes = 0;
    const auto names = environment.files->list("store").value();
    for (const std::string& name : names) {
        if (!name.starts_with("log-")) continue;
        const auto file = environment.files->open("store/" + name, OpenMode::read);
        if (file) bytes += (*file)->size().value(); // else the worker has removed it
    }
    return bytes;
}

template <class Store>
void fill_with(Store& store, std::size_t bytes) {
    for (std::size_t at = 0; at < bytes / 1000; ++at) store.put(std::to_string(at), std::string(1000, 'v')).value();
}

} // namespace

TEST_CASE_TEMPLATE("of a flushed store next to no log is left, however much was kept for reuse while it was busy",
                   Threads, threads::One, threads::Many) {
    using Tables = Store<memtable::Art<Threads>, log::Mapped, table::Lsm<>>;
    MemoryWorld world;
    ThreadExecutor executor;
    Environment environment = world.environment();
    environment.executor = &executor;
    auto store = Tables::open("store", {.memtable = {.bytes_max = 8_MiB}}, environment).value();
    fill_with(store, 24'000'000);
    CHECK(bytes_of_logs(environment) >= 8_MiB);
    store.flush().value();
    CHECK(bytes_of_logs(environment) <= 3_MiB); // an eighth of the tables
    store.put("late", "value").value();
    CHECK(store.get("late").value() == "value");
}

TEST_CASE("a store that was closed has no log that holds nothing") {
    MemoryWorld world;
    auto store = Store<memtable::Art<>, log::Mapped, table::Lsm<>>::open("store", {.memtable = {.bytes_max = 1_MiB}},
                                                                         world.environment())
                     .value();
    fill_with(store, 4'000'000);
    const std::size_t busy = bytes_of_logs(world.environment());
    store.close().value();
    CHECK(bytes_of_logs(world.environment()) < busy);
    CHECK(bytes_of_logs(world.environment()) <= 1_MiB);
}
