// Stores without tables: a log that is cleaned under power loss and death of the process.
#include <kvilt/kvilt.hpp>

#include "campaign.hpp"

using namespace kvilt;

TEST_CASE("a hash index over a mapped log that is cleaned loses nothing that it promised") {
    using Bitcask = Store<memtable::Hash<>, log::Mapped>;
    campaign::crash<Bitcask>(
        {.store = {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 32_KiB}}, .value_bytes_max = 24'000});
}

TEST_CASE("an ordered index over a written log that is cleaned loses nothing that it promised") {
    using Config = Store<memtable::Art<>, log::Written>;
    campaign::crash<Config>(
        {.store = {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 32_KiB}}, .value_bytes_max = 24'000});
}
