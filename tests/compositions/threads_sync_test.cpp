// Group commit: writers who wait for the device at the same time share its syncs.
#include <kvilt/env/memory.hpp>
#include <kvilt/env/thread_executor.hpp>
#include <kvilt/kvilt.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <latch>
#include <thread>

using namespace kvilt;

TEST_CASE("eight writers who sync need far fewer syncs than they write, and lose nothing with power") {
    using Ledger = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>>;
    constexpr std::size_t writers = 8;
    constexpr std::size_t writes = 50;
    MemoryWorld world;
    ThreadExecutor executor;
    Environment environment = world.environment();
    environment.executor = &executor;
    auto store = Ledger::open("ledger", {}, environment).value();
    world.on_call([](const Call& call) { // a device of a thousand syncs a second
        if (call.kind == CallKind::sync && !call.done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    store.put("first", "", {.sync = true}).value();

    const std::uint64_t syncs_before = world.calls(CallKind::sync);
    std::latch start(writers);
    std::atomic<std::size_t> failed{0};
    std::vector<std::thread> threads;
    for (std::size_t writer = 0; writer < writers; ++writer)
        threads.emplace_back([&, writer] {
            start.arrive_and_wait();
            for (std::size_t n = 0; n < writes; ++n)
                failed += !store.put(std::to_string(writer) + " " + std::to_string(n), "paid", {.sync = true});
        });
    for (std::thread& thread : threads) thread.join();
    const std::uint64_t syncs = world.calls(CallKind::sync) - syncs_before;
    world.on_call({});
    CHECK(failed == 0);
    CHECK(syncs < writers * writes / 2);
    MESSAGE((writers * writes) << " writes with sync from " << writers << " threads took " << syncs << " syncs");

    const auto after = world.crash(CrashChoice::nothing_unsynced());
    environment = after->environment();
    environment.executor = &executor;
    auto recovered = Ledger::open("ledger", {}, environment).value();
    std::size_t found = 0;
    for (std::size_t writer = 0; writer < writers; ++writer)
        for (std::size_t n = 0; n < writes; ++n)
            found += recovered.get(std::to_string(writer) + " " + std::to_string(n)).value() == "paid";
    CHECK(found == writers * writes);
}
