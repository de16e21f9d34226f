// Who is suspected, by the times of its heartbeats alone.
#include <kvilt/cluster/phi_accrual.hpp>
#include <kvilt/sim/draws.hpp>
#include <kvilt/sim/event_queue.hpp>
#include <kvilt/sim/node_clock.hpp>

#include <doctest/doctest.h>

using namespace kvilt;
using cluster::PhiAccrual;

namespace {

constexpr NodeId other{1};

struct Watch {
    explicit Watch(const cluster::PhiOptions& options) : detector(2, clock, options) {}
    void pass(std::uint64_t us) {
        queue.after(us, [] {});
        queue.run_one();
    }
    void hear(int times, std::uint64_t every_us) {
        for (int n = 0; n < times; ++n) {
            pass(every_us);
            detector.heard(other);
        }
    }

    sim::EventQueue queue{};
    sim::NodeClock clock{queue};
    PhiAccrual<> detector;
};

} // namespace

TEST_CASE("phi is the likelihood of a silence under a normal distribution of intervals") {
    Watch watch({.deviation_us_min = 1'000});
    watch.hear(50, 10'000);
    CHECK(watch.detector.phi(other) < 1e-6);
    watch.pass(10'000); // the mean
    CHECK(watch.detector.phi(other) == doctest::Approx(0.30103).epsilon(1e-4));
    watch.pass(3'000); // three deviations: 0.00135
    CHECK(watch.detector.phi(other) == doctest::Approx(2.8697).epsilon(1e-4));
    watch.pass(1'000'000'000);
    CHECK(watch.detector.suspects(other));
}

TEST_CASE("a silent node is suspected, and trusted again by its next heartbeat") {
    Watch watch({.interval_us = 10'000, .deviation_us_min = 1'000});
    watch.hear(20, 10'000);
    CHECK_FALSE(watch.detector.suspects(other));
    watch.pass(500'000);
    CHECK(watch.detector.suspects(other));
    watch.detector.heard(other);
    CHECK_FALSE(watch.detector.suspects(other));
    // The silence was no interval of a node that lives: the next one is suspected as soon.
    watch.hear(20, 10'000);
    watch.pass(20'000);
    CHECK(watch.detector.suspects(other));
}

TEST_CASE("before anything is heard a node is given the time that is expected, and no more") {
    Watch watch({.interval_us = 10'000});
    watch.pass(11'000);
    CHECK_FALSE(watch.detector.suspects(other));
    watch.pass(1'000'000);
    CHECK(watch.detector.suspects(other));
}

TEST_CASE("the more irregular a node is, the longer it is waited for, and only its last intervals count") {
    Watch watch({.phi_max = 20, .intervals_max = 16, .interval_us = 10'000, .deviation_us_min = 1'000});
    sim::Draws draws(1);
    for (int n = 0; n < 200; ++n) watch.hear(1, 5'000 + draws.below(10'000));
    watch.pass(25'000);
    const double irregular = watch.detector.phi(other);
    watch.detector.heard(other);
    watch.hear(16, 10'000);
    watch.pass(25'000);
    CHECK(watch.detector.phi(other) > 2 * irregular);
}

TEST_CASE("a node that lives is suspected about as often as phi says") {
    Watch watch({.phi_max = 2, .intervals_max = 1'000, .interval_us = 10'000, .deviation_us_min = 1});
    sim::Draws draws(7);
    std::uint64_t suspected = 0;
    for (int n = 0; n < 20'000; ++n) {
        std::uint64_t interval_us = 4'000; // the sum of twelve: as good as normal, with a deviation of 1,000
        for (int part = 0; part < 12; ++part) interval_us += draws.below(1'001);
        watch.pass(interval_us);
        suspected += watch.detector.suspects(other);
        watch.detector.heard(other);
    }
    CHECK(suspected > 50); // 200 are expected; what is suspected is no interval, which narrows the estimate a little
    CHECK(suspected < 600);
}
