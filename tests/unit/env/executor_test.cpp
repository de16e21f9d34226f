#include <kvilt/env/manual_clock.hpp>
#include <kvilt/env/manual_executor.hpp>
#include <kvilt/env/seeded_random.hpp>
#include <kvilt/env/thread_executor.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>

using namespace kvilt;
namespace {

// Waits, but not for ever, until it is so.
template <class Condition>
bool soon(Condition condition) {
    for (int tries = 0; tries < 5'000 && !condition(); ++tries)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return condition();
}

} // namespace

TEST_CASE("a thread calls the task once for a burst of wakes, and never twice at a time") {
    ThreadExecutor executor;
    std::atomic<int> started{0};
    std::atomic<int> inside{0};
    std::atomic<bool> overlapped{false};
    std::atomic<bool> go{false};
    {
        const auto worker = executor.start([&] {
            if (++inside != 1) overlapped = true;
            ++started;
            while (!go) std::this_thread::yield();
            --inside;
        });
        worker->wake();
        REQUIRE(soon([&] { return started == 1; }));
        for (int i = 0; i < 100; ++i) worker->wake(); // returns though the task runs
        CHECK(started == 1);
        go = true;
        REQUIRE(soon([&] { return started == 2 && inside == 0; }));
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        CHECK(started == 2);
    }
    CHECK_FALSE(overlapped);
}

TEST_CASE("a wake during the task is not lost") {
    ThreadExecutor executor;
    std::atomic<int> runs{0};
    std::unique_ptr<Worker> worker;
    std::atomic<Worker*> self{nullptr};
    worker = executor.start([&] {
        if (++runs < 100) self.load()->wake();
    });
    self = worker.get();
    worker->wake();
    CHECK(soon([&] { return runs == 100; }));
}

TEST_CASE("a thread ticks while it is asked to") {
    ThreadExecutor executor;
    std::atomic<int> runs{0};
    const auto worker = executor.start([&] { ++runs; });
    worker->tick_every(3'600'000'000);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    CHECK(runs == 0);
    worker->tick_every(500); // takes hold at once, though the former tick is an hour away
    CHECK(soon([&] { return runs > 3; }));
    worker->tick_every(0);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const int stopped_at = runs;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    CHECK(runs == stopped_at);
}

TEST_CASE("destruction waits for the running task and starts none") {
    ThreadExecutor executor;
    for (int round = 0; round < 50; ++round) {
        std::atomic<bool> alive{true};
        std::atomic<bool> ran_dead{false};
        std::atomic<int> finished{0};
        std::atomic<int> started{0};
        auto worker = executor.start([&] {
            ++started;
            std::this_thread::sleep_for(std::chrono::microseconds(200));
            if (!alive) ran_dead = true;
            ++finished;
        });
        worker->wake();
        if (round % 2 == 0) REQUIRE(soon([&] { return started == 1; }));
        worker->wake();
        worker.reset();
        alive = false;
        CHECK(started == finished);
        CHECK_FALSE(ran_dead);
    }
}

TEST_CASE("what a task throws ends neither its worker nor the process") {
    ThreadExecutor executor;
    std::atomic<int> runs{0};
    const auto worker = executor.start([&] {
        ++runs;
        throw std::runtime_error("of the task's own making");
    });
    worker->wake();
    REQUIRE(soon([&] { return runs == 1; }));
    worker->wake();
    CHECK(soon([&] { return runs == 2; }));
}

TEST_CASE("signals do not reach a worker's thread") {
    ThreadExecutor executor;
    std::atomic<int> blocked{-1};
    const auto worker = executor.start([&] {
        sigset_t mask;
        ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocked = ::sigismember(&mask, SIGINT);
    });
    worker->wake();
    CHECK(soon([&] { return blocked == 1; }));
    sigset_t mine;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mine);
    CHECK(::sigismember(&mine, SIGINT) == 0);
}

TEST_CASE("manual work happens when a test says so, in the order that it chooses") {
    ManualClock clock;
    ManualExecutor executor(clock);
    std::string order;
    const auto a = executor.start([&] { order += 'a'; });
    const auto b = executor.start([&] { order += 'b'; });
    const auto c = executor.start([&] { order += 'c'; });
    for (Worker* worker : {c.get(), a.get(), b.get(), a.get()}) worker->wake();
    CHECK(order.empty());
    CHECK(executor.pending() == 3);
    CHECK(executor.run_one(1));
    CHECK(order == "b");
    CHECK(executor.run_pending() == 2);
    CHECK(order == "bac");
    CHECK_FALSE(executor.run_one());
    CHECK(executor.run_pending() == 0);
}

TEST_CASE("manual ticks follow the clock") {
    ManualClock clock;
    ManualExecutor executor(clock);
    int runs = 0;
    const auto worker = executor.start([&] { ++runs; });
    worker->tick_every(100);
    CHECK(executor.run_pending() == 0);
    clock.advance_us(99);
    CHECK(executor.run_pending() == 0);
    clock.advance_us(1);
    CHECK(executor.run_pending() == 1);
    clock.sleep_us(1'000);
    CHECK(executor.run_pending() == 1);
    worker->tick_every(0);
    clock.advance_us(1'000);
    CHECK(executor.run_pending() == 0);
    CHECK(runs == 2);
}

TEST_CASE("a manual task may wake itself, throw, and start others") {
    ManualClock clock;
    ManualExecutor executor(clock);
    int runs = 0;
    std::unique_ptr<Worker> worker;
    std::unique_ptr<Worker> other;
    worker = executor.start([&] {
        if (!other) other = executor.start([&] { ++runs; });
        other->wake();
        if (++runs < 4) worker->wake();
        throw 1;
    });
    worker->wake();
    executor.run_pending();
    CHECK(runs == 5); // the older worker goes first each time: the other is woken thrice, but runs once
    worker.reset();
    other->wake();
    CHECK(executor.run_pending(1) == 1);
}

TEST_CASE("destroying a manual worker waits for its task on another thread") {
    ManualClock clock;
    ManualExecutor executor(clock);
    std::atomic<bool> inside{false};
    std::atomic<bool> finished{false};
    auto worker = executor.start([&] {
        inside = true;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        finished = true;
    });
    worker->wake();
    std::thread pump([&] { executor.run_pending(); });
    REQUIRE(soon([&] { return inside.load(); }));
    worker.reset();
    CHECK(finished);
    pump.join();
}

TEST_CASE("at once means in the call, but not within itself") {
    ManualClock clock;
    ManualExecutor executor(clock, ManualExecutor::Mode::at_once);
    int depth = 0;
    int runs = 0;
    std::unique_ptr<Worker> worker;
    worker = executor.start([&] {
        CHECK(++depth == 1);
        if (++runs < 3) worker->wake();
        --depth;
    });
    worker->wake();
    CHECK(runs == 3);
    CHECK(executor.pending() == 0);
}

TEST_CASE("a manual clock stands, and its wall may jump alone") {
    ManualClock clock(5'000);
    CHECK(clock.wall_us() == 5'000);
    CHECK(clock.monotonic_us() == clock.monotonic_us());
    clock.advance_us(10);
    CHECK(clock.wall_us() == 5'010);
    const std::uint64_t before_us = clock.monotonic_us();
    clock.set_wall_us(1);
    CHECK(clock.wall_us() == 1);
    CHECK(clock.monotonic_us() == before_us);
}

TEST_CASE("a seed repeats its numbers") {
    SeededRandom one(7);
    SeededRandom same(7);
    SeededRandom other(8);
    for (int i = 0; i < 10; ++i) {
        const std::uint64_t number = one.next();
        CHECK(number == same.next());
        CHECK(number != other.next());
    }
}
