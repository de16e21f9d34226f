// Upkeep beside writers: nobody waits for more than his share of it.
#include <kvilt/env/memory.hpp>
#include <kvilt/env/thread_executor.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

using namespace kvilt;
using namespace std::chrono_literals;

namespace {

using Many = Store<memtable::Art<threads::Many>, log::Written, table::Lsm<>>;

constexpr Many::Options small{.memtable = {.bytes_max = 128_KiB}, .log = {.segment_bytes_min = 4096}};

// Whose workers are threads. The last of them can be woken as a writer does it, and counts what it has done.
class ThreadedWorld : public MemoryWorld, private Executor {
public:
    Environment environment() {
        Environment changed = MemoryWorld::environment();
        changed.executor = this;
        return changed;
    }
    void wake() { worker_->wake(); }
    int tasks_done() const { return tasks_done_; }

private:
    std::unique_ptr<Worker> start(std::function<void()> task) override {
        auto worker = threads_.start([this, task = std::move(task)] {
            task();
            ++tasks_done_;
        });
        worker_ = worker.get();
        return worker;
    }

    std::atomic<int> tasks_done_ = 0;
    Worker* worker_ = nullptr;
    ThreadExecutor threads_{};
};

std::string name(int i) { return "key" + std::to_string(i); }

void fill(Many& store, int first, int last) {
    for (int i = first; i < last; ++i) store.put(name(i), std::string(500, 'v')).value();
}

bool writes_table(const Call& call) {
    return call.kind == CallKind::write && !call.done && call.path.find("table-") != std::string::npos;
}

} // namespace

TEST_CASE("a timed sync does not wait for a compaction") {
    ThreadedWorld world;
    auto options = small;
    options.log.sync = Sync::interval;
    options.log.sync_interval_us = 1000;
    auto store = Many::open("store", options, world.environment()).value();
    fill(store, 0, 1000);
    std::atomic<int> syncs = 0;
    bool in_time = true;
    const auto compacting = std::this_thread::get_id();
    world.on_call([&, put = false](const Call& call) mutable {
        if (call.kind == CallKind::sync && call.done && call.path.find("log-") != std::string::npos) ++syncs;
        if (std::this_thread::get_id() != compacting || !writes_table(call) || std::exchange(put, true)) return;
        for (int round = 0; round < 3; ++round) {
            const int before = syncs;
            store.put("late", "x").value();
            for (int wait = 0; syncs == before && wait < 3000; ++wait) std::this_thread::sleep_for(1ms);
            in_time = in_time && syncs != before;
        }
    });
    store.compact().value();
    world.on_call({});
    CHECK(in_time);
}

