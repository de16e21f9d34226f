// An unordered memtable before tables, behind a log that gathers commits; tables without a log; a background worker.
#include <kvilt/kvilt.hpp>

#include "campaign.hpp"

using namespace kvilt;

TEST_CASE("a buffered log before tables keeps a prefix with everything synced") {
    using Hashed = Store<memtable::Hash<>, log::Buffered, table::Lsm<>>;
    campaign::crash<Hashed>({.store = {.memtable = {.entries_max = 24},
                                       .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                                       .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB}}});
}

TEST_CASE("tables without a log keep what was flushed, and whole batches") {
    using Flushed = Store<memtable::Art<>, log::None, table::Lsm<>>;
    campaign::crash<Flushed>(
        {.store = {.memtable = {.entries_max = 16}, .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB}}});
}

TEST_CASE("a store with a background worker loses nothing that it promised, wherever the worker stands") {
    using Events = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<compaction::Tiered>>;
    campaign::crash<Events>(
        {.store = {.memtable = {.entries_max = 12},
                   .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                   .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB, .merge_after_reads = 8}}});
}
