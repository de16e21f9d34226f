#include <kvilt/sim/event_hash.hpp>
#include <kvilt/sim/nemesis.hpp>
#include <kvilt/sim/shrink.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <array>
#include <set>
#include <string>

using namespace kvilt;
using sim::Fault;
using sim::Faults;

namespace {

std::uint64_t hash_of(const Faults& faults) {
    sim::EventHash hash;
    for (const Fault& fault : faults)
        hash.add(fault.start_us, static_cast<std::uint64_t>(fault.kind), {fault.end_us}, text_of(fault));
    return hash.value();
}

} // namespace

TEST_CASE("a seed decides the schedule of faults, on every compiler") {
    const auto hash_of_seed = [](std::uint64_t schedule_seed) {
        return hash_of(sim::Nemesis({.seed = schedule_seed, .nodes = 5, .faults = 30}).schedule());
    };
    CHECK(hash_of_seed(1) == hash_of_seed(1));
    CHECK(hash_of_seed(1) != hash_of_seed(2));
    CHECK(hash_of_seed(1) == 8'922'120'601'932'869'014U);
}

TEST_CASE("schedules keep to their bounds and have every kind of fault") {
    MESSAGE("KVILT_SEED=", seed());
    std::array<std::size_t, Fault::kinds> seen{};
    for (std::uint64_t n = 0; n < 500; ++n) {
        const sim::NemesisOptions options{
            .seed = mix(seed(), n), .nodes = 2 + n % 6, .faults = 12, .down_max = 1 + n % 2, .lost_disks_max = 1};
        const Faults faults = sim::Nemesis(options).schedule();
        CHECK(faults.size() <= options.faults);
        CHECK(!faults.empty());
        std::size_t lost_disks = 0;
        for (std::size_t at = 0; at < faults.size(); ++at) {
            const Fault& fault = faults[at];
            ++seen[static_cast<std::size_t>(fault.kind)];
            lost_disks += fault.kind == Fault::Kind::lose_disk;
            CHECK(fault.start_us <= fault.end_us);
            CHECK(fault.end_us <= options.duration_us);
            CHECK((at == 0 || faults[at - 1].start_us <= fault.start_us));
            CHECK((fault.node == no_node || fault.node.number < options.nodes));
            CHECK((fault.other == no_node || (fault.other.number < options.nodes && fault.other != fault.node)));
            std::set<NodeId> down;
            for (const Fault& other : faults)
                if (other.downs() && other.start_us <= fault.start_us && fault.start_us <= other.end_us)
                    down.insert(other.node);
            CHECK(down.size() <= options.down_max);
        }
        CHECK(lost_disks <= 1);
    }
    for (const std::size_t count : seen) CHECK(count > 20);
}

TEST_CASE("only the kinds that are asked for are drawn") {
    for (const Fault& fault : sim::Nemesis({.kinds = {Fault::Kind::pause, Fault::Kind::split}}).schedule())
        CHECK((fault.kind == Fault::Kind::pause || fault.kind == Fault::Kind::split));
}

TEST_CASE("a schedule prints itself") {
    CHECK(text_of(Faults{
              {.kind = Fault::Kind::cut_one_way, .start_us = 5, .end_us = 9, .node = {1}, .other = {2}},
              {.kind = Fault::Kind::split, .start_us = 6, .end_us = 7, .node = no_node, .group = 0b101},
              {.kind = Fault::Kind::clock_jump, .start_us = 8, .end_us = 8, .node = {0}, .amount = -40},
          }) == "cut one way node 1 and node 2, from 5 us to 9 us\n"
                "split off nodes 0 2, from 6 us to 7 us\n"
                "clock jump node 0 by -40, from 8 us\n");
}

