#include <kvilt/sim/linearizability.hpp>
#include <kvilt/sim/regular_register.hpp>
#include <kvilt/sim/shrink.hpp>

#include <doctest/doctest.h>

#include "quorum_register.hpp"
#include "seed.hpp"
#include <chrono>
#include <string>

using namespace kvilt;
using sim::Fault;

namespace {

struct Campaign {
    std::size_t unlinearizable = 0;
    std::size_t irregular = 0;
    std::size_t misordered = 0;
    std::size_t unanswered = 0;
    std::string first{};
};

sim::Faults faults_of(std::uint64_t schedule_seed) {
    using enum Fault::Kind;
    return sim::Nemesis({.seed = schedule_seed,
                         .nodes = 3,
                         .duration_us = 200'000,
                         .faults = 8,
                         .fault_us_min = 1'000,
                         .fault_us_max = 60'000,
                         .kinds = {cut_one_way, cut_both, split, pause, crash, slow}})
        .schedule();
}

Campaign judge(QuorumRegister::Options options, std::size_t runs, bool faults) {
    Campaign campaign;
    sim::LinearizabilityChecker<> checker;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t n = 0; n < runs; ++n) {
        options.seed = mix(seed(), n);
        if (faults) options.faults = faults_of(options.seed);
        QuorumRegister quorum(options);
        const sim::Operations& history = quorum.run();
        const sim::Linearizability judged = checker.check(history);
        REQUIRE(judged.verdict != sim::Linearizability::Verdict::undecided);
        campaign.unlinearizable += !judged.text.empty();
        campaign.irregular += !sim::check_regular(history).empty();
        campaign.misordered += !sim::check_versions(history).empty();
        for (const sim::Operation& operation : history)
            campaign.unanswered += operation.outcome == sim::Operation::Outcome::unknown;
        if (campaign.first.empty()) campaign.first = judged.text;
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    MESSAGE("of ", runs, " simulated histories ", campaign.unlinearizable, " are not linearizable, ",
            campaign.irregular, " not regular, ", campaign.misordered, " misordered; ", campaign.unanswered,
            " operations without answer; ", static_cast<std::size_t>(static_cast<double>(runs) / taken.count()),
            " a second");
    return campaign;
}

} // namespace

TEST_CASE("quorums that intersect are regular, but not linearizable without write-back") {
    MESSAGE("KVILT_SEED=", seed());
    const Campaign campaign = judge({}, 4'000, false);
    CHECK(campaign.unlinearizable > 0);
    CHECK(campaign.irregular == 0);
}

TEST_CASE("quorums that do not intersect are not regular") {
    MESSAGE("KVILT_SEED=", seed());
    const Campaign campaign = judge({.reads = 1, .writes = 1}, 1'000, false);
    CHECK(campaign.irregular > 10);
    CHECK(campaign.unlinearizable > 10);
}

TEST_CASE("writers whose clocks differ are not linearizable even with write-back") {
    MESSAGE("KVILT_SEED=", seed());
    const Campaign campaign = judge({.write_back = true, .skew_us = 40'000}, 500, false);
    CHECK(campaign.unlinearizable > 50);
    CHECK(campaign.misordered > 50);
}

TEST_CASE("quorums with version read and write-back are linearizable under losses, cuts, pauses and crashes") {
    MESSAGE("KVILT_SEED=", seed());
    const QuorumRegister::Options atomic{.write_back = true, .version_read = true, .skew_us = 40'000};
    CHECK(judge(atomic, 2'000, false).first == "");
    QuorumRegister::Options lossy = atomic;
    lossy.loss_ppm = 30'000;
    const Campaign campaign = judge(lossy, 2'000, true);
    CHECK(campaign.first == "");
    CHECK(campaign.irregular + campaign.misordered == 0);
    CHECK(campaign.unanswered > 1'000);
}

TEST_CASE("a client that gives a version twice, because its last write is not answered, is found") {
    MESSAGE("KVILT_SEED=", seed());
    QuorumRegister::Options options{.write_back = true, .version_read = true, .versions_by_client = true};
    options.loss_ppm = 30'000;
    CHECK(judge(options, 2'000, true).misordered > 0);
}

TEST_CASE("a failing simulation is shrunk to the faults that it needs") {
    MESSAGE("KVILT_SEED=", seed());
    // Without duplicates or losses, and with a read from all, only what takes a replica away leaves reads unanswered.
    QuorumRegister::Options options{.reads = 3};
    const auto unanswered = [&](const sim::Faults& faults) {
        options.faults = faults;
        QuorumRegister quorum(options);
        for (const sim::Operation& operation : quorum.run())
            if (operation.outcome == sim::Operation::Outcome::unknown) return true;
        return false;
    };
    std::size_t shrunk_runs = 0;
    for (std::uint64_t n = 0; n < 20; ++n) {
        options.seed = mix(seed(), n);
        sim::Faults faults = faults_of(options.seed);
        if (!unanswered(faults)) continue;
        const auto shrunk = sim::shrink(faults, unanswered);
        REQUIRE(unanswered(shrunk.steps));
        CHECK(shrunk.minimal);
        CHECK(shrunk.steps.size() <= 2);
        ++shrunk_runs;
    }
    CHECK(shrunk_runs > 0);
}
