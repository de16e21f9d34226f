// The history over skip lists, and over the oracle, and tables.
#include <kvilt/kvilt.hpp>
#include <kvilt/memtable/reference.hpp>
#if __has_include(<lz4.h>)
#include <kvilt/table/compression_lz4.hpp>
#endif

#include "history.hpp"

using namespace kvilt;

TEST_CASE("a skip list over levels without filters, read through a cache, plays the history") {
    history::check<
        Store<memtable::SkipList<>, log::Mapped, table::Lsm<compaction::Leveled, filter::None, reads::Cached>>>(
        {.memtable = {.bytes_max = 64_KiB, .entries_max = 40},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 4_KiB, .level_bytes_base = 16_KiB}});
}

#if __has_include(<lz4.h>)
TEST_CASE("skip lists for many threads in ranges over buffered logs, compressed by LZ4, play the history") {
    history::check<Store<memtable::SkipList<threads::Many>, log::Buffered, table::Lsm<compression::Lz4, reads::Cached>,
                         partition::Range>>({.memtable = {.bytes_max = 64_KiB},
                                             .log = {.segment_bytes_min = 4_KiB},
                                             .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 128_KiB},
                                             .partition = {.splits = {"a", "q"}}});
}
#endif

TEST_CASE("a skip list without a log over tiers plays the history") {
    history::check<Store<memtable::SkipList<>, log::None, table::Lsm<compaction::Tiered, filter::Bloom<10>>>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 64_KiB, .block_bytes = 512}});
}

TEST_CASE("the oracle in ranges over written logs and tables plays the history") {
    history::check<Store<memtable::Reference, log::Written, table::Lsm<filter::Bloom<10>>, partition::Range>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 128_KiB},
         .partition = {.splits = {"aaaa"}}});
}
