// A linearizable ring whose nodes flush and compact all the time.
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/table/lsm.hpp>

#include "ring_campaign.hpp"

using namespace kvilt;
using Ring = ring::Of<conflict::LastWriteWins<>, replication::Quorum<3, 2, 2, Mode::linearizable>, table::Lsm<>>;

namespace {

sim::RingOptions<Ring> stormy(std::uint64_t seed) {
    auto options = ring::stormy<Ring>(seed);
    options.setting.engine.memtable.entries_max = 6;
    options.setting.engine.table = {.file_bytes_max = 4_KiB, .level_bytes_base = 4_KiB, .block_bytes = 512};
    options.clients.keys = 6;
    options.clients.operations = 20;
    options.clients.value_bytes = 100;
    return options;
}

} // namespace

TEST_CASE("single keys are linearizable over tables, whatever happens") {
    const auto tally = ring::holds<Ring>({.make = stormy, .promise = ring::linearizable, .seeds = 400});
    if (tally.runs >= 100) CHECK(tally.damages > tally.runs / 10);
}
