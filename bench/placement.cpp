// What a key costs on its way to a node, and a list of homes, in each partition: the best of many rounds.
#include <kvilt/kvilt.hpp>

#include "figures.hpp"
#include <cstdio>
#include <limits>

using namespace kvilt;
namespace {

constexpr std::size_t key_count = 200'000;
constexpr std::size_t list_count = 300;
constexpr int rounds = 15;

std::uint64_t used = 0; // by main, so that nothing is left out

// In nanoseconds for each of `count`.
template <class Work>
double best(std::size_t count, Work work) {
    double least = std::numeric_limits<double>::max();
    for (int round = 0; round < rounds; ++round) {
        const bench::Stopwatch watch;
        work();
        least = std::min(least, watch.seconds() * 1e9 / static_cast<double>(count));
    }
    return least;
}

template <class P>
void measure(const char* name, const std::vector<std::string>& keys, const typename P::Options& options) {
    const bench::Stopwatch watch;
    const typename P::Map map(options, 3);
    const double built_ms = watch.seconds() * 1e3;
    const double look_up = best(keys.size(), [&] {
        for (const std::string& key : keys) used += map.owner(map.shard_of(key)).number;
    });
    std::vector<NodeId> order;
    const double list = best(list_count, [&] {
        for (std::size_t n = 0; n < list_count; ++n) {
            map.prefer(map.shard_of(keys[n]), order);
            used += order[1].number;
        }
    });
    std::printf("| `%s` | %zu | %.1f | %.0f | %.1f |\n", name, map.nodes().size(), look_up, list, built_ms);
}

template <class P>
void measure_both(const char* name, const std::vector<std::string>& keys) {
    for (const int nodes : {10, 1000}) measure<P>(name, keys, {.nodes = nodes});
}

} // namespace

int main() {
    std::vector<std::string> keys;
    for (std::uint64_t n = 0; n < key_count; ++n) keys.push_back("user/" + std::to_string(mix(n) % 100'000'000));
    std::printf("%s\n\n", bench::machine().c_str());
    std::printf("| policy | nodes | key to node, ns | list of homes, ns | map built in ms |\n");
    std::printf("| --- | --- | --- | --- | --- |\n");
    measure_both<partition::Ring<128>>("Ring<128>", keys);
    measure_both<partition::Slots<>>("Slots<4096>", keys);
    measure_both<partition::Rendezvous<>>("Rendezvous<16384>", keys);
    measure_both<partition::Jump<>>("Jump<16384>", keys);
    measure_both<partition::RedisSlots>("RedisSlots", keys);
    measure<partition::HashMod>("HashMod", keys, {.shards = 10});
    measure<partition::HashMod>("HashMod", keys, {.shards = 1000});
    std::fprintf(stderr, "(checksum %llu)\n", static_cast<unsigned long long>(used));
}
