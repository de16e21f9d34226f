#include <kvilt/laws/memtable_threads.hpp>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/memtable/reference.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"

using namespace kvilt;

TEST_CASE("the oracle keeps the laws of memtables") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable<memtable::Reference>(seed(), 400, 500) == "");
}

TEST_CASE("hash memtables keep the laws") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable<memtable::Hash<>>(seed()) == "");
    CHECK(laws::check_memtable<memtable::Hash<threads::Many>>(seed() + 1) == "");
    CHECK(laws::check_memtable<memtable::Cache<>>(seed() + 2) == "");
    CHECK(laws::check_memtable<memtable::Cache<threads::Many>>(seed() + 3) == "");
}

TEST_CASE("keys that pass through a hash memtable leave no memory behind") {
    CHECK(laws::check_memtable_memory<memtable::Hash<>>(100'000, seed()) == "");
    CHECK(laws::check_memtable_memory<memtable::Hash<threads::Many>>(300'000, seed()) == "");
}

TEST_CASE("readers of a hash memtable miss nothing beside a writer") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable_readers<memtable::Hash<threads::Many>>(seed()) == "");
    CHECK(laws::check_memtable_readers<memtable::Cache<threads::Many>>(seed() + 1) == "");
}

TEST_CASE("a hash memtable grows bucket by bucket, and shrinks") {
    using Hash = memtable::Hash<>;
    Epochs<threads::One> epochs;
    Hash::Index index({}, epochs);
    CHECK(index.bytes_used() < 8_KiB);
    laws::RecordArena arena;
    std::vector<LogRecord*> records;
    for (std::uint64_t i = 0; i < 100'000; ++i) {
        records.push_back(arena.record(laws::decimal_key(i)));
        index.put(records.back());
    }
    CHECK(index.bytes_used() < 100'000 * 40);
    std::size_t found = 0;
    for (std::uint64_t i = 0; i < 200'000; ++i) found += index.find(laws::decimal_key(i)) != nullptr;
    CHECK(found == 100'000);
    for (LogRecord* record : records) index.erase(record);
    CHECK(index.count() == 0);
    index.for_each([](LogRecord*) { FAIL("an erased key is still visited"); });
    for (LogRecord* record : records) index.put(record);
    CHECK(index.count() == 100'000);
}

TEST_CASE("a cache keeps what was found since it was last asked") {
    using Cache = memtable::Cache<>;
    Epochs<threads::One> epochs;
    Cache::Index index({}, epochs);
    laws::RecordArena arena;
    LogRecord* const used = arena.record("used");
    LogRecord* const idle = arena.record("idle");
    index.put(used);
    index.put(idle);
    CHECK(index.find("used") == used);
    CHECK(index.keep(used));
    CHECK_FALSE(index.keep(used)); // its second chance is spent
    CHECK_FALSE(index.keep(idle));

    index.find("used");
    LogRecord* const newer = arena.record("used");
    CHECK(index.put(newer) == used);
    CHECK_FALSE(index.keep(used)); // no longer the head
    CHECK(index.keep(newer));
}

TEST_CASE("a memtable too small for a log segment is refused with the cure") {
    const auto refused = memtable::Hash<>::validate({.bytes_max = 1000});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Errc::invalid_option);
    CHECK(refused.error().message().find("at least 64_KiB") != std::string::npos);
    CHECK(memtable::Cache<>::validate({.bytes_max = 64_KiB}));
}
