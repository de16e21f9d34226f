// One random history for every composition: each must answer as the model does, and so all of them alike. The seeds are
// the same in every executable; so is the digest, which is stated here for the first of them.
#pragma once

#include <kvilt/env/memory.hpp>
#include <kvilt/env/posix.hpp>
#include <kvilt/env/thread_executor.hpp>

#include <doctest/doctest.h>

#include "../unit/env/temporary_directory.hpp"
#include "campaign.hpp"
#include "history_player.hpp"

namespace history {

inline constexpr std::size_t operations = 10'000;
inline constexpr std::uint64_t digest_of_default_seed = 9'976'131'707'997'432'912U;
inline constexpr std::uint64_t scans_digest_of_default_seed = 7'791'700'164'036'614'687U;

enum class World : std::uint8_t { memory, posix };

// In the memory world the threads of the store are real ones all the same.
template <class Store>
void play(const typename Store::Options& options, World where, std::uint64_t seed) {
    kvilt::MemoryWorld world({.file_bytes_max = kvilt::operator""_MiB(64)});
    kvilt::ThreadExecutor threads;
    kvilt::Environment environment = world.environment();
    environment.executor = &threads;
    const kvilt::TemporaryDirectory directory;
    std::string path = "stores";
    if (where == World::posix) {
        environment = kvilt::Environment::system();
        path = directory.path();
    }
    auto store = SubjectOf<Store>::open(options, path + "/store", environment);
    if (!store) FAIL(store.error().message());
    Player player(**store, seed, path + "/checkpoints");
    try {
        player.play(operations);
    } catch (const std::exception& broken) {
        FAIL(std::string(broken.what()) << campaign::replay(seed));
    }
    const auto& work = player.work();
    MESSAGE("seed " << seed << ", 1 composition, " << operations << " operations: " << work.flushes << " flushes, "
                    << work.compactions << " compactions, " << work.cleaned_segments << " segments cleaned; digests "
                    << player.digest() << ", " << player.scans_digest());
    if (seed != campaign::seed_default) return;
    CHECK(player.digest() == digest_of_default_seed);
    if ((*store)->scans()) CHECK(player.scans_digest() == scans_digest_of_default_seed);
}

template <class Store>
void check(const typename Store::Options& options, World where = World::memory) {
    campaign::for_each_seed([&](std::uint64_t seed) { play<Store>(options, where, seed); });
}

} // namespace history
