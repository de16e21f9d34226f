// The partitions: from a key to its owner, and from a shard to the order of its homes.
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/jump.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/partition/redis_slots.hpp>
#include <kvilt/partition/rendezvous.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/partition/slots.hpp>

#include "fixture.hpp"

namespace {

using namespace bench;
using namespace kvilt;

constexpr std::size_t keys_asked = 10'000; // few enough for a cache: it is the map that is measured
constexpr std::size_t copies = 3;

// Ranges are of equal width.
template <class P>
typename P::Options options_for(std::size_t nodes) {
    typename P::Options options;
    options.nodes = NodeList(nodes);
    if constexpr (requires { options.shards; }) options.shards = nodes;
    if constexpr (requires { options.splits; }) {
        std::string digits;
        for (std::size_t n = 1; n < nodes; ++n) {
            digits = std::to_string(n * 1'000'000 / nodes);
            options.splits.push_back(std::string(6 - digits.size(), '0') + digits);
        }
    }
    P::validate(options).value();
    return options;
}

template <class P>
auto& map_of(std::size_t nodes) {
    return fixture(std::to_string(nodes),
                   [&] { return std::make_shared<typename P::Map>(options_for<P>(nodes), copies); });
}

template <class P>
void owner(benchmark::State& state) {
    const auto& map = map_of<P>(size_argument(state));
    const Keys keys(keys_asked, Order::random);
    Round round(keys_asked);
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(map.owner(map.shard_of(keys[round.next()])).number);
}

// What a coordinator asks: all nodes, the homes first.
template <class P>
void prefer(benchmark::State& state) {
    const auto& map = map_of<P>(size_argument(state));
    Round round(map.shards());
    std::vector<NodeId> order;
    for ([[maybe_unused]] auto _ : state) {
        map.prefer(static_cast<ShardId>(round.next()), order);
        benchmark::DoNotOptimize(order.data());
    }
}

template <class P>
void add(const std::string& name) {
    const auto each = [&](const std::string& what, auto run) {
        benchmark::RegisterBenchmark(("partition/" + name + what).c_str(), run)
            ->ArgName("nodes")
            ->Arg(3)
            ->Arg(100)
            ->Arg(1000);
    };
    each("/owner", owner<P>);
    each("/prefer", prefer<P>);
}

[[maybe_unused]] const bool registered = [] {
    add<partition::Ring<128>>("Ring<128>");
    add<partition::Rendezvous<>>("Rendezvous");
    add<partition::Jump<>>("Jump");
    add<partition::Slots<>>("Slots");
    add<partition::RedisSlots>("RedisSlots");
    add<partition::HashMod>("HashMod");
    add<partition::Range>("Range");
    return true;
}();

} // namespace
