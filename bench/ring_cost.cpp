// What copies cost beside the engines that hold them, in one run: a put to three nodes against three puts, and, in
// another order, a get from two against two gets. docs/benchmarks.md
#include <kvilt/kvilt.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

using namespace kvilt;

namespace {

template <class Threads>
using AloneOf = Store<memtable::Art<Threads>, log::Mapped, table::Lsm<>>;
template <class Threads>
using RingOf = Store<memtable::Art<Threads>, log::Mapped, table::Lsm<>, partition::Ring<>, replication::Quorum<3, 2, 2>,
                     conflict::LastWriteWins<>>;

constexpr int rounds = 5;

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
double time_ns(const std::vector<std::uint64_t>& numbers, Call call) {
    const auto begin = std::chrono::steady_clock::now();
    for (const std::uint64_t number : numbers) call(key_of(number));
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - begin;
    return taken.count() / static_cast<double>(numbers.size());
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

struct Figures { // ns a call, of each round
    std::vector<double> puts{};
    std::vector<double> gets{};
};

// Every run begins on an empty disk: what another has written, and the system still writes back, is gone.
template <class Threads>
class Runs {
    using Alone = AloneOf<Threads>;
    using Ring = RingOf<Threads>;

public:
    explicit Runs(std::size_t count) : written_(count), read_(shuffled(count)) {
        std::iota(written_.begin(), written_.end(), std::uint64_t{0});
    }

    void run_alone() {
        std::filesystem::remove_all(directory);
        std::vector<Alone> engines;
        for (int n = 0; n < 3; ++n) engines.push_back(Alone::open(directory + "/alone-" + std::to_string(n)).value());
        alone.puts.push_back(time_ns(written_, [&](const std::string& key) {
            for (Alone& engine : engines) engine.put(key, value_).value();
        }));
        alone.gets.push_back(time_ns(read_, [&](const std::string& key) {
            for (std::size_t n = 0; n < 2; ++n)
                if (engines[n].get(key).value()->size() != value_.size()) std::abort();
        }));
    }

    void run_ring() {
        std::filesystem::remove_all(directory);
        Ring store = Ring::open(directory, {.partition = {.nodes = 3}}).value();
        ring.puts.push_back(time_ns(written_, [&](const std::string& key) { (void)store.put(key, value_).value(); }));
        ring.gets.push_back(time_ns(read_, [&](const std::string& key) {
            if (store.get(key).value()->size() != value_.size()) std::abort();
        }));
    }

    double key_ns() const {
        return time_ns(written_, [](const std::string& key) {
            if (key.size() != 16) std::abort();
        });
    }

    static inline const std::string directory = "ring_cost";
    Figures alone{};
    Figures ring{};

private:
    const std::string value_ = std::string(100, 'v');
    std::vector<std::uint64_t> written_;
    std::vector<std::uint64_t> read_;
};

void print(const char* what, const char* beside, double ring_ns, double alone_ns) {
    std::printf("%s %7.0f   %s %7.0f   ratio %.2f\n", what, ring_ns, beside, alone_ns, ring_ns / alone_ns);
}

template <class Threads>
void measure(const char* tag, std::size_t count) {
    Runs<Threads> runs(count);
    for (int round = 0; round < rounds; ++round) {
        round % 2 == 0 ? runs.run_alone() : runs.run_ring();
        round % 2 == 0 ? runs.run_ring() : runs.run_alone();
    }
    std::filesystem::remove_all(runs.directory);
    std::printf("%s: %zu keys of 16 bytes, values of 100, medians of %d rounds, ns a call (making the key: %.0f)\n",
                tag, count, rounds, runs.key_ns());
    print("put on three nodes", "three puts", median(runs.ring.puts), median(runs.alone.puts));
    print("get from two nodes", "two gets  ", median(runs.ring.gets), median(runs.alone.gets));
}

} // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 200'000;
    if (count < 1) {
        std::fprintf(stderr, "usage: bench_ring_cost [KEYS], at least 1\n");
        return 2;
    }
    measure<threads::One>("threads::One", static_cast<std::size_t>(count));
    measure<threads::Many>("threads::Many", static_cast<std::size_t>(count));
}
