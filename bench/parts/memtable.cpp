// The memtables: an index of records that lie where a log would have them.
// A find does not wait for the one before it, as in a loop of a user's: misses overlap.
#include <kvilt/memtable/art.hpp>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/memtable/reference.hpp>
#include <kvilt/memtable/skip_list.hpp>

#include "fixture.hpp"
#include <optional>

namespace {

using namespace bench;
using namespace kvilt;

template <class M>
using Index = typename M::Index;

// Filled in the order of the records, as by a fill of a store.
template <class M>
struct Filled {
    Filled(std::size_t count, Order order)
        : hits(0, order), misses(count, order, count), records(Keys(count, order)), index({}, epochs) {
        hits = Keys(count, order).shuffled();
        misses = misses.shuffled();
        for (std::size_t n = 0; n < count; ++n) index.put(records[n]);
    }

    Keys hits;
    Keys misses;
    Records records;
    Epochs<typename M::Threads> epochs{};
    Index<M> index;
};

template <class M>
Filled<M>& filled(std::size_t count, Order order) {
    const std::string name = std::to_string(count) + (order == Order::random ? " random" : " sequential");
    return fixture(name, [&] { return std::make_shared<Filled<M>>(count, order); });
}

// Into an empty index, up to its full size.
template <class M>
void put(benchmark::State& state, std::size_t count, Order order) {
    auto& records = fixture(std::to_string(count) + (order == Order::random ? " random" : " sequential"),
                            [&] { return std::make_shared<Records>(Keys(count, order)); });
    Epochs<typename M::Threads> epochs;
    std::optional<Index<M>> index;
    const typename M::Options options;
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
        state.PauseTiming();
        index.reset();
        epochs.collect();
        index.emplace(options, epochs);
        state.ResumeTiming();
        for (std::size_t n = 0; n < count; ++n) benchmark::DoNotOptimize(index->put(records[n]));
    }
    state.counters["index_bytes"] = static_cast<double>(index->bytes_used()) / static_cast<double>(count);
}

template <class M>
void find(benchmark::State& state, std::size_t count, Order order, bool hit) {
    auto& in = filled<M>(count, order);
    const Keys& keys = hit ? in.hits : in.misses;
    const typename Epochs<typename M::Threads>::Pin pin(in.epochs);
    Round round(count);
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(in.index.find(keys[round.next()]));
}

// A step, and a look at the record's key, which a scan cannot do without.
template <class M>
void walk(benchmark::State& state, std::size_t count, Order order, bool forwards) {
    auto& in = filled<M>(count, order);
    const typename Epochs<typename M::Threads>::Pin pin(in.epochs);
    typename Index<M>::Cursor cursor(in.index);
    for ([[maybe_unused]] auto _ : state) {
        if (cursor.valid())
            forwards ? cursor.next() : cursor.previous();
        else
            forwards ? cursor.seek_first() : cursor.seek_last();
        if (cursor.valid()) benchmark::DoNotOptimize(cursor.record()->key().size());
    }
}

template <class M>
void seek(benchmark::State& state, std::size_t count, Order order) {
    auto& in = filled<M>(count, order);
    const typename Epochs<typename M::Threads>::Pin pin(in.epochs);
    typename Index<M>::Cursor cursor(in.index);
    Round round(count);
    for ([[maybe_unused]] auto _ : state) {
        cursor.seek(in.misses[round.next()]);
        benchmark::DoNotOptimize(cursor.record());
    }
}

// The walk of an index without order.
template <class M>
void for_each(benchmark::State& state, std::size_t count, Order order) {
    auto& in = filled<M>(count, order);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count)))
        in.index.for_each([](LogRecord* head) { benchmark::DoNotOptimize(head->key().size()); });
}

// What a read pays so that nothing is freed under it.
template <class Threads>
void pin(benchmark::State& state) {
    Epochs<Threads> epochs;
    for ([[maybe_unused]] auto _ : state) {
        const typename Epochs<Threads>::Pin one(epochs);
        benchmark::ClobberMemory();
    }
}

template <class M>
void add(const std::string& name) {
    constexpr bool ordered = M::provides.has(Capability::ordered_keys);
    for (const std::size_t count : {std::size_t{10'000}, std::size_t{1'000'000}}) {
        const std::string size = count == 10'000 ? "/10k" : "/1M";
        const auto each = [&](const std::string& what, auto run, auto... arguments) {
            benchmark::RegisterBenchmark(("memtable/" + name + "/" + what + size).c_str(), run, count, arguments...);
        };
        each("put_sequential", put<M>, Order::sequential);
        each("put_random", put<M>, Order::random);
        each("find_hit", find<M>, Order::random, true);
        each("find_miss", find<M>, Order::random, false);
        if constexpr (ordered) {
            each("seek", seek<M>, Order::random);
            each("next", walk<M>, Order::random, true);
            each("previous", walk<M>, Order::random, false);
            each("next_of_sequential", walk<M>, Order::sequential, true);
        } else {
            each("for_each", for_each<M>, Order::random);
        }
    }
}

[[maybe_unused]] const bool registered = [] {
    using threads::Many;
    add<memtable::Art<>>("Art");
    add<memtable::Art<Many>>("Art<Many>");
    add<memtable::Hash<>>("Hash");
    add<memtable::Hash<Many>>("Hash<Many>");
    add<memtable::SkipList<>>("SkipList");
    add<memtable::SkipList<Many>>("SkipList<Many>");
    add<memtable::Cache<>>("Cache");
    add<memtable::Cache<Many>>("Cache<Many>");
    add<memtable::Reference>("Reference");
    benchmark::RegisterBenchmark("memtable/pin/One", pin<threads::One>);
    benchmark::RegisterBenchmark("memtable/pin/Many", pin<Many>);
    return true;
}();

} // namespace
