// The history over hash tables, sorted when they are flushed into tables.
#include <kvilt/kvilt.hpp>
#if __has_include(<zstd.h>)
#include <kvilt/table/compression_zstd.hpp>
#endif

#include "history.hpp"

using namespace kvilt;

#if __has_include(<zstd.h>)
TEST_CASE("a hash table over a buffered log and tables, compressed by Zstandard, plays the history") {
    history::check<
        Store<memtable::Hash<>, log::Buffered, table::Lsm<filter::Bloom<10>, compression::Zstd, reads::Cached>>>(
        {.memtable = {.bytes_max = 128_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 128_KiB}});
}
#endif

TEST_CASE("three hash tables for many threads over tiers play the history") {
    history::check<
        Store<memtable::Hash<threads::Many>, log::Mapped, table::Lsm<compaction::Tiered>, partition::HashMod>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 64_KiB, .merge_after_reads = 8},
         .partition = {.shards = 3}});
}

TEST_CASE("a hash table without a log over levels without filters plays the history") {
    history::check<Store<memtable::Hash<>, log::None, table::Lsm<compaction::Leveled, filter::None>>>(
        {.memtable = {.bytes_max = 64_KiB, .entries_max = 50},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 32_KiB, .level_bytes_base = 64_KiB}});
}

TEST_CASE("hash tables for many threads in ranges over written logs play the history") {
    history::check<Store<memtable::Hash<threads::Many>, log::Written, table::Lsm<reads::Cached>, partition::Range>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 64_KiB, .cache_bytes_max = 64_KiB},
         .partition = {.splits = {"aa"}}});
}
