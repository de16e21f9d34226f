// Many simulated rings, one a seed: how many break a promise, and what little is needed to break it.
// docs/testing.md
#pragma once

#include <kvilt/sim/ring_verdict.hpp>
#include <kvilt/sim/shrink.hpp>

#include <array>
#include <functional>
#include <string>
#include <vector>

namespace kvilt::sim {

// What a campaign has seen.
struct RingTally {
    std::uint64_t runs = 0;
    std::uint64_t broken = 0; // of the promise that was asked for
    std::uint64_t undecided = 0;
    std::uint64_t first_broken = 0; // its seed
    std::uint64_t answered = 0;
    std::uint64_t unknown = 0;
    std::uint64_t failed = 0;
    std::uint64_t delivered = 0; // messages
    std::uint64_t crashes = 0;
    std::uint64_t rebuilds = 0;
    std::uint64_t damages = 0;
    std::uint64_t handed_on = 0;
    std::uint64_t repaired = 0;
    std::uint64_t forgotten = 0;

    std::string text() const {
        return std::to_string(broken) + " of " + std::to_string(runs) + " rings break it; " + std::to_string(answered) +
               " operations answered, " + std::to_string(unknown) + " unknown, " + std::to_string(failed) +
               " failed; " + std::to_string(delivered) + " messages, " + std::to_string(crashes) + " crashes, " +
               std::to_string(damages) + " disks found damaged, " + std::to_string(rebuilds) + " nodes rebuilt, " +
               std::to_string(handed_on) + " hints, " + std::to_string(repaired) + " cells repaired, " +
               std::to_string(forgotten) + " tombstones purged";
    }
};

// All kinds of faults, as many as a ring bears without losing a promise that it can keep.
inline Faults ring_faults(std::uint64_t seed, std::size_t nodes, std::size_t lost_disks) {
    return Nemesis({.seed = seed,
                    .nodes = nodes,
                    .duration_us = 200'000,
                    .faults = 10,
                    .fault_us_min = 1'000,
                    .fault_us_max = 60'000,
                    .down_max = 2,
                    .lost_disks_max = lost_disks})
        .schedule();
}

template <class Ring>
class RingCampaign {
public:
    using Options = RingOptions<Ring>;
    using Make = std::function<Options(std::uint64_t seed)>;
    // What is broken, by a verdict; empty if nothing that this campaign is about.
    using Promise = std::function<std::string(const RingVerdict&)>;

    RingCampaign(Make make, Promise promise) : make_(std::move(make)), promise_(std::move(promise)) {}

    // Stops behind the first that breaks it if `stops`.
    RingTally run(std::uint64_t first_seed, std::uint64_t seeds, bool stops) {
        RingTally tally;
        for (std::uint64_t seed = first_seed; seed < first_seed + seeds; ++seed) {
            RingWorld<Ring> world(make_(seed));
            const RingVerdict verdict = judge_.judge(world);
            ++tally.runs;
            tally.undecided += verdict.undecided;
            tally.answered += world.clients().answered();
            tally.unknown += world.clients().unknown();
            tally.failed += world.clients().failed();
            tally.delivered += world.network().delivered();
            tally.crashes += world.counts().crashes;
            tally.rebuilds += world.counts().rebuilds;
            tally.damages += world.counts().damages;
            tally.handed_on += world.counts().handed_on;
            tally.repaired += world.counts().repaired;
            tally.forgotten += world.counts().forgotten;
            if (promise_(verdict).empty()) continue;
            if (tally.broken++ == 0) tally.first_broken = seed;
            if (stops) break;
        }
        return tally;
    }

    // The faults and the operations without any of which the seed keeps its promise, and how it breaks it with them.
    std::string shrunk(std::uint64_t seed) {
        Options options = make_(seed);
        if (!options.steps) options.steps = steps_of(options.clients);
        const auto broken = [this](const Options& tried) {
            RingWorld<Ring> world(tried);
            return promise_(judge_.judge(world));
        };
        for (int round = 0; round < 2; ++round) {
            options.faults = shrink(options.faults, [&](const Faults& faults) {
                                 Options tried = options;
                                 tried.faults = faults;
                                 return !broken(tried).empty();
                             }).steps;
            options.steps = shrink(*options.steps, [&](const std::vector<ClientStep>& steps) {
                                Options tried = options;
                                tried.steps = steps;
                                return !broken(tried).empty();
                            }).steps;
        }
        std::string text = "seed " + std::to_string(seed) + ", shrunk to " + std::to_string(options.faults.size()) +
                           " faults and " + std::to_string(options.steps->size()) + " operations\n";
        return text + text_of(options.faults) + broken(options);
    }

private:
    Make make_;
    Promise promise_;
    RingJudge<Ring> judge_{};
};

} // namespace kvilt::sim