TEST_CASE("after all steps of a schedule the network is as before") {
    MESSAGE("KVILT_SEED=", seed());
    for (std::uint64_t n = 0; n < 100; ++n) {
        const Faults faults = sim::Nemesis({.seed = mix(seed(), n), .nodes = 4, .faults = 20}).schedule();
        sim::EventQueue queue;
        sim::NetworkModel model({.nodes = 4, .link = {.delay_us_min = 7, .delay_us_spread = 0, .tail_ppm = 0}});
        sim::Network network(queue, model);
        bool disturbed = false;
        std::uint64_t time_us = 0;
        const auto whole = [&] {
            bool sound = true;
            for (std::uint32_t from = 0; from < 4; ++from) {
                sound = sound && !network.down(NodeId{from}) && !model.paused(NodeId{from});
                for (std::uint32_t to = 0; to < 4; ++to) {
                    sound = sound && model.connected(NodeId{from}, NodeId{to});
                    if (from != to && sound) sound = *model.send(NodeId{from}, NodeId{to}).begin() == 7;
                }
            }
            return sound;
        };
        for (const sim::FaultStep& step : sim::steps_of(faults)) {
            CHECK(time_us <= step.time_us);
            time_us = step.time_us;
            sim::apply(step, network);
            disturbed = disturbed || !whole();
        }
        CHECK(disturbed);
        CHECK(whole());
    }
}

TEST_CASE("a split cuts both ways between its group and the rest, and nowhere else") {
    sim::EventQueue queue;
    sim::NetworkModel model({.nodes = 4});
    sim::Network network(queue, model);
    sim::apply({.fault = {.kind = Fault::Kind::split, .node = no_node, .group = 0b0011}}, network);
    CHECK(model.connected(NodeId{0}, NodeId{1}));
    CHECK(model.connected(NodeId{2}, NodeId{3}));
    CHECK(!model.connected(NodeId{0}, NodeId{2}));
    CHECK(!model.connected(NodeId{3}, NodeId{1}));
}

TEST_CASE("shrinking finds the fewest steps that fail") {
    std::vector<int> steps;
    for (int n = 0; n < 1'000; ++n) steps.push_back(n);
    const auto has = [](const std::vector<int>& of, int step) {
        return std::find(of.begin(), of.end(), step) != of.end();
    };
    const auto shrunk = sim::shrink(steps, [&](const std::vector<int>& left) {
        return has(left, 17) && has(left, 500) && has(left, 998); // fails
    });
    CHECK(shrunk.steps == std::vector<int>{17, 500, 998});
    CHECK(shrunk.minimal);
    CHECK(shrunk.tried < 200);
    CHECK(sim::shrink(steps, [](const std::vector<int>&) { return true; }).steps.empty());
}

TEST_CASE("what is shrunk keeps its order and none of it can be left out, even where steps hang together") {
    MESSAGE("KVILT_SEED=", seed());
    for (std::uint64_t round = 0; round < 200; ++round) {
        // Fails while a sum of products of neighbours is odd: leaving out one changes the neighbours of others.
        const auto fails = [](const std::vector<std::uint64_t>& left) {
            std::uint64_t sum = 0;
            for (std::size_t n = 1; n < left.size(); ++n) sum += left[n - 1] % 1'000 * (left[n] % 7);
            return sum % 2 == 1;
        };
        std::vector<std::uint64_t> steps;
        for (std::uint64_t n = 0; steps.size() < 3 || !fails(steps); ++n)
            steps.push_back(n * 1'000 + mix(mix(seed(), round), n) % 1'000);
        const auto shrunk = sim::shrink(steps, fails);
        REQUIRE(fails(shrunk.steps));
        CHECK(std::is_sorted(shrunk.steps.begin(), shrunk.steps.end()));
        for (std::size_t without = 0; without < shrunk.steps.size(); ++without) {
            std::vector<std::uint64_t> rest = shrunk.steps;
            rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(without));
            CHECK(!fails(rest));
        }
    }
}

TEST_CASE("a step that can go only after a later one has gone is left out too") {
    const auto has = [](const std::vector<int>& of, int step) {
        return std::find(of.begin(), of.end(), step) != of.end();
    };
    const auto fails = [&](const std::vector<int>& left) { return has(left, 9) && (has(left, 1) || !has(left, 5)); };
    CHECK(sim::shrink(std::vector<int>{1, 5, 9}, fails).steps == std::vector<int>{9});
}

TEST_CASE("a shrinking that runs out of tries says so, and what it returns still fails") {
    std::vector<int> steps(100, 1);
    const auto fails = [](const std::vector<int>& left) { return left.size() >= 60; };
    const auto shrunk = sim::shrink(steps, fails, 5);
    CHECK(!shrunk.minimal);
    CHECK(shrunk.tried == 5);
    CHECK(fails(shrunk.steps));
}
