// Strict quorums whose coordinators have clocks of their own: the last writer does not win.
#include <kvilt/conflict/last_write_wins.hpp>

#include "ring_campaign.hpp"

using namespace kvilt;
using Ring = ring::Of<conflict::LastWriteWins<>, replication::Quorum<3, 2, 2>>;

TEST_CASE("with clocks that differ a repair before each read returns does not make quorums linearizable") {
    ring::breaks<Ring>({.make =
                            [](std::uint64_t seed) {
                                auto options = ring::calm<Ring>(seed);
                                options.setting.replication.read_repair = ReadRepair::before;
                                options.skew_us_max = 40'000;
                                return options;
                            },
                        .promise = ring::in_one_order,
                        .seeds = 300},
                       30);
}

TEST_CASE("with clocks that differ quorums are regular by stamps, and converge, whatever happens") {
    ring::holds<Ring>({.make = [](std::uint64_t seed) { return ring::stormy<Ring>(seed); },
                       .promise = ring::regular,
                       .seeds = 1'000});
}
