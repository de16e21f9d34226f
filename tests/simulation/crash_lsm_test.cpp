// Ordered stores with tables: power loss and death of the process at every call and commit.
#include <kvilt/kvilt.hpp>

#include "campaign.hpp"

using namespace kvilt;

TEST_CASE("a mapped log before tables loses nothing that it promised") {
    using Ledger = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;
    campaign::crash<Ledger>({.store = {.memtable = {.entries_max = 24},
                                       .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                                       .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB}}});
}

TEST_CASE("a written log before levels loses nothing that it promised") {
    using Levels = Store<memtable::Art<>, log::Written, table::Lsm<compaction::Leveled, filter::Bloom<10>>>;
    campaign::crash<Levels>({.store = {.memtable = {.entries_max = 24},
                                       .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                                       .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB}}});
}
