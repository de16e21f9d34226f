// What a store costs beside what one would write by hand: a hash map, and a hash map over a mapped log.
// Both sides of a pair are measured in turns, so that what else the machine does meets both. The time shown is the
// store's of one turn; the counters are medians: `by_hand` and `store` in nanoseconds a call, and `ratio` of the two.
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/store.hpp>

#include "../figures.hpp"
#include "fixture.hpp"
#include "mapped_map.hpp"
#include <optional>
#include <unordered_map>

namespace {

using namespace bench;
using Map = std::unordered_map<std::string, std::string>;
using HashStore = kvilt::Store<kvilt::memtable::Hash<>>;
using MappedStore = kvilt::Store<kvilt::memtable::Hash<>, kvilt::log::Mapped>;

constexpr std::size_t records = 100'000;
constexpr std::size_t turn = 1'000; // operations of one side before it is the other's turn

const std::string& value() {
    static const std::string text(value_bytes, 'v');
    return text;
}

// As std::string, which is what users of either side have.
std::vector<std::string> strings(const Keys& keys) {
    std::vector<std::string> list;
    for (std::size_t n = 0; n < keys.size(); ++n) list.emplace_back(keys[n]);
    return list;
}

const std::vector<std::string>& keys_written() {
    static const std::vector<std::string> keys = strings(Keys(records, Order::random));
    return keys;
}
const std::vector<std::string>& keys_read() {
    static const std::vector<std::string> keys = strings(Keys(records, Order::random).shuffled());
    return keys;
}

// Each side runs `operations` at a call and returns the seconds that they took.
template <class ByHand, class Ours>
void in_turns(benchmark::State& state, std::size_t operations, ByHand by_hand, Ours ours) {
    std::vector<double> by_hand_ns, store_ns, ratios;
    const double to_ns = 1e9 / static_cast<double>(operations);
    by_hand(), ours();
    for ([[maybe_unused]] auto _ : state) {
        by_hand_ns.push_back(by_hand() * to_ns);
        const double seconds = ours();
        store_ns.push_back(seconds * to_ns);
        ratios.push_back(store_ns.back() / by_hand_ns.back());
        state.SetIterationTime(seconds);
    }
    state.counters["by_hand"] = median(by_hand_ns);
    state.counters["store"] = median(store_ns);
    state.counters["ratio"] = median(ratios);
}

template <class Act>
double timed(Act act) {
    const Stopwatch watch;
    act();
    return watch.seconds();
}

// Both sides full, for reads and overwrites.
template <class ByHand_, class Ours_>
struct Pair {
    using ByHand = ByHand_;
    using Ours = Ours_;

    Pair()
        : directory(""), by_hand(open<ByHand>(directory.path() + "/hand")),
          ours(open<Ours>(directory.path() + "/store")) {
        for (const std::string& key : keys_written()) {
            put(by_hand, key);
            put(ours, key);
        }
    }

    template <class Side>
    static Side open(const std::string& path) {
        if constexpr (std::is_same_v<Side, MappedStore>)
            return Side::open(path, {.log = {.segment_bytes_min = MappedMap::segment_bytes,
                                             .segment_bytes_max = MappedMap::segment_bytes}})
                .value();
        else if constexpr (std::is_same_v<Side, MappedMap>)
            return Side(path);
        else
            return Side();
    }

    template <class Side>
    static void put(Side& side, const std::string& key) {
        if constexpr (std::is_same_v<Side, Map>)
            side.insert_or_assign(key, value());
        else if constexpr (std::is_same_v<Side, MappedMap>)
            side.put(key, value());
        else
            side.put(key, value()).value();
    }

    template <class Side>
    static void view(const Side& side, const std::string& key) {
        if constexpr (std::is_same_v<Side, Map>) {
            const auto at = side.find(key);
            if (at != side.end()) benchmark::DoNotOptimize(at->second.data());
        } else if constexpr (std::is_same_v<Side, MappedMap>) {
            if (const auto found = side.find(key)) benchmark::DoNotOptimize(found->data());
        } else {
            const auto found = side.view(key, [](Bytes bytes) { benchmark::DoNotOptimize(bytes.data()); });
            benchmark::DoNotOptimize(found.has_value());
        }
    }

