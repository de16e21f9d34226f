#include <kvilt/sim/linearizability.hpp>
#include <kvilt/sim/regular_register.hpp>
#include <kvilt/sim/resurrection.hpp>
#include <kvilt/sim/sessions.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include "simulated_register.hpp"
#include <chrono>
#include <string>
#include <vector>

using namespace kvilt;
using sim::Operation;
using sim::Operations;
using Verdict = sim::Linearizability::Verdict;

namespace {

// Every order, without any of the checker's savings.
class BruteForce {
public:
    explicit BruteForce(const Operations& operations) : operations_(operations), placed_(operations.size(), false) {}

    bool linearizable(sim::ValueId there = sim::no_value) {
        bool complete = true;
        for (std::size_t n = 0; n < operations_.size(); ++n)
            complete = complete && (placed_[n] || operations_[n].outcome != Operation::Outcome::ok);
        if (complete) return true;
        for (std::size_t n = 0; n < operations_.size(); ++n) {
            if (placed_[n] || !may_be_next(n)) continue;
            const Operation& next = operations_[n];
            sim::ValueId behind = there;
            if (next.kind == Operation::Kind::write) behind = next.value;
            if (next.kind == Operation::Kind::erase) behind = sim::no_value;
            if (next.kind == Operation::Kind::compare_and_set && there == next.expected) behind = next.value;
            if (next.outcome == Operation::Outcome::ok) {
                if (next.kind == Operation::Kind::read && next.value != there) continue;
                if (next.kind == Operation::Kind::compare_and_set && next.swapped != (there == next.expected)) continue;
            }
            placed_[n] = true;
            if (linearizable(behind)) return true;
            placed_[n] = false;
        }
        return false;
    }

private:
    bool may_be_next(std::size_t n) const {
        if (operations_[n].outcome == Operation::Outcome::failed) return false;
        for (std::size_t other = 0; other < operations_.size(); ++other)
            if (!placed_[other] && operations_[other].outcome == Operation::Outcome::ok &&
                operations_[other].end_us < operations_[n].start_us)
                return false;
        return true;
    }

