#include <kvilt/laws/memtable_threads.hpp>
#include <kvilt/memtable/skip_list.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"

using namespace kvilt;

TEST_CASE("skip lists keep the laws of memtables") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable<memtable::SkipList<>>(seed()) == "");
    CHECK(laws::check_memtable<memtable::SkipList<threads::Many>>(seed() + 1) == "");
}

TEST_CASE("keys that pass through a skip list leave no memory behind") {
    CHECK(laws::check_memtable_memory<memtable::SkipList<>>(80'000, seed()) == "");
    CHECK(laws::check_memtable_memory<memtable::SkipList<threads::Many>>(150'000, seed()) == "");
}

TEST_CASE("readers of a skip list miss nothing beside a writer") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable_readers<memtable::SkipList<threads::Many>>(seed()) == "");
}
