// What copies cost beside the engines that hold them, in one run: a put to three nodes against three puts, and, in
// another order, a get from two against two gets. docs/benchmarks.md
#include <kvilt/kvilt.hpp>

#include "figures.hpp"
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace kvilt;
using bench::median;

namespace {

template <class Threads>
using AloneOf = Store<memtable::Art<Threads>, log::Mapped, table::Lsm<>>;
template <class Threads>
using RingOf = Store<memtable::Art<Threads>, log::Mapped, table::Lsm<>, partition::Ring<>, replication::Quorum<3, 2, 2>,
                     conflict::LastWriteWins<>>;

constexpr int rounds = 3;

std::string key_of(std::uint64_t number) {
    std::string key = std::to_string(mix(number) % 10'000'000'000'000'000u);
    key.insert(0, 16 - key.size(), '0');
    return key;
}

// All numbers below `count`, in an order of their own.
std::vector<std::uint64_t> shuffled(std::size_t count) {
    std::vector<std::uint64_t> numbers(count);
    for (std::size_t n = 0; n < count; ++n) {
        numbers[n] = n;
        std::swap(numbers[n], numbers[mix(1, n) % (n + 1)]);
    }
    return numbers;
}

// Nanoseconds a call, over the keys of all numbers.
template <class Call>
double time_ns(std::span<const std::uint64_t> numbers, Call call) {
    const auto begin = std::chrono::steady_clock::now();
    for (const std::uint64_t number : numbers) call(key_of(number));
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
    return taken.count() / static_cast<double>(numbers.size());
}

// The two sides do the same in blocks, by turns: what else the machine does meets both.
struct Sides {
    std::vector<double> ring_ns{}; // a call, of each block
    std::vector<double> alone_ns{};

    template <class OfRing, class OfAlone>
    void run(const std::vector<std::uint64_t>& numbers, OfRing of_ring, OfAlone of_alone) {
        constexpr std::size_t block = 1'000;
        for (std::size_t done = 0; done + block <= numbers.size(); done += block) {
            const std::span<const std::uint64_t> some(numbers.data() + done, block);
            const bool first = done / block % 2 == 0;
            if (first) ring_ns.push_back(time_ns(some, of_ring));
            alone_ns.push_back(time_ns(some, of_alone));
            if (!first) ring_ns.push_back(time_ns(some, of_ring));
        }
    }

    void print(const char* what, const char* beside) const {
        std::vector<double> ratios;
        for (std::size_t n = 0; n < ring_ns.size(); ++n) ratios.push_back(ring_ns[n] / alone_ns[n]);
        std::printf("%s %6.0f   %s %6.0f   ratio %.2f\n", what, median(ring_ns), beside, median(alone_ns),
                    median(ratios));
    }
};

template <class Threads>
void measure(const char* tag, std::size_t count) {
    const std::string value(100, 'v');
    std::vector<std::uint64_t> written(count);
    std::iota(written.begin(), written.end(), std::uint64_t{0});
    Sides puts, gets, table_gets;
    for (int round = 0; round < rounds; ++round) {
        const bench::TemporaryDirectory place(".");
        const std::string& directory = place.path();
        std::vector<AloneOf<Threads>> engines;
        for (int n = 0; n < 3; ++n)
            engines.push_back(AloneOf<Threads>::open(directory + "/alone-" + std::to_string(n)).value());
        auto ring = RingOf<Threads>::open(directory + "/ring", {.partition = {.nodes = 3}}).value();
        puts.run(
            written, [&](const std::string& key) { (void)ring.put(key, value).value(); },
            [&](const std::string& key) {
                for (auto& engine : engines) engine.put(key, value).value();
            });
        const auto get_all = [&](Sides& sides) {
            sides.run(
                shuffled(count),
                [&](const std::string& key) {
                    if (ring.get(key).value()->size() != value.size()) std::abort();
                },
                [&](const std::string& key) {
                    for (std::size_t n = 0; n < 2; ++n)
                        if (engines[n].get(key).value()->size() != value.size()) std::abort();
                });
        };
        get_all(gets);
        ring.flush().value();
        ring.compact().value();
        for (auto& engine : engines) {
            engine.flush().value();
            engine.compact().value();
        }
        get_all(table_gets);
    }
    std::printf("%s, %zu keys of 16 bytes, values of 100: medians of all blocks of %d rounds, ns a call\n", tag, count,
                rounds);
    puts.print("put on three nodes", "three puts");
    gets.print("get from two nodes", "two gets  ");
    table_gets.print("from a table each  ", "two gets  ");
}

} // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 200'000;
    if (count < 1000) {
        std::fprintf(stderr, "usage: bench_ring_cost [KEYS], at least 1000\n");
        return 2;
    }
    measure<threads::One>("threads::One", static_cast<std::size_t>(count));
    measure<threads::Many>("threads::Many", static_cast<std::size_t>(count));
}
