// Sloppy quorums: always writable, no promise to a read, equal copies in the end.
#include <kvilt/conflict/last_write_wins.hpp>

#include "ring_campaign.hpp"

using namespace kvilt;
using Ring = ring::Of<conflict::LastWriteWins<>, replication::Quorum<3, 2, 2, Mode::sloppy>>;

namespace {

sim::RingOptions<Ring> cut(std::uint64_t seed) {
    auto options = ring::calm<Ring>(seed, 5);
    options.upkeep_us = 3'000;
    using enum sim::Fault::Kind;
    options.faults = sim::Nemesis({.seed = seed,
                                   .nodes = 5,
                                   .duration_us = 200'000,
                                   .faults = 8,
                                   .fault_us_min = 5'000,
                                   .fault_us_max = 60'000,
                                   .kinds = {cut_both, cut_one_way, split}})
                         .schedule();
    return options;
}

} // namespace

TEST_CASE("sloppy quorums are not even regular under cuts") {
    ring::breaks<Ring>(
        {.make = cut, .promise = [](const ring::RingVerdict& verdict) { return verdict.irregular; }, .seeds = 500}, 20);
}

TEST_CASE("sloppy quorums converge when all is well again") {
    ring::holds<Ring>({.make = cut, .promise = ring::heals, .seeds = 500});
    ring::holds<Ring>({.make =
                           [](std::uint64_t seed) {
                               auto options = ring::stormy<Ring>(seed, 5);
                               options.faults = sim::ring_faults(seed, 5, 0);
                               options.flips = 0;
                               return options;
                           },
                       .promise = ring::heals,
                       .seeds = 500});
}
