#include <kvilt/sim/event_hash.hpp>
#include <kvilt/sim/network.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <algorithm>
#include <string>
#include <vector>

using namespace kvilt;
using sim::NetworkModel;

namespace {

constexpr NodeId a{0};
constexpr NodeId b{1};
constexpr NodeId c{2};

// Everything that a model decides about some traffic, as one number.
std::uint64_t hash_of(std::uint64_t model_seed) {
    NetworkModel model({.nodes = 4, .seed = model_seed, .link = {.loss_ppm = 50'000, .duplicate_ppm = 50'000}});
    sim::EventHash hash;
    for (std::uint32_t n = 0; n < 4'000; ++n) {
        if (n == 1'000) model.cut(a, b);
        if (n == 2'000) model.heal(a, b);
        if (n == 2'000) model.slow(c, 9);
        for (const std::uint64_t delay_us : model.send(NodeId{n % 4}, NodeId{n / 4 % 4})) hash.add(delay_us, n);
    }
    return hash.value();
}

} // namespace

TEST_CASE("a seed decides what becomes of every message, on every compiler") {
    CHECK(hash_of(1) == hash_of(1));
    CHECK(hash_of(1) != hash_of(2));
    CHECK(hash_of(1) == 15'280'607'259'237'970'959U);
}

TEST_CASE("most delays are short, a few have a heavy tail, and all keep to their bounds") {
    MESSAGE("KVILT_SEED=", seed());
    NetworkModel model({.seed = seed()});
    const sim::LinkOptions& options = model.link(a, b);
    std::vector<std::uint64_t> delays_us;
    for (int n = 0; n < 100'000; ++n)
        for (const std::uint64_t delay_us : model.send(a, b)) delays_us.push_back(delay_us);
    REQUIRE(delays_us.size() == 100'000); // nothing is lost or duplicated
    std::sort(delays_us.begin(), delays_us.end());
    CHECK(delays_us.front() >= options.delay_us_min);
    CHECK(delays_us[97'000] <= options.delay_us_min + options.delay_us_spread);
    CHECK(delays_us[99'000] >= options.tail_us);
    CHECK(delays_us[99'900] >= 10 * options.tail_us); // a tenth of the tail of 2 % is over that
    CHECK(delays_us.back() >= 100 * options.tail_us);
    CHECK(delays_us.back() <= options.delay_us_max);
}

TEST_CASE("losses and duplicates come as often as they are asked for") {
    MESSAGE("KVILT_SEED=", seed());
    NetworkModel model({.seed = seed(), .link = {.loss_ppm = 100'000, .duplicate_ppm = 200'000}});
    std::size_t lost = 0;
    std::size_t twice = 0;
    for (int n = 0; n < 100'000; ++n) {
        const std::size_t copies = model.send(a, b).size();
        lost += copies == 0;
        twice += copies == 2;
    }
    CHECK((lost > 9'000 && lost < 11'000));
    CHECK((twice > 16'500 && twice < 19'500)); // of what is not lost
    CHECK(model.send(a, a).size() == 1);       // never to oneself
}

TEST_CASE("a cut is one way, is counted, and changes nothing for other links") {
    NetworkModel model({.seed = 1});
    NetworkModel whole({.seed = 1});
    model.cut(a, b);
    CHECK(!model.connected(a, b));
    CHECK(model.connected(b, a));
    CHECK(model.send(a, b).empty());
    CHECK(!whole.send(a, b).empty());
    for (int n = 0; n < 100; ++n) CHECK(*model.send(b, a).begin() == *whole.send(b, a).begin());
    model.cut(a, b);
    model.heal(a, b);
    CHECK(!model.connected(a, b));
    model.heal(a, b);
    CHECK(model.connected(a, b));
    model.heal(a, b); // once too often
    model.cut(a, b);
    CHECK(!model.connected(a, b));
    model.heal_all();
    CHECK(model.connected(a, b));
    CHECK(*model.send(a, b).begin() == *whole.send(a, b).begin()); // the second of both, though the first was cut off
}

TEST_CASE("what a slow node sends and receives takes longer") {
    NetworkModel model({.seed = 1, .link = {.delay_us_min = 100, .delay_us_spread = 0, .tail_ppm = 0}});
    model.slow(b, 9);
    CHECK(*model.send(a, b).begin() == 1'000);
    CHECK(*model.send(b, c).begin() == 1'000);
    CHECK(*model.send(a, c).begin() == 100);
    model.slow(c, 4);
    model.unslow(b, 9);
    CHECK(*model.send(a, b).begin() == 100);
    CHECK(*model.send(b, c).begin() == 500);
}

TEST_CASE("messages arrive after their delays, and overtake each other") {
    MESSAGE("KVILT_SEED=", seed());
    sim::EventQueue queue;
    NetworkModel model({.seed = seed()});
    sim::Network network(queue, model);
    std::vector<int> arrived;
    for (int n = 0; n < 1'000; ++n) network.send(a, b, [&arrived, n] { arrived.push_back(n); });
    queue.run();
    CHECK(arrived.size() == 1'000);
    CHECK(!std::is_sorted(arrived.begin(), arrived.end()));
    std::sort(arrived.begin(), arrived.end());
    CHECK(std::adjacent_find(arrived.begin(), arrived.end()) == arrived.end());
}

TEST_CASE("a message is lost that is under way when its link is cut, or its receiver down, as it arrives") {
    sim::EventQueue queue;
    NetworkModel model({.seed = 1});
    sim::Network network(queue, model);
    std::string arrived;
    const auto send = [&](NodeId from, NodeId to, char name) {
        network.send(from, to, [&arrived, name] { arrived += name; });
    };
    send(a, b, 'x');
    send(b, a, 'y');
    model.cut(a, b);
    queue.run();
    CHECK(arrived == "y");
    model.heal(a, b);
    send(a, b, 'z');
    network.crash(b);
    CHECK(network.down(b));
    send(b, a, 'u'); // the dead send nothing
    queue.run();
    CHECK(arrived == "y");
    network.restart(b);
    send(a, b, 'v');
    queue.run();
    CHECK(arrived == "yv");
}

TEST_CASE("the messages and timers of a paused node wait until it resumes, those of a crashed one are gone") {
    sim::EventQueue queue;
    NetworkModel model({.seed = 1, .link = {.delay_us_min = 10, .delay_us_spread = 0, .tail_ppm = 0}});
    sim::Network network(queue, model);
    std::string happened;
    const auto note = [&](char name) { return [&happened, name] { happened += name; }; };
    model.pause(b);
    network.send(a, b, note('m'));
    network.after(b, 20, note('t'));
    network.after(a, 15, note('a'));
    queue.run();
    CHECK(happened == "a");
    model.resume(b);
    network.wake(b);
    network.send(b, b, note('s'));
    queue.run();
    CHECK(happened == "amts");
    model.pause(b);
    network.send(a, b, note('n'));
    network.after(b, 500, note('u'));
    queue.run_until(queue.now_us() + 100);
    network.crash(b);
    network.restart(b);
    model.resume(b);
    network.wake(b);
    queue.run();
    CHECK(happened == "amts");
}
