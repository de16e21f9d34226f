// What copies cost beside the engines that hold them: a put to three nodes against three puts, a get from two against
// two gets, in one run. docs/benchmarks.md
#include <kvilt/kvilt.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

using namespace kvilt;

namespace {

using Alone = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>>;
using Ring = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>, partition::Ring<>,
                   replication::Quorum<3, 2, 2>, conflict::LastWriteWins<>>;

constexpr int rounds = 5;

std::string key_of(std::uint64_t number) {
    std::string key = std::to_string(mix(number) % 10'000'000'000'000'000u);
    key.insert(0, 16 - key.size(), '0');
    return key;
}

// Nanoseconds a call, over all keys.
template <class Call>
double time_ns(int count, Call call) {
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < count; ++i) call(key_of(static_cast<std::uint64_t>(i)));
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
    return taken.count() / count;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

} // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 200'000;
    const std::string value(100, 'v');
    std::vector<double> puts, three_puts, gets, two_gets, keys;
    for (int round = 0; round < rounds; ++round) {
        std::filesystem::remove_all("ring_cost");
        {
            std::vector<Alone> engines;
            for (int n = 0; n < 3; ++n) engines.push_back(Alone::open("ring_cost/alone-" + std::to_string(n)).value());
            three_puts.push_back(time_ns(count, [&](const std::string& key) {
                for (Alone& engine : engines) engine.put(key, value).value();
            }));
            two_gets.push_back(time_ns(count, [&](const std::string& key) {
                for (int n = 0; n < 2; ++n)
                    if (engines[static_cast<std::size_t>(n)].get(key).value()->size() != 100) std::abort();
            }));
        }
        Ring ring = Ring::open("ring_cost/ring", {.partition = {.nodes = 3}}).value();
        puts.push_back(time_ns(count, [&](const std::string& key) { (void)ring.put(key, value).value(); }));
        gets.push_back(time_ns(count, [&](const std::string& key) {
            if (ring.get(key).value()->size() != 100) std::abort();
        }));
        keys.push_back(time_ns(count, [](const std::string& key) {
            if (key.size() != 16) std::abort();
        }));
    }
    std::filesystem::remove_all("ring_cost");
    std::printf("%d keys of 16 bytes, values of 100, medians of %d rounds, ns a call (making the key: %.0f)\n", count,
                rounds, median(keys));
    std::printf("put on three nodes %7.0f   three puts %7.0f   ratio %.2f\n", median(puts), median(three_puts),
                median(puts) / median(three_puts));
    std::printf("get from two nodes %7.0f   two gets   %7.0f   ratio %.2f\n", median(gets), median(two_gets),
                median(gets) / median(two_gets));
}
