// The history over radix trees and tables.
#include <kvilt/kvilt.hpp>
#if __has_include(<lz4.h>)
#include <kvilt/table/compression_lz4.hpp>
#endif
#if __has_include(<zstd.h>)
#include <kvilt/table/compression_zstd.hpp>
#endif

#include "history.hpp"

using namespace kvilt;

TEST_CASE("the default shape plays the history") {
    history::check<Store<memtable::Art<>, log::Mapped, table::Lsm<>>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 128_KiB}});
}

TEST_CASE("levels with Bloom filters in ranges for many threads play the history") {
    history::check<Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<compaction::Leveled, filter::Bloom<10>>,
                         partition::Range>>({.memtable = {.bytes_max = 64_KiB, .entries_max = 100},
                                             .log = {.segment_bytes_min = 4_KiB},
                                             .table = {.file_bytes_max = 32_KiB, .level_bytes_base = 64_KiB},
                                             .partition = {.splits = {"a", "aaaaaaaa", "p"}}});
}

#if __has_include(<lz4.h>)
TEST_CASE("tiers without filters, compressed by LZ4, play the history") {
    history::check<Store<memtable::Art<>, log::Written,
                         table::Lsm<compaction::Tiered, filter::None, compression::Lz4, reads::Cached>>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 64_KiB, .cache_bytes_max = 64_KiB}});
}
#endif

#if __has_include(<zstd.h>)
TEST_CASE("three trees behind a gathering log over levels, compressed by Zstandard, play the history") {
    history::check<
        Store<memtable::Art<>, log::Buffered,
              table::Lsm<compaction::Leveled, filter::Locator, compression::Zstd, reads::Cached>, partition::HashMod>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 16_KiB, .level_bytes_base = 32_KiB},
         .partition = {.shards = 3}});
}
#endif
