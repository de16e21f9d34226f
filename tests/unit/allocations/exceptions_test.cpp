// What is thrown in the middle of upkeep costs neither data nor the store.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include <new>

using namespace kvilt;

namespace {

using Lsm = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;

constexpr Lsm::Options small{
    .memtable = {.bytes_max = 128_KiB}, .log = {.segment_bytes_min = 4096}, .table = {.file_bytes_max = 512_KiB}};
constexpr int keys = 3000; // of 660 KiB: once compacted they are two files

std::string name(int i) { return "key" + std::to_string(i); }
std::string value(int i) { return std::string(200, static_cast<char>('a' + i % 26)); }

// Throws at call number `at` of those that make, write or sync tables.
void throw_at(MemoryWorld& world, int at) {
    world.on_call([at, seen = 0](const Call& call) mutable {
        const bool writes =
            call.kind == CallKind::create || call.kind == CallKind::write || call.kind == CallKind::sync;
        if (!writes || call.done || call.path.find("table-") == std::string::npos) return;
        if (++seen == at) throw std::bad_alloc();
    });
}

void check_all(Lsm& store) {
    for (int i = 0; i < keys; ++i) REQUIRE(store.get(name(i)).value() == value(i));
}

} // namespace

TEST_CASE("a flush in which memory runs out loses no record: it is begun anew") {
    for (int at = 1; at <= 6; ++at) {
        CAPTURE(at);
        MemoryWorld world;
        auto store = Lsm::open("store", small, world.environment()).value();
        throw_at(world, at);
        int thrown = 0;
        for (int i = 0; i < keys; ++i) try {
                store.put(name(i), value(i)).value();
            } catch (const std::bad_alloc&) {
                ++thrown;
            }
        REQUIRE(thrown == 1);
        store.flush().value();
        check_all(store);
        store.close().value();
        auto again = Lsm::open("store", small, world.environment()).value();
        check_all(again);
    }
}

TEST_CASE("a compaction in which memory runs out loses no record: another is planned") {
    for (int at = 1; at <= 6; ++at) { // each file is made, written and synced
        CAPTURE(at);
        MemoryWorld world;
        auto store = Lsm::open("store", small, world.environment()).value();
        for (int i = 0; i < keys; ++i) store.put(name(i * 7 % keys), value(i * 7 % keys)).value();
        store.flush().value();
        throw_at(world, at);
        bool thrown = false;
        try {
            store.compact().value();
        } catch (const std::bad_alloc&) {
            thrown = true;
        }
        REQUIRE(thrown);
        store.compact().value();
        CHECK(store.stats().runs == 1);
        CHECK(store.stats().table_entries == keys);
        check_all(store);
    }
}

// Not one of its allocations may cost a store a record, whether it goes on or refuses writes afterwards.
TEST_CASE("whichever allocation of a flush or compaction fails, every record is there, now and after reopening") {
    constexpr int few = 300;
    constexpr Lsm::Options tiny{.log = {.segment_bytes_min = 4096}, .table = {.file_bytes_max = 32_KiB}};
    std::size_t failed = 0;
    std::size_t refused = 0;
    for (std::size_t nth = 1;; ++nth) {
        CAPTURE(nth);
        MemoryWorld world({.file_bytes_max = 4_MiB});
        auto store = Lsm::open("store", tiny, world.environment()).value();
        for (int i = 0; i < few; ++i) store.put(name(i), value(i)).value();
        store.flush().value();
        for (int i = 0; i < few; i += 2) store.put(name(i), value(i + 1)).value();
        bool thrown = false;
        allocation_to_fail = allocations + nth;
        try {
            (void)store.flush();
            (void)store.compact();
        } catch (const std::bad_alloc&) {
            thrown = true;
        }
        allocation_to_fail = 0;
        const auto all_there = [&](Lsm& at) {
            for (int i = 0; i < few; ++i) REQUIRE(at.get(name(i)).value() == value(i + (i % 2 == 0)));
        };
        all_there(store);
        if (store.stats().writable) {
            store.compact().value();
            all_there(store);
            store.close().value();
        } else {
            ++refused;
            if (store.resume()) store.compact().value();
            {
                const Lsm gone(std::move(store));
            }
        }
        auto again = Lsm::open("store", tiny, world.environment()).value();
        all_there(again);
        again.verify().value();
        again.compact().value();
        all_there(again);
        if (!thrown) break;
        ++failed;
    }
    MESSAGE(failed << " allocations failed, " << refused << " of them made the store read-only");
    CHECK(failed > 100);
    CHECK(refused > 0);
}
