// Stores without tables stay within twice their live data, in memory and on disk: records, index and tombstones
// together. Live data are the keys, values and record headers of what a get would find. To twice that comes a fixed
// slack, for the segment in use, what is cleaned in the background, and the manifest. docs/space.md
#include <kvilt/core/checksum.hpp>
#include <kvilt/env/memory.hpp>
#include <kvilt/env/thread_executor.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/store.hpp>

#include <doctest/doctest.h>

#include "../unit/env/temporary_directory.hpp"
#include "campaign.hpp"
#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

using namespace kvilt;

namespace {

constexpr std::uint64_t slack_bytes = 1_MiB;
constexpr std::size_t look_every = 1'000; // writes

std::uint64_t resident_bytes() {
    std::uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages >> pages;
    return pages * 4096;
}

// A store, what lives in it, and the most that it took of the space it may take.
template <class Store>
class Watched {
public:
    static constexpr bool on_disk = Store::template has<Capability::durable>;

    // `slow`: a device of five hundred syncs a second.
    explicit Watched(bool slow = false) : store_(open()) {
        if (!slow) return;
        world_.on_call([](const Call& call) {
            if (call.kind == CallKind::sync && !call.done) std::this_thread::sleep_for(std::chrono::milliseconds(2));
        });
    }

    Store& store() noexcept { return store_; }

    void put(const std::string& key, Bytes value, bool fresh) {
        store_.put(key, value).value();
        if (fresh) live_bytes_ += LogRecord::bytes_for(0, key.size(), value.size());
        step();
    }
    void erase(const std::string& key, std::size_t value_bytes) {
        store_.erase(key).value();
        live_bytes_ -= LogRecord::bytes_for(0, key.size(), value_bytes);
        step();
    }

    void look() {
        const Stats stats = store_.stats();
        const std::uint64_t allowed = 2 * live_bytes_ + slack_bytes;
        memory_.note(stats.memory_bytes(), allowed);
        disk_.note(std::max(stats.disk_bytes(), world_.used_bytes()), allowed);
        resident_bytes_ = std::max(resident_bytes_, resident_bytes());
    }

    void report(const char* what) {
        look();
        CHECK(memory_.most <= 1.0);
        CHECK(disk_.most <= 1.0);
        CHECK((disk_.peak_bytes > 0) == on_disk);
        const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
        MESSAGE(std::string(what) << ": " << writes_ << " writes in " << seconds << " s; live " << live_bytes_
                                  << " bytes; memory " << memory_.peak_bytes << ", at most " << memory_.most
                                  << " of what is allowed; disk " << disk_.peak_bytes << ", at most " << disk_.most
                                  << "; resident " << resident_bytes_ << "; " << store_.stats().cleaned_segments
                                  << " segments cleaned");
    }

private:
    struct Peak {
        std::uint64_t peak_bytes = 0;
        double most = 0;
        void note(std::uint64_t bytes, std::uint64_t allowed) {
            peak_bytes = std::max(peak_bytes, bytes);
            most = std::max(most, static_cast<double>(bytes) / static_cast<double>(allowed));
        }
    };

    // The long runs are on real files; the short ones in memory, where every file is weighed.
    Store open() {
        if constexpr (!on_disk)
            return Store::open().value();
        else if (campaign::is_long())
            return Store::open(directory_ / "store").value();
        else
            return Store::open("store", {}, environment()).value();
    }
    Environment environment() {
        Environment environment = world_.environment();
        environment.executor = &threads_;
        return environment;
    }
    void step() {
        if (++writes_ % look_every == 0) look();
    }

    TemporaryDirectory directory_;
    MemoryWorld world_{};
    ThreadExecutor threads_{};
    Store store_;
    std::uint64_t live_bytes_ = 0;
    std::uint64_t writes_ = 0;
    std::uint64_t resident_bytes_ = 0;
    Peak memory_{};
    Peak disk_{};
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

std::string numbered(std::size_t n) {
    std::string digits = std::to_string(n);
    return "key-" + std::string(8 - std::min<std::size_t>(8, digits.size()), '0') + digits;
}

// Filled in order, then as many writes nine times over, to keys drawn at random.
template <class Store>
void overwrite(const char* what, bool slow = false) {
    constexpr std::size_t value_bytes = 1'000;
    const std::size_t keys = (campaign::is_long() ? 1_GiB : 32_MiB) / value_bytes;
    Watched<Store> watched(slow);
    std::vector<std::uint32_t> versions(keys, 0);
    std::string value(value_bytes, 'v');
    const auto put = [&](std::size_t key, bool fresh) {
        const std::uint32_t version = ++versions[key];
        value.replace(0, sizeof version, reinterpret_cast<const char*>(&version), sizeof version);
        watched.put(numbered(key), value, fresh);
    };
    for (std::size_t key = 0; key < keys; ++key) put(key, true);
    for (std::size_t n = 0; n < 9 * keys; ++n) put(mix(campaign::first_seed(), n) % keys, false);
    watched.report(what);

    std::size_t right = 0;
    for (std::size_t key = 0; key < keys; ++key)
        right += watched.store()
                     .view(numbered(key),
                           [&](Bytes seen) {
                               value.replace(0, 4, reinterpret_cast<const char*>(&versions[key]), 4);
                               if (seen != value) FAIL("key " << key << " has another value");
                           })
                     .value();
    CHECK(right == keys);
}

// Each key lives while the next thousand are put.
template <class Store>
void pass_through(const char* what) {
    constexpr std::size_t live = 1'000;
    const std::size_t keys = campaign::is_long() ? 10'000'000 : 300'000;
    Watched<Store> watched;
    const std::string value(100, 'v');
    for (std::size_t n = 0; n < keys; ++n) {
        watched.put(numbered(n), value, true);
        if (n >= live) watched.erase(numbered(n - live), value.size());
    }
    watched.report(what);
    CHECK(watched.store().stats().memtable_keys < 20 * live); // tombstones included
    CHECK(watched.store().get(numbered(keys - 1)).value() == value);
    CHECK(watched.store().get(numbered(keys - live - 1)).value() == std::nullopt);
}

using HashOnDisk = Store<memtable::Hash<>, log::Mapped>;
using ArtOnDisk = Store<memtable::Art<>, log::Mapped>;
using HashInMemory = Store<memtable::Hash<>>;
using ArtInMemory = Store<memtable::Art<>>;

} // namespace

TEST_CASE("a working set that is overwritten ten times stays within twice its size") {
    overwrite<HashOnDisk>("hash table, mapped log");
    overwrite<ArtOnDisk>("radix tree, mapped log");
    overwrite<HashInMemory>("hash table in memory");
    overwrite<ArtInMemory>("radix tree in memory");
}

TEST_CASE("writers who outrun the device wait for it before the log has twice the size") {
    overwrite<Store<memtable::Hash<threads::Many>, log::Mapped>>("hash table for many threads, slow device", true);
}

TEST_CASE("keys that come and go, a thousand at a time, leave nothing behind") {
    pass_through<HashOnDisk>("hash table, mapped log");
    pass_through<ArtOnDisk>("radix tree, mapped log");
    pass_through<HashInMemory>("hash table in memory");
    pass_through<ArtInMemory>("radix tree in memory");
}
