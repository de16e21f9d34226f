// Any composition of kvilt as an engine.
#pragma once

#include <kvilt/store.hpp>
#include <kvilt/version.hpp>

#include "all.hpp"
#include <chrono>
#include <ctime>
#include <thread>

namespace bench {

template <class T>
T must(kvilt::Result<T> result) {
    if (!result) throw kvilt::Exception(std::move(result).error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

template <class Store>
class KviltSession final : public Session {
public:
    explicit KviltSession(Store& store) : store_(store) {}

    void put(Bytes key, Bytes value) override { must(store_.put(key, value)); }
    void put_synced(Bytes key, Bytes value) override { must(store_.put(key, value, {.sync = true})); }
    void put_batch(std::span<const Entry> entries) override {
        batch_.clear();
        for (const Entry& entry : entries) batch_.put(entry.key, entry.value);
        must(store_.apply(batch_));
    }
    void remove(Bytes key) override { must(store_.erase(key)); }

    bool get(Bytes key, std::string& value) override {
        return must(store_.view(key, [&](Bytes found) { value.assign(found); }));
    }
    std::size_t get_many(std::span<const Bytes> keys, std::span<std::string> values) override {
        std::size_t count = 0;
        must(store_.view_many(keys, [&](std::size_t n, Bytes found) {
            values[n].assign(found);
            ++count;
        }));
        return count;
    }

    void scan(Bytes from, Direction direction, std::size_t count, Sum& sum) override {
        if constexpr (ordered) {
            if (count == 0) return;
            const auto visit = [&](Bytes key, Bytes value) {
                sum.add(key, value);
                return --count == 0 ? kvilt::Visit::stop : kvilt::Visit::more;
            };
            if (direction == Direction::forward) return must(store_.scan(kvilt::from(from), visit));
            must(store_.scan(from.empty() ? kvilt::all() : kvilt::between(Bytes(), from)).reverse().for_each(visit));
        } else {
            throw std::logic_error("this composition of kvilt has no order");
        }
    }

private:
    static constexpr bool ordered = Store::template has<kvilt::Capability::ordered_keys>;

    Store& store_;
    kvilt::Batch batch_{};
};

template <class Store>
class KviltEngine final : public Engine {
public:
    KviltEngine(const EngineOptions& options, const typename Store::Options& tuned)
        : store_(must(Store::open(options.directory, tuned))) {}
    ~KviltEngine() override { (void)store_.close(); }

    std::unique_ptr<Session> session() override { return std::make_unique<KviltSession<Store>>(store_); }

    void settle() override {
        if constexpr (Store::template has<kvilt::Capability::tables>) {
            must(store_.flush());
            if constexpr (Store::template has<kvilt::Capability::threads_many>) {
                wait_until_quiet();
            } else if (store_.stats().compaction_debt_bytes != 0) {
                must(store_.compact()); // nobody works while nobody calls
            }
        }
    }
    void compact() override { must(store_.compact()); }

private:
    // What a worker does that no figure shows takes the processor's time.
    void wait_until_quiet() {
        for (kvilt::Stats before = store_.stats();;) {
            const std::clock_t used_before = std::clock();
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
            const bool idle = std::clock() - used_before < CLOCKS_PER_SEC / 100;
            kvilt::Stats now = store_.stats();
            if (!now.last_error.empty()) throw std::runtime_error(now.last_error);
            const bool quiet = now.flushes == before.flushes && now.compactions == before.compactions;
            if (idle && quiet && now.compaction_debt_bytes == 0 && now.frozen_memtables == 0) return;
            before = std::move(now);
        }
    }

    Store store_;
};

template <class Store>
std::unique_ptr<Engine> open_kvilt(const EngineOptions& options) {
    typename Store::Options tuned;
    if constexpr (Store::template has<kvilt::Capability::tables>) // else all records count
        tuned.memory_bytes_max = options.memory_bytes_max;
    if constexpr (Store::template has<kvilt::Capability::block_cache>)
        tuned.table.cache_bytes_max = cache_bytes(options);
    return std::make_unique<KviltEngine<Store>>(options, tuned);
}

std::unique_ptr<Engine> open_lsm_many(const EngineOptions&);
std::unique_ptr<Engine> open_lsm_one(const EngineOptions&);
std::unique_ptr<Engine> open_lsm_cached(const EngineOptions&);
std::unique_ptr<Engine> open_lsm_lz4(const EngineOptions&);

// What all compositions with log::Mapped and no sync are told to promise.
inline Description kvilt_description(std::string name, std::string settings) {
    return {.name = std::move(name),
            .version = "kvilt " + std::to_string(KVILT_VERSION_MAJOR) + "." + std::to_string(KVILT_VERSION_MINOR) +
                       "." + std::to_string(KVILT_VERSION_PATCH),
            .settings = std::move(settings),
            .after_kill = "every put that has returned",
            .after_power = "a prefix of the puts that holds every synced one",
            .ours = true};
}

} // namespace bench
