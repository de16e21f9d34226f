// Strict quorums without the linearizable mode: what each step towards it buys.
#include <kvilt/conflict/last_write_wins.hpp>

#include "ring_campaign.hpp"

using namespace kvilt;
using OneClock = conflict::LastWriteWins<clocks::ProcessWide>;
using Ring = ring::Of<OneClock, replication::Quorum<3, 2, 2>>;
using Single = ring::Of<OneClock, replication::Quorum<3, 1, 1>>;

namespace {

auto calm(ReadRepair repair) {
    return [repair](std::uint64_t seed) {
        auto options = ring::calm<Ring>(seed);
        options.setting.replication.read_repair = repair;
        return options;
    };
}
auto stormy(ReadRepair repair) {
    return [repair](std::uint64_t seed) {
        auto options = ring::stormy<Ring>(seed);
        options.setting.replication.read_repair = repair;
        return options;
    };
}

} // namespace

TEST_CASE("quorums that do not intersect are not regular even when all is well") {
    ring::breaks<Single>(
        {.make = [](std::uint64_t seed) { return ring::calm<Single>(seed); }, .promise = ring::regular, .seeds = 300},
        30);
}

TEST_CASE("quorums that intersect are not linearizable though one clock stamps everything") {
    ring::breaks<Ring>({.make = calm(ReadRepair::none), .promise = ring::in_one_order, .seeds = 3'000});
}

TEST_CASE("a repair after each read does not make them linearizable") {
    ring::breaks<Ring>({.make = calm(ReadRepair::after), .promise = ring::in_one_order, .seeds = 6'000});
}

TEST_CASE("a repair before each read returns makes them linearizable under one clock, whatever happens") {
    ring::holds<Ring>({.make = stormy(ReadRepair::before), .promise = ring::linearizable, .seeds = 1'000});
}

TEST_CASE("quorums that intersect are regular whatever happens") {
    ring::holds<Ring>({.make = stormy(ReadRepair::none), .promise = ring::regular, .seeds = 700});
    ring::holds<Ring>({.make = stormy(ReadRepair::after), .promise = ring::regular, .seeds = 700});
}