TEST_CASE("a flush that was asked for is followed by the compaction that it makes due") {
    ThreadedWorld world;
    auto store = Many::open("store", {}, world.environment()).value();
    for (int round = 0; round < 4; ++round) { // one run too many
        fill(store, round, round + 10);       // too little for a worker to look for work
        std::this_thread::sleep_for(50ms);    // until it rests
        store.flush().value();
    }
    for (int wait = 0; store.stats().compactions == 0 && wait < 10'000; ++wait) std::this_thread::sleep_for(1ms);
    CHECK(store.stats().compactions != 0); // counted when its tables are in use
    CHECK(store.stats().compaction_debt_bytes == 0);
}

TEST_CASE("a writer removes no file: the system takes milliseconds for it") {
    ThreadedWorld world;
    auto store = Many::open("store", small, world.environment()).value();
    std::atomic<int> by_writer = 0, by_others = 0;
    world.on_call([&, writer = std::this_thread::get_id()](const Call& call) {
        if (call.kind != CallKind::remove || call.done || call.path.find("log-") == std::string::npos) return;
        ++(std::this_thread::get_id() == writer ? by_writer : by_others);
    });
    for (int round = 0; by_others == 0 && round < 100; ++round) fill(store, round * 1000, round * 1000 + 1000);
    CHECK(by_writer == 0);
    CHECK(by_others != 0);
    world.on_call({});
}

using Cleaned = Store<memtable::Hash<threads::Many>, log::Written>;

TEST_CASE_TEMPLATE("a worker who finds nothing to do does not wait for a writer", S, Many, Cleaned) {
    ThreadedWorld world;
    auto store = S::open("store", {}, world.environment()).value();
    bool done = false;
    world.on_call([&, asked = false](const Call& call) mutable { // the writer has his lock, and makes a file
        if (call.kind != CallKind::create || call.done || std::exchange(asked, true)) return;
        const int before = world.tasks_done();
        world.wake();
        for (int wait = 0; world.tasks_done() == before && wait < 3000; ++wait) std::this_thread::sleep_for(1ms);
        done = world.tasks_done() != before;
    });
    store.put("key", "value").value();
    world.on_call({});
    CHECK(done);
}

TEST_CASE("a writer waits for a flush, not for the whole compaction that someone asked for") {
    ThreadedWorld world;
    auto store = Many::open("store", small, world.environment()).value();
    fill(store, 0, 20'000);
    store.flush().value();
    world.on_call([](const Call& call) {
        if (writes_table(call)) std::this_thread::sleep_for(10ms);
    });
    std::atomic<bool> done = false;
    std::chrono::steady_clock::duration longest{0};
    std::thread writer([&] {
        for (int i = 0; !done; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            store.put(name(i % 1000), std::string(500, 'w')).value();
            longest = std::max(longest, std::chrono::steady_clock::now() - begin);
        }
    });
    const auto begin = std::chrono::steady_clock::now();
    store.compact().value();
    const auto whole = std::chrono::steady_clock::now() - begin;
    done = true;
    writer.join();
    world.on_call({});
    MESSAGE("compaction ", whole / 1ms, " ms, longest put ", longest / 1ms, " ms");
    CHECK(longest < whole / 3);
}

TEST_CASE("who waits for a lock that is taken again and again has it soon") {
    engine::WatchedMutex<threads::Many> mutex;
    std::atomic<bool> done = false;
    std::atomic<int> taken = 0;
    std::thread busy([&] {
        while (!done) {
            while (mutex.wanted()) std::this_thread::yield();
            const std::lock_guard lock(mutex);
            ++taken;
            for (const auto end = std::chrono::steady_clock::now() + 200us; std::chrono::steady_clock::now() < end;) {
            }
        }
    });
    int taken_meanwhile = 0;
    for (int round = 0; round < 100; ++round) {
        for (const int before = taken; taken == before;) std::this_thread::yield();
        const int before = taken;
        const std::lock_guard lock(mutex);
        taken_meanwhile += taken - before;
    }
    done = true;
    busy.join();
    MESSAGE("taken ", taken_meanwhile, " times while another waited a hundred times");
    CHECK(taken_meanwhile < 300);
}

TEST_CASE("the worker checks what was flushed before anybody reads it") {
    MemoryWorld world;
    auto store = Many::open("store", {}, world.environment()).value();
    fill(store, 0, 100);
    store.flush().value();
    const auto names = world.files().list("store").value();
    const auto table =
        std::find_if(names.begin(), names.end(), [](const auto& entry) { return entry.starts_with("table-"); });
    REQUIRE(table != names.end());
    world.flip("store/" + *table, 1000, 1).value();
    CHECK(store.stats().last_error == "");
    world.run_pending();
    CHECK(store.stats().last_error.find(*table) != std::string::npos);
    CHECK(store.get(name(1)).error() == Errc::corruption);
}

TEST_CASE("the worker makes the file of the next log segment before a writer wants it") {
    ThreadedWorld world;
    auto store = Many::open("store", {}, world.environment()).value();
    fill(store, 0, 160); // more than the first segment, of 64 KiB, and not as much as the second, of 128, can take
    const auto files = [&] {
        const auto names = world.files().list("store").value();
        return std::count_if(names.begin(), names.end(), [](const auto& entry) { return entry.starts_with("log-"); });
    };
    for (int wait = 0; files() < 3 && wait < 3000; ++wait) std::this_thread::sleep_for(1ms);
    CHECK(files() == 3);
}

namespace {

// So many runs of the same hundred keys.
Many flushed(int runs, MemoryWorld& world, std::size_t merge_after_reads = Many::Options{}.table.merge_after_reads) {
    Many::Options options;
    options.table.merge_after_reads = merge_after_reads;
    auto store = Many::open("store", options, world.environment()).value();
    for (int round = 0; round < runs; ++round) {
        fill(store, 0, 100);
        store.flush().value();
        world.run_pending();
    }
    REQUIRE(store.stats().runs == static_cast<std::uint64_t>(runs));
    return store;
}

void read(const Many& store, MemoryWorld& world, int times) {
    for (int i = 0; i < times; ++i) {
        (void)store.get(name(1)).value();
        world.run_pending();
    }
}

constexpr int looks = 20'000; // more than a thread makes until the worker hears of them

} // namespace

TEST_CASE("runs that are read much become one, by whatever way they are read") {
    enum class By { get, view, get_many, seek, walk };
    for (const By by : {By::get, By::view, By::get_many, By::seek, By::walk}) {
        CAPTURE(static_cast<int>(by));
        MemoryWorld world;
        auto store = flushed(3, world);
        const auto times = [](int count, auto&& once) {
            while (count-- > 0) once();
        };
        switch (by) {
        case By::get:
            times(looks, [&] { (void)store.get(name(1)).value(); });
            break;
        case By::view:
            times(looks, [&] { (void)store.view(name(1), [](Bytes) {}).value(); });
            break;
        case By::get_many:
            times(looks / 4, [&] { (void)store.get_many({"key1", "key2", "key3", "key4"}).value(); });
            break;
        case By::seek:
            times(looks / 8 + 1, [&] { (void)store.scan(from(name(1))).begin(); });
            break;
        case By::walk:
            times(looks / 20 + 1, [&] {
                for (const auto& entry : store.scan(all())) (void)entry;
            });
        }
        CHECK(store.stats().runs == 3);
        world.run_pending();
        if (by == By::seek || by == By::walk) { // a scan tells of those before it
            (void)store.scan(all()).begin();
            world.run_pending();
        }
        CHECK(store.stats().runs == 1);
        CHECK(store.get(name(99)).value() == std::string(500, 'v'));
    }
}

TEST_CASE("runs stay as they are beside writers, where it was not wished, and where the memtable has what is read") {
    SUBCASE("beside writers, until they rest") {
        MemoryWorld world;
        auto store = flushed(3, world);
        const auto look = [&](int times, bool beside_writes) {
            for (int i = 0; i < times; ++i) {
                (void)store.get(name(1)).value();
                if (beside_writes && i % 4 == 0) store.put("other", "value").value();
                world.run_pending();
            }
        };
        look(3 * looks, true);
        CHECK(store.stats().runs == 3);
        look(looks, false);
        CHECK(store.stats().runs == 1);
    }
    SUBCASE("not wished") {
        MemoryWorld world;
        auto store = flushed(3, world, 0);
        for (int i = 0; i < looks; ++i) (void)store.get(name(1)).value();
        world.run_pending();
        CHECK(store.stats().runs == 3);
    }
    SUBCASE("in the memtable") {
        MemoryWorld world;
        auto store = flushed(3, world);
        store.put(name(1), "new").value();
        for (int i = 0; i < 2 * looks; ++i) (void)store.get(name(1)).value();
        world.run_pending();
        CHECK(store.stats().runs == 3);
    }
    SUBCASE("one run has nothing to be merged with") {
        MemoryWorld world;
        auto store = flushed(3, world);
        store.compact().value();
        const auto compactions = store.stats().compactions;
        for (int i = 0; i < 3 * looks; ++i) (void)store.get(name(1)).value();
        world.run_pending();
        CHECK(store.stats().compactions == compactions);
    }
}

TEST_CASE("what was read before a flush does not pay for runs after it") {
    MemoryWorld world;
    auto store = flushed(2, world, 8);
    read(store, world, 190); // in a run too many, of 200 entries
    fill(store, 0, 100);
    store.flush().value();
    read(store, world, 130); // in two too many, of 300 entries
    CHECK(store.stats().runs == 3);
    read(store, world, 30);
    CHECK(store.stats().runs == 1);
}

TEST_CASE("a merge for reads that fails changes nothing, and is paid for again before the next attempt") {
    MemoryWorld world;
    auto store = flushed(3, world, 8);
    int attempts = 0;
    world.on_call([&](const Call& call) {
        if (call.kind == CallKind::create && !call.done && call.path.find("table-") != std::string::npos) ++attempts;
    });
    world.inject({.kind = CallKind::create, .os_code = ENOSPC, .for_ever = true, .path = "table-"});
    read(store, world, 200); // 150 pay for it
    CHECK(attempts == 1);
    CHECK(store.stats().runs == 3);
    read(store, world, 150);
    CHECK(attempts == 2);
    world.clear_faults();
    read(store, world, 150);
    CHECK(attempts == 3);
    CHECK(store.stats().runs == 1);
    CHECK(store.get(name(99)).value() == std::string(500, 'v'));
    world.on_call({});
}

TEST_CASE("a store that is closed does not end the compaction that it is at") {
    ThreadedWorld world;
    auto store = Many::open("store", {}, world.environment()).value();
    std::atomic<int> tables = 0;
    std::atomic<bool> closing = false;
    world.on_call([&](const Call& call) {
        if (call.kind != CallKind::create || call.done || call.path.find("table-") == std::string::npos) return;
        if (++tables < 5) return; // four flushes, then their merge
        for (int wait = 0; !closing && wait < 3000; ++wait) std::this_thread::sleep_for(1ms);
    });
    for (int round = 0; round < 4; ++round) {
        fill(store, 0, 1000); // all of them together: more than is merged at once
        store.flush().value();
    }
    for (int wait = 0; tables < 5 && wait < 3000; ++wait) std::this_thread::sleep_for(1ms);
    std::thread closer([&] { store.close().value(); });
    std::this_thread::sleep_for(50ms);
    closing = true;
    closer.join();
    world.on_call({});
    auto again = Many::open("store", {}, world.environment()).value();
    CHECK(again.stats().runs == 4);
    CHECK(again.get(name(99)).value() == std::string(500, 'v'));
}
