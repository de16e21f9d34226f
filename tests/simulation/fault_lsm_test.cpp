// Stores with tables while calls to the environment fail.
#include <kvilt/kvilt.hpp>

#include "campaign.hpp"

using namespace kvilt;

TEST_CASE("whichever call fails, a mapped log before tables loses nothing acknowledged") {
    using Ledger = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;
    campaign::fail<Ledger>({.store = {.memtable = {.entries_max = 12},
                                      .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                                      .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB}}});
}

TEST_CASE("whichever call fails, a written log before levels loses nothing acknowledged") {
    using Levels = Store<memtable::Hash<>, log::Written, table::Lsm<compaction::Leveled, reads::Cached>>;
    campaign::fail<Levels>({.store = {.memtable = {.entries_max = 12},
                                      .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                                      .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB}}});
}
