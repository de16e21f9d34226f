// How long a campaign is, and how a failure is replayed. Environment variables: KVILT_SEED, this seed alone;
// KVILT_CRASH_POINT, this crash point alone; KVILT_CAMPAIGN, how many seeds; KVILT_CRASH_EVERY, one crash point
// or failing call of so many.
#pragma once

#include <kvilt/sim/store_crashes.hpp>
#include <kvilt/sim/store_faults.hpp>

#include <doctest/doctest.h>

#include "../from_environment.hpp"
#include <string>

namespace campaign {

// run(seed) for each.
template <class Run>
void for_each_seed(Run run) {
    const std::uint64_t chosen = from_environment("KVILT_SEED", 0);
    const std::uint64_t seeds = chosen != 0 ? 1 : from_environment("KVILT_CAMPAIGN", 1);
    for (std::uint64_t n = 0; n < seeds; ++n) run(chosen != 0 ? chosen : n + 1);
}

// What shows a failure again: run it on the executable that failed.
inline std::string replay(std::uint64_t seed, std::uint64_t point) {
    const auto& test = *doctest::getContextOptions()->currentTest;
    return "replay: KVILT_SEED=" + std::to_string(seed) +
           (point == 0 ? "" : " KVILT_CRASH_POINT=" + std::to_string(point)) + " <this executable> -tc=\"" +
           test.m_name + "\"";
}

template <class Store>
void crash(typename kvilt::sim::StoreCrashes<Store>::Options options) {
    options.only_point = from_environment("KVILT_CRASH_POINT", 0);
    options.points_every = crash_every();
    for_each_seed([&](std::uint64_t seed) {
        options.seed = seed;
        kvilt::sim::StoreCrashes<Store> crashes(options);
        const std::string broken = crashes.run();
        CHECK_MESSAGE(broken == "", broken << "\n" << replay(seed, crashes.broken_point()));
        const auto& work = crashes.work();
        MESSAGE("seed " << seed << ": " << crashes.points() << " crash points, " << crashes.deaths() << " deaths, "
                        << crashes.deaths_in_recovery() << " in recovery; " << work.flushes << " flushes, "
                        << work.compactions << " compactions, " << work.cleaned_segments << " segments cleaned");
    });
}

template <class Store>
void fail(typename kvilt::sim::StoreFaults<Store>::Options options) {
    options.calls_every = crash_every();
    for_each_seed([&](std::uint64_t seed) {
        options.seed = seed;
        kvilt::sim::StoreFaults<Store> faults(options);
        const std::string broken = faults.run();
        CHECK_MESSAGE(broken == "", broken << "\n" << replay(seed, 0));
        CHECK(faults.faults() != 0);
        MESSAGE("seed " << seed << ": " << faults.faults() << " failing calls, " << faults.refusals()
                        << " of them made the store read-only");
        options.actions = 300;
        kvilt::sim::StoreFaults<Store> full(options);
        const std::string stuck = full.run_out_of_space();
        CHECK_MESSAGE(stuck == "", stuck << "; on a full device\n" << replay(seed, 0));
        CHECK(full.faults() > 1);
        MESSAGE("seed " << seed << ": " << full.faults() << " times out of space");
    });
}

} // namespace campaign
