// Rings with leaders under virtual time: power is lost, disks with it, messages come late, twice or never, clocks and
// detectors are wrong. Environment variables: KVILT_SEED, this seed alone; KVILT_CAMPAIGN, how many seeds.
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/conflict/version.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/leader_follower.hpp>
#include <kvilt/sim/ring_verdict.hpp>
#include <kvilt/table/none.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

using namespace kvilt;

namespace {

template <std::size_t N, Ack ack, class Conflict = conflict::Overwrite>
using Of = cluster::RingParts<engine::Parts<memtable::Art<>, log::Written, table::None,
                                            cluster::OrderOf<Conflict, replication::LeaderFollower<N, ack>>>,
                              partition::Single, replication::LeaderFollower<N, ack>>;

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Followers soon lack more than a leader remembers, and pages are small.
template <class Ring>
sim::RingOptions<Ring> stormy(std::uint64_t seed, std::size_t nodes) {
    sim::RingOptions<Ring> options;
    options.seed = seed;
    options.setting.partition.nodes = NodeList(nodes);
    options.setting.engine.log.sync = Sync::every_write;
    options.setting.engine.log.segment_bytes_min = 4_KiB;
    options.setting.replication.recent_writes_max = 1 + seed % 3;
    options.setting.replication.catch_up_page_bytes = 1 + seed % 90;
    options.clients.keys = 3;
    options.upkeep_us = 3'000;
    options.link.loss_ppm = 20'000;
    options.link.duplicate_ppm = 20'000;
    options.faults = sim::Nemesis({.seed = seed,
                                   .nodes = nodes,
                                   .duration_us = 200'000,
                                   .fault_us_min = 1'000,
                                   .fault_us_max = 60'000,
                                   .down_max = 2,
                                   .lost_disks_max = seed % 2})
                         .schedule();
    return options;
}

struct Tally {
    std::uint64_t runs = 0;
    std::uint64_t broken = 0;
    std::uint64_t undecided = 0;
    std::uint64_t answered = 0;
    std::uint64_t unknown = 0;
    std::uint64_t crashes = 0;
    std::uint64_t rebuilds = 0;
    std::uint64_t brought = 0;
    std::uint64_t forgotten = 0;
    std::uint64_t first_broken = 0;
    std::string first{};
};

using Promise = std::string (*)(const sim::RingVerdict&);

std::string linearizable(const sim::RingVerdict& verdict) {
    for (const std::string* one : {&verdict.failed, &verdict.diverged, &verdict.unlinearizable, &verdict.irregular,
                                   &verdict.resurrected, &verdict.lost})
        if (!one->empty()) return *one;
    return {};
}
std::string heals(const sim::RingVerdict& verdict) {
    return verdict.failed.empty() ? verdict.diverged : verdict.failed;
}
std::string in_one_order(const sim::RingVerdict& verdict) { return verdict.unlinearizable; }

template <class Ring, class Make>
Tally run(std::uint64_t seeds, Promise promise, Make make) {
    Tally tally;
    const std::uint64_t chosen = from_environment("KVILT_SEED", 0);
    const std::uint64_t last = chosen != 0 ? chosen : from_environment("KVILT_CAMPAIGN", seeds);
    for (std::uint64_t seed = chosen != 0 ? chosen : 1; seed <= last; ++seed) {
        sim::RingWorld<Ring> world(make(seed));
        const sim::RingVerdict verdict = sim::RingJudge<Ring>().judge(world);
        ++tally.runs;
        tally.undecided += verdict.undecided;
        tally.answered += world.clients().answered();
        tally.unknown += world.clients().unknown();
        tally.crashes += world.counts().crashes;
        tally.rebuilds += world.counts().rebuilds;
        tally.brought += world.counts().repaired;
        tally.forgotten += world.counts().forgotten;
        const std::string broken = promise(verdict);
        if (broken.empty() || tally.broken++ != 0) continue;
        tally.first_broken = seed;
        tally.first = broken;
    }
    MESSAGE(tally.runs << " seeds: answered " << tally.answered << ", unknown " << tally.unknown << ", crashes "
                       << tally.crashes << ", rebuilt " << tally.rebuilds << ", cells brought " << tally.brought
                       << ", forgotten " << tally.forgotten << ", broken " << tally.broken);
    CHECK(tally.undecided == 0);
    return tally;
}

template <class Ring>
Tally holds(std::uint64_t seeds, Promise promise, std::size_t nodes) {
    const Tally tally = run<Ring>(seeds, promise, [&](std::uint64_t seed) { return stormy<Ring>(seed, nodes); });
    CHECK_MESSAGE(tally.broken == 0, "replay: KVILT_SEED=" << tally.first_broken << ": " << tally.first);
    if (tally.runs < 200) return tally;
    CHECK(tally.unknown > tally.runs / 2);
    CHECK(tally.crashes > tally.runs / 2);
    CHECK(tally.rebuilds > tally.runs / 10);
    CHECK(tally.brought > tally.runs);
    CHECK(tally.forgotten > 0);
    return tally;
}

} // namespace

TEST_CASE("with Ack::majority single keys are linearizable whatever happens, and all homes are equal in the end") {
    holds<Of<3, Ack::majority>>(1'500, linearizable, 3);
}

TEST_CASE("nor does a node that is no home of the key change that") {
    holds<Of<3, Ack::majority>>(1'000, linearizable, 4);
}

TEST_CASE("two copies are linearizable when both count, and all nodes vote") {
    holds<Of<2, Ack::majority>>(1'000, linearizable, 3);
}

TEST_CASE("no value that a version names is lost, and no version is replaced twice") {
    holds<Of<3, Ack::majority, conflict::Version>>(1'000, linearizable, 3);
}

TEST_CASE("with Ack::async all homes are equal in the end, but what was acknowledged may be lost") {
    const Tally healed = holds<Of<3, Ack::async>>(1'000, heals, 3);
    if (healed.runs < 200) return;
    const Tally lost = run<Of<3, Ack::async>>(1'000, in_one_order,
                                              [](std::uint64_t seed) { return stormy<Of<3, Ack::async>>(seed, 3); });
    CHECK(lost.broken > 10);
}

TEST_CASE("a majority that acknowledges before it syncs loses what power takes from it") {
    const Tally lost = run<Of<3, Ack::majority>>(1'000, in_one_order, [](std::uint64_t seed) {
        auto options = stormy<Of<3, Ack::majority>>(seed, 3);
        options.setting.engine.log.sync = Sync::never;
        return options;
    });
    if (lost.runs > 200) CHECK(lost.broken > 0);
}

TEST_CASE("a seed decides everything that happens in a ring with leaders") {
    const auto hash_of = [](std::uint64_t seed) {
        using Ring = Of<3, Ack::majority>;
        sim::RingWorld<Ring> world(stormy<Ring>(seed, 3));
        CHECK(world.run() == "");
        CHECK(world.heal() == "");
        return world.network().hash().value();
    };
    for (std::uint64_t seed = 1; seed <= 10; ++seed) CHECK(hash_of(seed) == hash_of(seed));
    CHECK(hash_of(1) != hash_of(2));
}
