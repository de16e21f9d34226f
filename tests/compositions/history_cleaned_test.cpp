// The history over logs without tables, whose segments are cleaned all the time.
#include <kvilt/kvilt.hpp>
#include <kvilt/memtable/reference.hpp>

#include "history.hpp"

using namespace kvilt;

TEST_CASE("a hash table over a mapped log plays the history") {
    history::check<Store<memtable::Hash<>, log::Mapped>>({.log = {.segment_bytes_min = 4_KiB}});
}

TEST_CASE("radix trees for many threads in ranges over written logs play the history") {
    history::check<Store<memtable::Art<threads::Many>, log::Written, table::None, partition::Range>>(
        {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 128_KiB}, .partition = {.splits = {"aaa"}}});
}

TEST_CASE("three skip lists over buffered logs play the history") {
    history::check<Store<memtable::SkipList<>, log::Buffered, table::None, partition::HashMod>>(
        {.log = {.segment_bytes_min = 4_KiB, .spare_bytes_max = 0}, .partition = {.shards = 3}});
}

TEST_CASE("the oracle in ranges over mapped logs plays the history") {
    history::check<Store<memtable::Reference, log::Mapped, table::None, partition::Range>>(
        {.log = {.segment_bytes_min = 4_KiB}, .partition = {.splits = {"a", "b"}}});
}
