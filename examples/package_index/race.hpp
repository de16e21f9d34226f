// Act 4's workload, for any store: load the packages, look each up, verify all.
#pragma once

#include <kvilt/core/checksum.hpp>

#include "dump.hpp"
#include "report.hpp"
#include <algorithm>
#include <future>
#include <iterator>
#include <utility>
#include <vector>

struct Figures {
    std::string name{}; // of the alias
    double load_seconds = 0;
    std::uint64_t views_per_second = 0;
    std::uint64_t memory_bytes = 0; // of the store itself; the system caches files beside it
    bool verified = false;
};

// One for each alias, each in a file of its own.
Figures race_cache(const Dump& dump);
Figures race_bitcask(const Dump& dump, const std::string& directory);
Figures race_lsm(const Dump& dump, const std::string& directory);
Figures race_shards(const Dump& dump, const std::string& directory);

using Packages = std::vector<const Package*>;

// Every package under its name, by so many writers at once.
template <class Store>
double timed_load(Store& store, const Packages& packages, std::size_t threads) {
    const auto load_share = [&](std::size_t share) {
        const std::size_t end = packages.size() * (share + 1) / threads;
        for (std::size_t n = packages.size() * share / threads; n < end; ++n)
            must(store.put(packages[n]->name, *packages[n]));
    };
    const Stopwatch watch;
    std::vector<std::future<void>> others;
    for (std::size_t share = 1; share < threads; ++share)
        others.push_back(std::async(std::launch::async, load_share, share));
    load_share(0);
    for (auto& other : others) other.get();
    return watch.seconds();
}

// In random order, each value seen where it lies.
template <class Store>
std::uint64_t timed_views(const Store& store, Packages packages) {
    for (std::size_t n = packages.size(); n > 1; --n) std::swap(packages[n - 1], packages[kvilt::mix(1, n) % n]);
    std::size_t found = 0;
    const Stopwatch watch;
    for (const Package* package : packages)
        must(store.view(package->name, [&](kvilt::Bytes value) { found += !value.empty(); }));
    return found == packages.size() ? watch.per_second(found) : 0;
}

// What can be asked depends on the composition: members exist by capability.
template <class Store>
bool verified(const Store& store, const Packages& packages) {
    bool good = must(store.get("no such package")) == std::nullopt;
    for (const Package* package : packages) good = good && must(store.template get<Package>(package->name)) == *package;
    if constexpr (requires { store.scan(kvilt::all()); }) {
        auto expected = packages.begin();
        must(store.scan(kvilt::all(), [&](kvilt::Bytes name, kvilt::Bytes) {
            good = good && expected != packages.end() && name == (*expected)->name;
            if (good) ++expected;
        }));
        good = good && expected == packages.end();
    }
    if constexpr (requires { store.verify(); }) good = good && must(store.verify()) > 0;
    return good;
}

template <class Store>
Figures race(std::string name, Store& store, const Dump& dump, std::size_t threads = 1) {
    Packages packages;
    for (const auto& [key, package] : dump.packages) packages.push_back(&package);
    Figures figures{.name = std::move(name)};
    figures.load_seconds = timed_load(store, packages, threads);
    figures.views_per_second = timed_views(store, packages);
    figures.verified = verified(store, packages);
    figures.memory_bytes = store.stats().memory_bytes();
    return figures;
}
