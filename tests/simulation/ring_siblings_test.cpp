// Vector clocks on a ring: no acknowledged value vanishes, and what an erase covered stays away.
#include "ring_planted.hpp"

using namespace kvilt;
using planted::Bug;
using Ring = ring::Of<planted::VectorClock, replication::Quorum<3, 2, 2>>;
using Fate = sim::RingNetwork::Fate;

namespace {

sim::RingOptions<Ring> stormy(std::uint64_t seed) {
    auto options = ring::stormy<Ring>(seed);
    options.clients.erase_percent = 20;
    return options;
}

} // namespace

// And no value is shown beside one that replaced it: siblings are concurrent writes and no others.
TEST_CASE("no acknowledged value vanishes unless it was seen and replaced, whatever happens") {
    ring::holds<Ring>({.make = stormy, .promise = ring::keeps_siblings, .seeds = 1'500});
}

TEST_CASE("a join that drops a sibling is found") {
    planted::bug = Bug::drops_a_sibling;
    ring::breaks<Ring>({.make = stormy, .promise = ring::safe, .seeds = 300});
    planted::bug = Bug::none;
}

TEST_CASE("a network that doubles updates is found") {
    ring::breaks<Ring>({.make =
                            [](std::uint64_t seed) {
                                auto options = stormy(seed);
                                options.link.tail_us = 8'000;
                                options.tamper = [](sim::OwnedMessage& sent) {
                                    const bool update = sent.message().kind == MessageKind::update;
                                    return update ? Fate::send_twice : Fate::send;
                                };
                                return options;
                            },
                        .promise = ring::safe,
                        .seeds = 300});
}
