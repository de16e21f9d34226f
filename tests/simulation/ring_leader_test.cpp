// Rings with leaders: whoever leads, whatever fails, one order of the writes of each key.
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/conflict/version.hpp>
#include <kvilt/replication/leader_follower.hpp>

#include "ring_campaign.hpp"

using namespace kvilt;
using Fate = sim::RingNetwork::Fate;

namespace {

template <class Leaders, class Conflict = conflict::Overwrite>
using Of = ring::Of<cluster::OrderOf<Conflict, Leaders>, Leaders>;

template <std::size_t N, Ack ack, class Conflict = conflict::Overwrite>
using Led = Of<replication::LeaderFollower<N, ack>, Conflict>;
using Majority = Led<3, Ack::majority>;
using Async = Led<3, Ack::async>;

// A reader believes whoever says that it leads.
struct Believed : replication::LeaderFollower<3> {
    static Result<ReadPlan> read_plan(Level, const Options&) { return ReadPlan{.needed = 1}; }
};

// Followers soon lack more than a leader remembers, and pages are small.
template <class Ring>
sim::RingOptions<Ring> stormy(std::uint64_t seed, std::size_t nodes) {
    auto options = ring::stormy<Ring>(seed, nodes);
    options.setting.replication.recent_writes_max = 1 + seed % 3;
    options.setting.replication.catch_up_page_bytes = 1 + seed % 90;
    return options;
}

template <class Ring>
ring::Campaign<Ring> campaign(std::uint64_t seeds, std::size_t nodes, std::string (*promise)(const sim::RingVerdict&)) {
    return {
        .make = [nodes](std::uint64_t seed) { return stormy<Ring>(seed, nodes); }, .promise = promise, .seeds = seeds};
}

template <class Ring>
void holds(std::uint64_t seeds, std::size_t nodes, std::string (*promise)(const sim::RingVerdict&)) {
    const sim::RingTally tally = ring::holds(campaign<Ring>(seeds, nodes, promise));
    if (tally.runs < 200) return;
    CHECK(tally.unknown > tally.runs / 2);
    CHECK(tally.crashes > tally.runs / 2);
    CHECK(tally.rebuilds > tally.runs / 10);
    CHECK(tally.repaired > tally.runs);
    CHECK(tally.forgotten > 0);
}

std::string all_kept(const sim::RingVerdict& verdict) {
    return ring::together({&verdict.failed, &verdict.diverged, &verdict.unlinearizable, &verdict.irregular,
                           &verdict.resurrected, &verdict.lost});
}

} // namespace

TEST_CASE("with Ack::majority single keys are linearizable whatever happens, and all homes are equal in the end") {
    holds<Majority>(1'000, 3, all_kept);
    holds<Majority>(600, 4, all_kept); // one of them is no home of the key
}

TEST_CASE("two copies are linearizable when both count, and all nodes vote") {
    holds<Led<2, Ack::majority>>(600, 3, all_kept);
}

TEST_CASE("no value that a version names is lost, and no version is replaced twice") {
    holds<Led<3, Ack::majority, conflict::Version>>(600, 4, all_kept);
}

TEST_CASE("with Ack::async all homes are equal in the end, but what was acknowledged may be lost") {
    holds<Async>(400, 4, ring::heals);
    ring::breaks(campaign<Async>(100, 4, ring::in_one_order), 5);
}

TEST_CASE("a majority that acknowledges before it syncs loses what power takes from it") {
    ring::breaks<Majority>({.make =
                                [](std::uint64_t seed) {
                                    auto options = stormy<Majority>(seed, 4);
                                    options.setting.engine.log.sync = Sync::never;
                                    return options;
                                },
                            .promise = ring::in_one_order,
                            .seeds = 500});
}

TEST_CASE("a read that does not ask whether the term stands is found") {
    ring::breaks(campaign<Of<Believed>>(300, 4, ring::in_one_order));
}

TEST_CASE("votes for whoever asks, wherever it stands, are found") {
    const auto careless = [](sim::OwnedMessage& sent) {
        const Message& message = sent.message();
        if (message.kind != MessageKind::vote || message.to == message.hinted_for) return Fate::send;
        std::string beyond_all;
        cluster::Position{~std::uint64_t{0}, ~std::uint64_t{0}}.append_to(beyond_all);
        sent.set_context(beyond_all);
        return Fate::send;
    };
    ring::breaks<Majority>({.make =
                                [&](std::uint64_t seed) {
                                    auto options = stormy<Majority>(seed, 4);
                                    options.tamper = careless;
                                    return options;
                                },
                            .promise = ring::safe,
                            .seeds = 500});
}

TEST_CASE("a seed decides everything that happens in a ring with leaders") {
    const auto hash_of = [](std::uint64_t seed) {
        sim::RingWorld<Majority> world(stormy<Majority>(seed, 3));
        CHECK(world.run() == "");
        CHECK(world.heal() == "");
        return world.network().hash().value();
    };
    for (std::uint64_t seed = 1; seed <= 10; ++seed) CHECK(hash_of(seed) == hash_of(seed));
    CHECK(hash_of(1) != hash_of(2));
}
