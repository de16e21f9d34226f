// What a second thread brings, and costs: shards that are written by a thread each, and a store that one thread writes
// while another reads it. docs/benchmarks.md
#include <kvilt/kvilt.hpp>

#include "figures.hpp"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <latch>
#include <span>
#include <string>
#include <thread>
#include <vector>

using namespace kvilt;
using bench::median;

namespace {

using Memory = Store<memtable::Hash<threads::Many>, log::None, table::None, partition::HashMod>;
using Bitcask = Store<memtable::Hash<threads::Many>, log::Mapped, table::None, partition::HashMod>;
using HashMap = Store<memtable::Hash<threads::Many>>;
using OrderedMap = Store<memtable::Art<threads::Many>>;

constexpr int rounds = 5;

std::string key_of(std::uint64_t number) {
    std::string key = std::to_string(mix(number) % 10'000'000'000'000'000u);
    key.insert(0, 16 - key.size(), '0');
    return key;
}

// The first `count` keys of each of so many shards.
std::vector<std::vector<std::string>> keys_by_shard(std::size_t shards, std::size_t count) {
    const partition::HashMod::Map map({.shards = shards});
    std::vector<std::vector<std::string>> keys(shards);
    std::size_t full = 0;
    for (std::uint64_t number = 0; full < shards; ++number) {
        std::string key = key_of(number);
        auto& its = keys[map.shard_of(key)];
        if (its.size() == count) continue;
        its.push_back(std::move(key));
        full += its.size() == count ? 1 : 0;
    }
    return keys;
}

// Seconds until all have done their work, who begin together.
double together(std::span<const std::function<void()>> works) {
    std::latch begin(static_cast<std::ptrdiff_t>(works.size()) + 1);
    std::vector<std::thread> threads;
    for (const auto& work : works)
        threads.emplace_back([&] {
            begin.arrive_and_wait();
            work();
        });
    const bench::Stopwatch watch;
    begin.arrive_and_wait();
    for (std::thread& thread : threads) thread.join();
    return watch.seconds();
}

template <class S>
S open(const std::string& directory, std::size_t shards) {
    if constexpr (S::template has<Capability::durable>)
        return S::open(directory, {.partition = {.shards = shards}}).value();
    else
        return S::open({.partition = {.shards = shards}}).value();
}

// Nanoseconds a put, of each of `shards` threads that fill a shard of `count` keys.
template <class S>
double fill_ns(std::size_t shards, std::size_t count) {
    const bench::TemporaryDirectory place("");
    const auto keys = keys_by_shard(shards, count);
    S store = open<S>(place.path() + "/store", shards);
    const std::string value(100, 'v');
    std::vector<std::function<void()>> works;
    for (const auto& its : keys)
        works.emplace_back([&] {
            for (const std::string& key : its) store.put(key, value).value();
        });
    return together(works) * 1e9 / static_cast<double>(count);
}

template <class S>
void measure_shards(const char* name, std::size_t count) {
    std::vector<double> one, two, gains;
    for (int round = 0; round < rounds; ++round) {
        one.push_back(fill_ns<S>(1, count));
        two.push_back(fill_ns<S>(2, count));
        gains.push_back(2 * one.back() / two.back());
    }
    std::printf("| %s | %.0f | %.0f | %.2f |\n", name, median(one), median(two), median(gains));
}

// Overwrites and gets of a store that holds all keys already, in orders of their own.
template <class S>
class Subject {
public:
    explicit Subject(std::span<const std::string> keys) : keys_(keys), store_(S::open().value()) {
        for (const std::string& key : keys) store_.put(key, value_).value();
    }

    void write(std::atomic<bool>& done, double& nanoseconds) {
        repeat(1, done, nanoseconds, [&](const std::string& key) { store_.put(key, value_).value(); });
    }
    void read(std::atomic<bool>& done, double& nanoseconds) {
        std::size_t bytes = 0;
        repeat(2, done, nanoseconds, [&](const std::string& key) {
            (void)store_.view(key, [&](Bytes value) { bytes += value.size(); }).value();
        });
        if (bytes == 0) std::abort();
    }

private:
    // Until somebody is done, who then says so to all: no one works beside those who have ended.
    template <class Call>
    void repeat(std::uint64_t seed, std::atomic<bool>& done, double& nanoseconds, Call call) {
        const bench::Stopwatch watch;
        std::size_t calls = 0;
        for (; calls < keys_.size() && !done.load(std::memory_order_relaxed); ++calls)
            call(keys_[mix(seed, calls) % keys_.size()]);
        done = true;
        nanoseconds = watch.seconds() * 1e9 / static_cast<double>(calls);
    }

    std::span<const std::string> keys_;
    const std::string value_ = std::string(100, 'v');
    S store_;
};

template <class S>
void measure_pair(const char* name, std::size_t count) {
    const std::vector<std::string> keys = keys_by_shard(1, count).front();
    Subject<S> subject(keys);
    Subject<S> other(keys);
    struct Times {
        std::vector<double> writes{}, reads{};
        void add(double write, double read) {
            writes.push_back(write);
            reads.push_back(read);
        }
    } alone, apart, shared;
    for (int round = 0; round < rounds; ++round) {
        double write = 0, read = 0;
        std::atomic<bool> done = false;
        subject.write(done, write);
        done = false;
        subject.read(done, read);
        alone.add(write, read);
        const auto pair = [&](Subject<S>& read_from, Times& times) {
            done = false;
            const std::function<void()> works[] = {[&] { subject.write(done, write); },
                                                   [&] { read_from.read(done, read); }};
            (void)together(works);
            times.add(write, read);
        };
        pair(other, apart);
        pair(subject, shared);
    }
    const auto row = [&](const char* call, const auto& of) {
        std::printf("| %s | %s | %.0f | %.0f | %.0f |\n", name, call, median(of(alone)), median(of(apart)),
                    median(of(shared)));
    };
    row("overwrite", [](const Times& times) { return times.writes; });
    row("view", [](const Times& times) { return times.reads; });
}

} // namespace

int main(int argc, char** argv) {
    const int count = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
    if (count < 1000) {
        std::fprintf(stderr, "usage: bench_two_threads [KEYS], at least 1000\n");
        return 2;
    }
    const auto keys = static_cast<std::size_t>(count);
    std::printf("%s\n%zu keys of 16 bytes, values of 100: medians of %d rounds, ns a call\n\n",
                bench::machine().c_str(), keys, rounds);
    std::printf("| fill, without tables | one thread, one shard | two, a shard each | calls a second, ratio |\n"
                "| --- | --- | --- | --- |\n");
    measure_shards<Memory>("hash map", keys);
    measure_shards<Bitcask>("Bitcask", keys);
    std::printf("\n| store | call | alone | beside another store's thread | beside its own |\n"
                "| --- | --- | --- | --- | --- |\n");
    measure_pair<HashMap>("hash map", keys);
    measure_pair<OrderedMap>("ordered map", keys);
}
