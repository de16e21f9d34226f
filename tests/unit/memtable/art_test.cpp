#include <kvilt/laws/memtable_threads.hpp>
#include <kvilt/memtable/art.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"

using namespace kvilt;

TEST_CASE("radix trees keep the laws of memtables") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable<memtable::Art<>>(seed()) == "");
    CHECK(laws::check_memtable<memtable::Art<threads::Many>>(seed() + 1) == "");
    for (std::uint64_t more = 0; more < 20; ++more)
        CHECK(laws::check_memtable<memtable::Art<>>(seed() + more, 60, 120) == "");
}

TEST_CASE("keys that pass through a radix tree leave no memory behind") {
    CHECK(laws::check_memtable_memory<memtable::Art<>>(150'000, seed()) == "");
    CHECK(laws::check_memtable_memory<memtable::Art<threads::Many>>(350'000, seed()) == "");
}

TEST_CASE("readers of a radix tree miss nothing beside a writer") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable_readers<memtable::Art<threads::Many>>(seed()) == "");
    CHECK(laws::check_memtable_readers<memtable::Art<threads::Many>>(seed() + 1, 60) == "");
}