    const Operations& operations_;
    std::vector<bool> placed_;
};

// Few operations with few values at few times: often wrong, and often nearly right.
Operations tiny_history(std::uint64_t seed) {
    sim::Draws draws(seed);
    Operations operations;
    const std::size_t count = 2 + draws.below(6);
    const std::uint64_t kinds = 2 + draws.below(3); // without compare-and-set, and without erases, too
    for (std::size_t n = 0; n < count; ++n) {
        Operation operation{.client = static_cast<std::uint32_t>(n)};
        operation.kind = static_cast<Operation::Kind>(draws.below(kinds));
        const bool read = operation.kind == Operation::Kind::read;
        operation.value = read ? draws.below(4) : draws.between(1, 3);
        operation.expected = draws.below(4);
        operation.start_us = draws.below(20);
        operation.end_us = operation.start_us + draws.below(12);
        const std::uint64_t outcome = draws.below(10);
        if (outcome == 0) operation.outcome = Operation::Outcome::failed;
        if (outcome == 1 || outcome == 2) operation.outcome = Operation::Outcome::unknown;
        const bool answered_swap =
            operation.kind == Operation::Kind::compare_and_set && operation.outcome == Operation::Outcome::ok;
        operation.swapped = !answered_swap || draws.below(2) == 0;
        operations.push_back(operation);
    }
    return operations;
}

struct Campaign {
    std::size_t bad = 0;
    std::size_t undecided = 0;
    std::string first{};
};

Campaign judge(Bug bug, bool swaps, std::size_t histories) {
    std::vector<Operations> made;
    for (std::size_t n = 0; n < histories; ++n)
        made.push_back(SimulatedRegister({.seed = mix(seed(), n), .bug = bug, .swaps = swaps}).run());
    sim::LinearizabilityChecker<> checker;
    Campaign campaign;
    std::size_t states = 0;
    const auto start = std::chrono::steady_clock::now();
    for (const Operations& history : made) {
        const sim::Linearizability judged = checker.check(history);
        states += judged.states;
        campaign.bad += judged.verdict == Verdict::violated;
        campaign.undecided += judged.verdict == Verdict::undecided;
        if (campaign.first.empty()) campaign.first = judged.text;
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    MESSAGE(histories, " histories of 40 operations, ", campaign.bad, " bad, ",
            static_cast<std::size_t>(static_cast<double>(histories) / taken.count()), " a second, ", states / histories,
            " states each");
    return campaign;
}

} // namespace

TEST_CASE("the checker of linearizability agrees with the enumeration of every order") {
    MESSAGE("KVILT_SEED=", seed());
    sim::LinearizabilityChecker<> checker;
    std::size_t bad = 0;
    const std::size_t histories = 100'000;
    for (std::size_t n = 0; n < histories; ++n) {
        const Operations history = tiny_history(mix(seed(), n));
        const bool wanted = BruteForce(history).linearizable();
        const sim::Linearizability judged = checker.check(history);
        bad += !wanted;
        std::string shown = judged.text;
        for (const Operation& operation : history) shown += "\n" + text_of(operation);
        REQUIRE_MESSAGE((judged.verdict == (wanted ? Verdict::linearizable : Verdict::violated)), shown);
    }
    MESSAGE(bad, " of ", histories, " are not linearizable");
    CHECK(bad > histories / 5);
    CHECK(bad < histories / 5 * 4);
}

TEST_CASE("an atomic register is linearizable, regular, keeps sessions and resurrects nothing") {
    MESSAGE("KVILT_SEED=", seed());
    for (const bool swaps : {false, true}) {
        const Campaign campaign = judge(Bug::none, swaps, 10'000);
        CHECK(campaign.first == "");
        CHECK(campaign.bad + campaign.undecided == 0);
    }
    for (std::size_t n = 0; n < 2'000; ++n) {
        const Operations history = SimulatedRegister({.seed = mix(seed(), n)}).run();
        REQUIRE(sim::check_regular(history) == "");
        REQUIRE(sim::check_sessions(history) == "");
        REQUIRE(sim::check_resurrection(history) == "");
    }
}

TEST_CASE("a read that is rarely stale is caught") {
    MESSAGE("KVILT_SEED=", seed());
    const Campaign campaign = judge(Bug::stale_read, false, 2'000);
    CHECK(campaign.bad > 300);
    CHECK(campaign.first.starts_with("not linearizable: client "));
    std::size_t irregular = 0;
    std::size_t back = 0;
    std::size_t resurrected = 0;
    for (std::size_t n = 0; n < 2'000; ++n) {
        const Operations history = SimulatedRegister({.seed = mix(seed(), n), .bug = Bug::stale_read}).run();
        irregular += !sim::check_regular(history).empty();
        back += !sim::check_sessions(history).empty();
        resurrected += !sim::check_resurrection(history).empty();
        if (!sim::check_regular(history).empty()) REQUIRE(sim::LinearizabilityChecker<>()(history) != "");
    }
    MESSAGE(irregular, " are not regular, ", back, " go back in a session, ", resurrected, " resurrect");
    CHECK(irregular > 100);
    CHECK(back > 10);
    CHECK(resurrected > 10);
}

TEST_CASE("an acknowledged write that is rarely lost is caught") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(judge(Bug::lost_write, false, 2'000).bad > 100);
    CHECK(judge(Bug::lost_write, true, 2'000).bad > 100);
}

TEST_CASE("a value that is shown before it is acknowledged, and then goes, is caught") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(judge(Bug::dirty_read, false, 2'000).bad > 50);
}

TEST_CASE("larger histories are judged within the default budget") {
    MESSAGE("KVILT_SEED=", seed());
    sim::LinearizabilityChecker<> checker;
    std::size_t states_most = 0;
    for (std::size_t n = 0; n < 200; ++n) {
        const sim::Linearizability judged = checker.check(
            SimulatedRegister({.seed = mix(seed(), n), .swaps = n % 2 == 0, .clients = 8, .operations = 25}).run());
        REQUIRE(judged.text == "");
        states_most = std::max(states_most, judged.states);
    }
    MESSAGE("200 operations of 8 clients: at most ", states_most, " states");
}
