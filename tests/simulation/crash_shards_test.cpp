// Shards: each keeps a prefix of its own commits, and batches over several come back on all of them or on none.
#include <kvilt/kvilt.hpp>

#include "campaign.hpp"

using namespace kvilt;

TEST_CASE("shards by range keep whole batches and everything synced") {
    using Ranges = Store<memtable::Art<>, log::Mapped, table::Lsm<>, partition::Range>;
    campaign::crash<Ranges>({.store = {.memtable = {.entries_max = 12},
                                       .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                                       .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB},
                                       .partition = {.splits = {"h", "p"}}},
                             .actions = 100});
}

TEST_CASE("shards by hash without tables keep whole batches and everything synced") {
    using Hashed = Store<memtable::Hash<>, log::Mapped, table::None, partition::HashMod>;
    campaign::crash<Hashed>(
        {.store = {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 32_KiB}, .partition = {.shards = 3}},
         .actions = 100,
         .value_bytes_max = 24'000});
}

TEST_CASE("ranges that share nodes, and nodes of a ring, keep whole batches and everything synced") {
    using Ranges = Store<memtable::Art<>, log::Mapped, table::None, partition::Range>;
    campaign::crash<Ranges>({.store = {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 32_KiB},
                                       .partition = {.splits = {"c", "h", "p"}, .nodes = 2}},
                             .actions = 60});
    using Ring = Store<memtable::Art<>, log::Mapped, table::None, partition::ScatterGather<partition::Ring<>>>;
    campaign::crash<Ring>({.store = {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 32_KiB}}, .actions = 60});
}
