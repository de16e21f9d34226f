// A log that gathers commits, and tables without a log, while calls to the environment fail.
#include <kvilt/kvilt.hpp>

#include "campaign.hpp"

using namespace kvilt;

TEST_CASE("whichever call fails, a buffered log before tables keeps everything synced") {
    using Hashed = Store<memtable::Hash<>, log::Buffered, table::Lsm<>>;
    campaign::fail<Hashed>({.store = {.memtable = {.entries_max = 12},
                                      .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                                      .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB}}});
}

TEST_CASE("whichever call fails, tables without a log keep what was flushed") {
    using Flushed = Store<memtable::Art<>, log::None, table::Lsm<>>;
    campaign::fail<Flushed>(
        {.store = {.memtable = {.entries_max = 12}, .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB}}});
}
