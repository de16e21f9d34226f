// One budget for the memory of a store: over tables it is kept whatever is written; without tables more than fits is
// refused, and room can be made.
#include <kvilt/env/memory.hpp>
#include <kvilt/env/thread_executor.hpp>
#include <kvilt/kvilt.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

using namespace kvilt;

namespace {

std::string numbered(std::size_t n) { return "key " + std::to_string(n); }

// Its workers come late, as on a machine that has other work: as much waits to be flushed as may.
class LateExecutor final : public Executor {
public:
    explicit LateExecutor(std::uint64_t late_us) : late_us_(late_us) {}
    std::unique_ptr<Worker> start(std::function<void()> task) override {
        return threads_.start([this, task = std::move(task)] {
            std::this_thread::sleep_for(std::chrono::microseconds(late_us_));
            task();
        });
    }

private:
    ThreadExecutor threads_{};
    std::uint64_t late_us_;
};

// Writes many times the budget, reading between, and looks at the memory all the while.
template <class Store>
void fill(std::size_t budget, std::uint64_t late_us) {
    MemoryWorld world;
    LateExecutor late(late_us);
    Environment environment = world.environment();
    environment.executor = &late;
    auto store =
        Store::open("store",
                    {.table = {.file_bytes_max = 1_MiB, .level_bytes_base = 2_MiB}, .memory_bytes_max = budget},
                    environment)
            .value();
    const std::size_t keys = 4 * budget / 500;
    std::uint64_t peak_bytes = 0;
    std::size_t found = 0;
    for (std::size_t n = 0; n < 4 * keys; ++n) {
        std::string value(n % 1'000 == 0 ? 30'000 : mix(n) % 1'000, static_cast<char>(n));
        store.put(numbered(mix(n, 1) % keys), value).value();
        if (n % 3 == 0) found += store.get(numbered(mix(n, 2) % keys)).value().has_value();
        if (n % 5'000 == 0) {
            std::size_t left = 1'000;
            store
                .scan(from(numbered(mix(n, 3) % keys)),
                      [&](Bytes, Bytes) { return --left == 0 ? Visit::stop : Visit::more; })
                .value();
        }
        if (n % 64 == 0) peak_bytes = std::max(peak_bytes, store.stats().memory_bytes());
    }
    const Stats stats = store.stats();
    MESSAGE("budget " << budget << ", peak " << peak_bytes << "; " << stats.flushes << " flushes, " << stats.compactions
                      << " compactions, " << stats.table_bytes << " bytes in tables, " << found << " found");
    CHECK(peak_bytes <= budget);
    CHECK(peak_bytes > budget / 4);
    CHECK(stats.compactions > 0);
}

} // namespace

TEST_CASE("a store over tables keeps to its budget through fill, compaction and cached reads") {
    fill<Store<memtable::Art<>, log::Mapped, table::Lsm<reads::Cached>>>(8_MiB, 0);
    using Many = Store<memtable::Art<threads::Many>, log::Buffered, table::Lsm<compaction::Leveled, reads::Cached>>;
    for (const std::uint64_t late_us : {0u, 2'000u, 8'000u}) {
        fill<Many>(1_MiB, late_us);
        fill<Many>(2_MiB, late_us);
    }
}

TEST_CASE("a store without tables refuses what is beyond its budget, and erasing makes room") {
    constexpr std::size_t budget = 4_MiB;
    MemoryWorld world;
    auto store =
        Store<memtable::Hash<>, log::Mapped>::open("store", {.memory_bytes_max = budget}, world.environment()).value();
    const std::string value(500, 'v');
    std::uint64_t peak_bytes = 0;
    const auto fill_up = [&](std::size_t from) {
        for (std::size_t n = from;; ++n) {
            const auto done = store.put(numbered(n), value);
            peak_bytes = std::max(peak_bytes, store.stats().memory_bytes());
            if (done) continue;
            CHECK(done.error().code == Errc::full);
            CHECK(done.error().message().find("memory_bytes_max") != std::string::npos);
            return n;
        }
    };
    const std::size_t fit = fill_up(0);
    CHECK(fit * value.size() > budget / 4);
    CHECK(store.get(numbered(fit - 1)).value() == value);
    CHECK(store.stats().writable);

    for (std::size_t n = 0; n < fit; n += 2) {
        store.erase(numbered(n)).value();
        peak_bytes = std::max(peak_bytes, store.stats().memory_bytes());
    }
    CHECK(store.get(numbered(0)).value() == std::nullopt);
    const std::size_t end = fill_up(fit);
    CHECK(end - fit > fit / 4);
    for (std::size_t n = 1; n < fit; n += 2) CHECK(store.get(numbered(n)).value() == value);
    CHECK(peak_bytes <= budget);
    MESSAGE("budget " << budget << ", peak " << peak_bytes << ", " << fit << " fit, then " << end - fit << " more");
}
