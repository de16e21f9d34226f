// The history in memory alone, where cleaning keeps the segments few; with the oracle itself as one of the stores.
#include <kvilt/kvilt.hpp>
#include <kvilt/memtable/reference.hpp>

#include "history.hpp"

using namespace kvilt;

TEST_CASE("the oracle in memory plays the history") {
    history::check<Store<memtable::Reference>>({.log = {.segment_bytes_min = 4_KiB}});
}

TEST_CASE("a radix tree in memory plays the history") {
    history::check<Store<memtable::Art<>>>({.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 256_KiB}});
}

TEST_CASE("three hash tables for many threads play the history") {
    history::check<Store<memtable::Hash<threads::Many>, log::None, table::None, partition::HashMod>>(
        {.log = {.segment_bytes_min = 4_KiB}, .partition = {.shards = 3}});
}

TEST_CASE("skip lists for many threads in ranges play the history") {
    history::check<Store<memtable::SkipList<threads::Many>, log::None, table::None, partition::Range>>(
        {.log = {.segment_bytes_min = 4_KiB}, .partition = {.splits = {std::string("\0\1", 2), "a", "aaaaa"}}});
}
