// How campaigns of simulated rings are run, and how a failure is replayed. Environment variables: KVILT_SEED, this seed
// alone; KVILT_CAMPAIGN, how many seeds; KVILT_CRASH_EVERY, where nothing is to be found one seed of so many, and where
// something is no more than that.
#pragma once

#include <kvilt/log/written.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/sim/ring_campaign.hpp>
#include <kvilt/table/none.hpp>

#include <doctest/doctest.h>

#include "../from_environment.hpp"
#include <chrono>
#include <string>

namespace ring {

using namespace kvilt;
using sim::RingVerdict;

template <class Conflict, class Replication, class Table = table::None>
using Of =
    cluster::RingParts<engine::Parts<memtable::Art<>, log::Written, Table, Conflict>, partition::Ring<1>, Replication>;

// ---- promises

inline std::string together(std::initializer_list<const std::string*> all) {
    for (const std::string* one : all)
        if (!one->empty()) return *one;
    return {};
}
inline std::string heals(const RingVerdict& verdict) { return together({&verdict.failed, &verdict.diverged}); }
inline std::string linearizable(const RingVerdict& verdict) {
    return together(
        {&verdict.failed, &verdict.diverged, &verdict.unlinearizable, &verdict.irregular, &verdict.resurrected});
}
inline std::string regular(const RingVerdict& verdict) {
    return together({&verdict.failed, &verdict.diverged, &verdict.irregular, &verdict.resurrected});
}
inline std::string keeps_siblings(const RingVerdict& verdict) {
    return together({&verdict.failed, &verdict.diverged, &verdict.lost, &verdict.resurrected, &verdict.crowded});
}
// Without what stops upkeep only.
inline std::string safe(const RingVerdict& verdict) {
    return together(
        {&verdict.diverged, &verdict.unlinearizable, &verdict.irregular, &verdict.resurrected, &verdict.lost});
}
// Alone: for those who break it and nothing else.
inline std::string in_one_order(const RingVerdict& verdict) { return verdict.unlinearizable; }

// ---- worlds

// Nothing happens but delays.
template <class Ring>
sim::RingOptions<Ring> calm(std::uint64_t seed, std::size_t nodes = 3) {
    sim::RingOptions<Ring> options;
    options.seed = seed;
    options.setting.partition.nodes = nodes;
    options.setting.engine.log.sync = Sync::every_write;
    options.setting.engine.log.segment_bytes_min = 4_KiB;
    if constexpr (requires { typename Ring::Conflict::Clock; }) options.setting.conflict.drift_us_max = 2'000'000;
    return options;
}

// Everything happens: odd seeds damage bits of disks, even ones lose a whole disk.
template <class Ring>
sim::RingOptions<Ring> stormy(std::uint64_t seed, std::size_t nodes = 4) {
    sim::RingOptions<Ring> options = calm<Ring>(seed, nodes);
    options.clients.keys = 2;
    options.skew_us_max = 40'000;
    options.upkeep_us = 3'000;
    options.link.loss_ppm = 20'000;
    options.link.duplicate_ppm = 20'000;
    options.flips = seed % 2 == 0 ? 0 : 4;
    options.faults = sim::ring_faults(seed, nodes, seed % 2 == 0 ? 1 : 0);
    return options;
}

// ---- campaigns

template <class Ring>
struct Campaign {
    typename sim::RingCampaign<Ring>::Make make{};
    std::string (*promise)(const RingVerdict&) = linearizable;
    std::uint64_t seeds = 1'000; // where the environment says nothing else
};

template <class Ring>
sim::RingTally run(const Campaign<Ring>& of, bool stops) {
    sim::RingCampaign<Ring> campaign(of.make, of.promise);
    const std::uint64_t chosen = from_environment("KVILT_SEED", 0);
    const std::uint64_t seeds = chosen != 0 ? 1 : from_environment("KVILT_CAMPAIGN", of.seeds);
    const auto start = std::chrono::steady_clock::now();
    const sim::RingTally tally = campaign.run(chosen != 0 ? chosen : 1, seeds, stops);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    MESSAGE("seeds from " << (chosen != 0 ? chosen : 1) << ": " << tally.text() << "; "
                          << static_cast<std::uint64_t>(static_cast<double>(tally.runs) / taken.count())
                          << " rings a second");
    CHECK(tally.undecided == 0);
    return tally;
}

inline std::string replay(std::uint64_t seed) {
    const auto& test = *doctest::getContextOptions()->currentTest;
    return "replay: KVILT_SEED=" + std::to_string(seed) + " <this executable> -tc=\"" + test.m_name + "\"";
}

// No seed breaks it. Or the first that does is shrunk and told.
template <class Ring>
sim::RingTally holds(const Campaign<Ring>& of) {
    const sim::RingTally tally =
        run(Campaign<Ring>{of.make, of.promise, std::max<std::uint64_t>(1, of.seeds / crash_every())}, true);
    if (tally.broken == 0) return tally;
    const std::string told = sim::RingCampaign<Ring>(of.make, of.promise).shrunk(tally.first_broken);
    FAIL_CHECK(told << "\n" << replay(tally.first_broken));
    return tally;
}

// Some seeds break it: what is known to be wrong is found.
template <class Ring>
sim::RingTally breaks(const Campaign<Ring>& of, std::uint64_t at_least = 1) {
    const bool brief = crash_every() > 1;
    const sim::RingTally tally = run(of, brief);
    if (from_environment("KVILT_SEED", 0) == 0) CHECK(tally.broken >= (brief ? 1 : at_least));
    return tally;
}

} // namespace ring
