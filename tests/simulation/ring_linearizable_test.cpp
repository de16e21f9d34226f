// A linearizable ring under all faults, and the same over a log that acknowledges too early.
#include <kvilt/conflict/last_write_wins.hpp>

#include "ring_campaign.hpp"

using namespace kvilt;
using Ring = ring::Of<conflict::LastWriteWins<>, replication::Quorum<3, 2, 2, Mode::linearizable>>;

TEST_CASE("single keys are linearizable whatever happens to nodes, disks, clocks and messages") {
    const auto tally = ring::holds<Ring>({.make = [](std::uint64_t seed) { return ring::stormy<Ring>(seed); },
                                          .promise = ring::linearizable,
                                          .seeds = 4'000});
    if (tally.runs < 1'000) return;
    CHECK(tally.unknown > tally.runs / 2);
    CHECK(tally.crashes > tally.runs);
    CHECK(tally.rebuilds > tally.runs / 5);
    CHECK(tally.damages > tally.runs / 5);
    CHECK(tally.handed_on > tally.runs / 5);
    CHECK(tally.repaired > tally.runs / 5);
    CHECK(tally.forgotten > tally.runs / 50);
}

TEST_CASE("nor does it matter whom a detector of heartbeats suspects, even one in two of those who live") {
    const auto tally = ring::holds<Ring>(
        {.make =
             [](std::uint64_t seed) {
                 auto options = ring::stormy<Ring>(seed);
                 options.heartbeat_us = 5'000;
                 options.detector = {.phi_max = seed % 4 == 0 ? 8 : 0.3, .interval_us = 5'000, .deviation_us_min = 500};
                 return options;
             },
         .promise = ring::linearizable,
         .seeds = 1'000});
    CHECK(tally.answered > tally.runs);
    const auto told = ring::holds<Ring>({.make = [](std::uint64_t seed) { return ring::stormy<Ring>(seed); },
                                         .promise = ring::linearizable,
                                         .seeds = 200});
    CHECK(tally.failed * told.runs > 2 * told.failed * tally.runs); // as unavailable: it finds no majority
}

TEST_CASE("a log that acknowledges before it syncs loses what a crash takes") {
    ring::breaks<Ring>({.make =
                            [](std::uint64_t seed) {
                                auto options = ring::stormy<Ring>(seed);
                                options.setting.engine.log.sync = Sync::never;
                                return options;
                            },
                        .promise = ring::in_one_order,
                        .seeds = 1'500});
}

TEST_CASE("a seed decides everything that happens in a ring") {
    const auto hash_of = [](std::uint64_t seed) {
        sim::RingWorld<Ring> world(ring::stormy<Ring>(seed));
        CHECK(world.run() == "");
        CHECK(world.heal() == "");
        return world.network().hash().value();
    };
    for (std::uint64_t seed = 1; seed <= 20; ++seed) CHECK(hash_of(seed) == hash_of(seed));
    CHECK(hash_of(1) == 8912732019825484468u);
    CHECK(hash_of(2) == 3930620072826262856u);
}