    template <class Side>
    static void get(const Side& side, const std::string& key) {
        if constexpr (std::is_same_v<Side, Map>) {
            const auto at = side.find(key);
            std::optional<std::string> copy;
            if (at != side.end()) copy = at->second;
            benchmark::DoNotOptimize(copy);
        } else if constexpr (std::is_same_v<Side, MappedMap>) {
            std::optional<std::string> copy;
            if (const auto found = side.find(key)) copy = *found;
            benchmark::DoNotOptimize(copy);
        } else {
            benchmark::DoNotOptimize(side.get(key).value());
        }
    }

    TemporaryDirectory directory;
    ByHand by_hand;
    Ours ours;
};

using InMemory = Pair<Map, HashStore>;
using OnDisk = Pair<MappedMap, MappedStore>;

template <class Sides>
Sides& full() {
    return fixture("full", [] { return std::make_shared<Sides>(); });
}

// `act(side, key)` on one key over and over, or on all of them in random order.
template <class Sides, class Act>
void on_keys(benchmark::State& state, bool hot, Act act) {
    auto& sides = full<Sides>();
    const std::vector<std::string>& keys = keys_read();
    const auto run = [&](auto& side, std::size_t from) {
        return timed([&] {
            for (std::size_t n = 0; n < turn; ++n) act(side, keys[hot ? 0 : from + n]);
        });
    };
    // Half a list apart, so that neither side reads keys that the other has just brought into the cache.
    std::size_t theirs = 0, ours = records / 2;
    const auto next = [](std::size_t& from) { return std::exchange(from, (from + turn) % records); };
    in_turns(
        state, turn, [&] { return run(sides.by_hand, next(theirs)); }, [&] { return run(sides.ours, next(ours)); });
}

template <class Sides>
void view(benchmark::State& state, bool hot) {
    on_keys<Sides>(state, hot, [](const auto& side, const std::string& key) { Sides::view(side, key); });
}

template <class Sides>
void get(benchmark::State& state, bool hot) {
    on_keys<Sides>(state, hot, [](const auto& side, const std::string& key) { Sides::get(side, key); });
}

template <class Sides>
void overwrite(benchmark::State& state, bool hot) {
    on_keys<Sides>(state, hot, [](auto& side, const std::string& key) { Sides::put(side, key); });
}

template <class Sides, class Side>
double seconds_to_fill(std::size_t count) {
    const TemporaryDirectory directory("");
    Side side = Sides::template open<Side>(directory.path() + "/new");
    return timed([&] {
        for (std::size_t n = 0; n < count; ++n) Sides::put(side, keys_written()[n]);
    });
}

// New keys into what is empty: growth, and memory and files that are had from the system, are part of it; opening and
// the end are not.
template <class Sides>
void insert(benchmark::State& state, std::size_t count) {
    in_turns(
        state, count, [&] { return seconds_to_fill<Sides, typename Sides::ByHand>(count); },
        [&] { return seconds_to_fill<Sides, typename Sides::Ours>(count); });
}

[[maybe_unused]] const bool registered = [] {
    const auto add = [](const std::string& name, auto run, auto argument) {
        benchmark::RegisterBenchmark(("baseline/" + name).c_str(), run, argument)->UseManualTime();
    };
    add("memory/view/hot", view<InMemory>, true);
    add("memory/view/100k", view<InMemory>, false);
    add("memory/get/hot", get<InMemory>, true);
    add("memory/get/100k", get<InMemory>, false);
    add("memory/overwrite/hot", overwrite<InMemory>, true);
    add("memory/overwrite/100k", overwrite<InMemory>, false);
    add("memory/insert/1k", insert<InMemory>, std::size_t{1000});
    add("memory/insert/100k", insert<InMemory>, records);
    add("mapped/view/hot", view<OnDisk>, true);
    add("mapped/view/100k", view<OnDisk>, false);
    add("mapped/get/hot", get<OnDisk>, true);
    add("mapped/get/100k", get<OnDisk>, false);
    add("mapped/insert/100k", insert<OnDisk>, records);
    return true;
}();

} // namespace
