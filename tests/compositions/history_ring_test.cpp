// The history over shards that share nodes: rings, slots and ranges, with and without merged scans.
#include <kvilt/kvilt.hpp>

#include "history.hpp"

using namespace kvilt;

TEST_CASE("trees over a ring play the history") {
    history::check<Store<memtable::Art<>, log::Mapped, table::Lsm<>, partition::Ring<>>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 32_KiB, .level_bytes_base = 64_KiB},
         .partition = {.nodes = {{}, {.capacity = 2}, {}}}});
}

TEST_CASE("trees over a ring play the history with scans that are merged") {
    history::check<
        Store<memtable::Art<threads::Many>, log::Written, table::Lsm<>, partition::ScatterGather<partition::Ring<>>>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 32_KiB, .level_bytes_base = 64_KiB},
         .partition = {.nodes = 4}});
}

TEST_CASE("skip lists in memory over slots play the history with scans that are merged") {
    history::check<Store<memtable::SkipList<>, log::None, table::None, partition::ScatterGather<partition::Slots<>>>>(
        {.log = {.segment_bytes_min = 4_KiB}, .partition = {.nodes = 5}});
}

TEST_CASE("trees over ranges that share two nodes play the history") {
    history::check<Store<memtable::Art<>, log::Mapped, table::None, partition::Range>>(
        {.log = {.segment_bytes_min = 4_KiB}, .partition = {.splits = {"a", "aaa", "b"}, .nodes = 2}});
}
