#include <kvilt/sim/draws.hpp>
#include <kvilt/sim/event_hash.hpp>
#include <kvilt/sim/event_queue.hpp>
#include <kvilt/sim/node_clock.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace kvilt;
using sim::EventQueue;

TEST_CASE("events happen in the order of their times, and at one time in that of their insertion") {
    EventQueue queue;
    std::string order;
    const auto note = [&](char name) { return [&order, name] { order += name; }; };
    queue.at(20, note('c'));
    queue.at(10, note('a'));
    queue.at(20, note('d'));
    queue.after(10, note('b'));
    CHECK(queue.pending() == 4);
    CHECK(queue.run());
    CHECK(order == "abcd");
    CHECK(queue.now_us() == 20);
    CHECK(queue.happened() == 4);
    CHECK(!queue.run_one());
}

TEST_CASE("events add events, and what is due already happens next but after all else that is due") {
    EventQueue queue;
    std::string order;
    queue.at(10, [&] {
        order += 'a';
        queue.at(5, [&] { order += 'c'; });
        queue.after(1, [&] { order += 'd'; });
    });
    queue.at(10, [&] { order += 'b'; });
    queue.run();
    CHECK(order == "abcd");
    CHECK(queue.now_us() == 11);
}

TEST_CASE("a cancelled event does not happen, and can be cancelled once") {
    EventQueue queue;
    int happened = 0;
    const EventQueue::Timer first = queue.at(10, [&] { happened += 1; });
    const EventQueue::Timer second = queue.at(10, [&] { happened += 10; });
    queue.at(5, [&] {
        CHECK(queue.cancel(first));
        CHECK(!queue.cancel(first));
    });
    queue.run();
    CHECK(happened == 10);
    CHECK(!queue.cancel(second));
    CHECK(!queue.cancel({}));
}

TEST_CASE("a run ends at its time or its number of events") {
    EventQueue queue;
    int ticks = 0;
    std::function<void()> tick = [&] {
        ++ticks;
        queue.after(10, tick);
    };
    queue.after(10, tick);
    queue.run_until(95);
    CHECK(ticks == 9);
    CHECK(queue.now_us() == 95);
    CHECK(!queue.run(5));
    CHECK(ticks == 14);
}

TEST_CASE("only the wall clock of a node is wrong") {
    EventQueue queue;
    sim::NodeClock clock(queue, 1'000'000);
    queue.run_until(50);
    CHECK(clock.monotonic_us() == 50);
    CHECK(clock.wall_us() == 1'000'050);
    clock.jump_us(-700);
    CHECK(clock.wall_us() == 999'350);
    CHECK(clock.monotonic_us() == 50);
    clock.jump_us(700);
    clock.sleep_us(10);
    CHECK(clock.wall_us() == 1'000'050);
}

TEST_CASE("the hash of events is the same everywhere, and tells them apart") {
    sim::EventHash hash;
    CHECK(hash.value() == 0);
    hash.add(10, 1, {2, 3}, "bytes");
    hash.add(20, 2);
    CHECK(hash.events() == 2);
    CHECK(hash.value() == 12'598'248'264'670'914'671U);
    const auto of = [](auto... arguments) {
        sim::EventHash made;
        made.add(arguments...);
        return made.value();
    };
    using Numbers = std::initializer_list<std::uint64_t>;
    const std::vector<std::uint64_t> values = {
        of(std::uint64_t{0}, std::uint64_t{0}),
        of(std::uint64_t{1}, std::uint64_t{0}),
        of(std::uint64_t{0}, std::uint64_t{1}),
        of(std::uint64_t{0}, std::uint64_t{0}, Numbers{0}),
        of(std::uint64_t{0}, std::uint64_t{0}, Numbers{0, 0}),
        of(std::uint64_t{0}, std::uint64_t{0}, Numbers{}, Bytes("a")),
        of(std::uint64_t{0}, std::uint64_t{0}, Numbers{}, Bytes("b")),
    };
    for (std::size_t a = 0; a < values.size(); ++a)
        for (std::size_t b = 0; b < a; ++b) CHECK(values[a] != values[b]);
    sim::EventHash other;
    other.add(20, 2);
    other.add(10, 1, {2, 3}, "bytes");
    CHECK(other.value() != hash.value()); // order counts
}

TEST_CASE("draws keep to their bounds, and one in k is over k times the scale of a heavy tail") {
    sim::Draws draws(7);
    std::size_t over_ten = 0;
    std::size_t over_thousand = 0;
    for (int n = 0; n < 100'000; ++n) {
        const std::uint64_t between = draws.between(3, 5);
        CHECK((between >= 3 && between <= 5));
        const std::uint64_t tailed = draws.heavy_tailed(100, 1'000'000);
        REQUIRE((tailed >= 100 && tailed <= 1'000'000));
        over_ten += tailed > 1'000;
        over_thousand += tailed > 100'000;
    }
    CHECK((over_ten > 9'000 && over_ten < 11'000));
    CHECK((over_thousand > 50 && over_thousand < 150));
    CHECK(draws.heavy_tailed(500, 100) == 100);
    CHECK(!draws.chance_ppm(0));
    CHECK(draws.chance_ppm(1'000'000));
}
