#include <kvilt/core/hybrid_clock.hpp>
#include <kvilt/laws/memtable_records.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <algorithm>
#include <limits>
#include <thread>
#include <vector>

using namespace kvilt;

TEST_CASE_TEMPLATE("a time is the wall's where that is later, else one more than the last", Threads, threads::One,
                   threads::Many) {
    HybridClock<Threads> clock;
    CHECK(clock.now(1000) == 1000 << 12);
    CHECK(clock.now(1000) == (1000 << 12) + 1);
    CHECK(clock.now(999) == (1000 << 12) + 2);
    CHECK(clock.now(1001) == 1001 << 12);
    CHECK(clock.last() == 1001 << 12);
}

TEST_CASE("a full counter runs over into the microseconds and the times still grow") {
    HybridClock<threads::One> clock;
    std::uint64_t last = clock.now(5);
    for (int i = 0; i < 10'000; ++i) {
        const std::uint64_t next = clock.now(5);
        CHECK(next > last);
        last = next;
    }
    CHECK((last >> hybrid_counter_bits) == 7);
    CHECK(clock.now(8) == 8 << 12);
}

TEST_CASE_TEMPLATE("what was observed is behind every later time", Threads, threads::One, threads::Many) {
    HybridClock<Threads> clock({.drift_us_max = 100});
    const std::uint64_t ahead = (1'100 << 12) + 7;
    REQUIRE(clock.observe(ahead, 1'000));
    CHECK(clock.now(1'000) == ahead + 1);
    REQUIRE(clock.observe(ahead - 5'000, 1'000)); // an older one changes nothing
    CHECK(clock.now(1'000) == ahead + 2);
}

TEST_CASE_TEMPLATE("a time further ahead than clocks may differ is refused and changes nothing", Threads, threads::One,
                   threads::Many) {
    HybridClock<Threads> clock({.drift_us_max = 100});
    CHECK(clock.now(1'000) == 1'000 << 12);
    const auto refused = clock.observe(1'101 << 12, 1'000);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "observe time: clock ahead: a stamp is 101 us ahead of this node's clock, and drift_us_max is 100; set the "
          "clocks of the nodes right, or allow for their drift");
    CHECK_FALSE(clock.observe(std::numeric_limits<std::uint64_t>::max(), 1'000));
    CHECK(clock.last() == 1'000 << 12);
    CHECK(clock.observe(1'101 << 12, 1'001));
}

TEST_CASE("a clock starts above its floor, wherever the wall is") {
    HybridClock<threads::One> clock({}, 77 << 12);
    CHECK(clock.now(3) == (77 << 12) + 1);
    CHECK(clock.now(78) == 78 << 12);
}

TEST_CASE("clocks that observe each other never order an effect before its cause, however their walls jump") {
    for_each_seed(200, [](std::uint64_t seed) {
        laws::Dice dice(seed);
        std::vector<std::unique_ptr<HybridClock<threads::One>>> clocks;
        for (int i = 0; i < 3; ++i) clocks.push_back(std::make_unique<HybridClock<threads::One>>());
        std::uint64_t cause = 0;
        bool held = true;
        for (int i = 0; i < 300 && held; ++i) {
            auto& clock = *clocks[dice.below(3)];
            const std::uint64_t wall_us = 1'000'000 + dice.below(400'000);
            const bool seen = clock.observe(cause, wall_us).has_value();
            const std::uint64_t effect = clock.now(wall_us);
            held = seen && effect > cause;
            cause = effect;
        }
        CHECK_MESSAGE(held, replay(seed));
        return held;
    });
}

TEST_CASE("threads that share a clock are never given the same time, and each sees its times grow") {
    constexpr std::size_t count = 20'000;
    HybridClock<threads::Many> clock;
    std::vector<std::vector<std::uint64_t>> times(4);
    std::vector<std::thread> users;
    for (auto& own : times)
        users.emplace_back([&clock, &own] {
            for (std::size_t i = 0; i < count; ++i) {
                if (i % 16 == 0) static_cast<void>(clock.observe((i << 12) + 3, i));
                own.push_back(clock.now(i / 4));
            }
        });
    for (auto& user : users) user.join();
    std::vector<std::uint64_t> all;
    for (const auto& own : times) {
        CHECK(std::is_sorted(own.begin(), own.end()));
        all.insert(all.end(), own.begin(), own.end());
    }
    std::sort(all.begin(), all.end());
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
}

TEST_CASE("the type of a clock says whether coordinators share it") {
    static_assert(ClockPolicy<clocks::Hybrid> && ClockPolicy<clocks::ProcessWide>);
    CHECK_FALSE(clocks::Hybrid::shared);
    CHECK(clocks::ProcessWide::shared);
    CHECK(clocks::validate_options({}));
    CHECK_FALSE(clocks::validate_options({.drift_us_max = clocks::drift_us_limit + 1}));
}
