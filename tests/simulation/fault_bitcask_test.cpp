// Stores without tables while calls to the environment fail.
#include <kvilt/kvilt.hpp>

#include "campaign.hpp"

using namespace kvilt;

TEST_CASE("whichever call fails, a hash index over a mapped log loses nothing acknowledged") {
    using Bitcask = Store<memtable::Hash<>, log::Mapped>;
    campaign::fail<Bitcask>(
        {.store = {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 32_KiB}}, .value_bytes_max = 24'000});
}

TEST_CASE("whichever call fails, an ordered index over a written log loses nothing acknowledged") {
    using Config = Store<memtable::Art<>, log::Written>;
    campaign::fail<Config>(
        {.store = {.log = {.segment_bytes_min = 4_KiB, .segment_bytes_max = 32_KiB}}, .value_bytes_max = 24'000});
}
