// Shards while calls to the environment fail.
#include <kvilt/kvilt.hpp>

#include "campaign.hpp"

using namespace kvilt;

TEST_CASE("whichever call fails, shards by range keep whole batches and everything acknowledged") {
    using Ranges = Store<memtable::Art<>, log::Mapped, table::Lsm<>, partition::Range>;
    campaign::fail<Ranges>({.store = {.memtable = {.entries_max = 8},
                                      .log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 16_KiB},
                                      .table = {.file_bytes_max = 8_KiB, .level_bytes_base = 16_KiB},
                                      .partition = {.splits = {"h", "p"}}},
                            .actions = 40});
}

TEST_CASE("whichever call fails, shards by hash without tables keep whole batches and everything acknowledged") {
    using Hashed = Store<memtable::Hash<>, log::Written, table::None, partition::HashMod>;
    campaign::fail<Hashed>(
        {.store = {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 32_KiB}, .partition = {.shards = 3}},
         .actions = 40,
         .value_bytes_max = 24'000});
}
