// The history on real files, with the system's clock, threads and randomness.
#include <kvilt/kvilt.hpp>
#if __has_include(<zstd.h>)
#include <kvilt/table/compression_zstd.hpp>
#endif

#include "history.hpp"

using namespace kvilt;
using history::World;

TEST_CASE("the default shape for many threads plays the history on real files") {
    history::check<Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>>>(
        {.memtable = {.bytes_max = 256_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 128_KiB, .level_bytes_base = 256_KiB}},
        World::posix);
}

TEST_CASE("a hash table over a mapped log plays the history on real files") {
    history::check<Store<memtable::Hash<>, log::Mapped>>({.log = {.segment_bytes_min = 4_KiB}}, World::posix);
}

#if __has_include(<zstd.h>)
TEST_CASE("three trees over buffered logs and compressed tiers play the history on real files") {
    history::check<
        Store<memtable::Art<>, log::Buffered,
              table::Lsm<compaction::Tiered, filter::Bloom<10>, compression::Zstd, reads::Cached>, partition::HashMod>>(
        {.memtable = {.bytes_max = 256_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 128_KiB, .level_bytes_base = 256_KiB},
         .partition = {.shards = 3}},
        World::posix);
}
#endif

TEST_CASE("skip lists in ranges over written logs and levels play the history on real files") {
    history::check<Store<memtable::SkipList<>, log::Written, table::Lsm<compaction::Leveled>, partition::Range>>(
        {.memtable = {.bytes_max = 256_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 128_KiB, .level_bytes_base = 256_KiB},
         .partition = {.splits = {"aaaa"}}},
        World::posix);
}
