// A store under many threads at once: writers, readers and callers of upkeep, and what none of them may ever see.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/env/posix.hpp>
#include <kvilt/store.hpp>

#include <doctest/doctest.h>

#include "../unit/env/temporary_directory.hpp"
#include "campaign.hpp"
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace threads_test {

using kvilt::Batch;
using kvilt::Bytes;
using kvilt::Capability;

// "17 and filling": the number comes first, and what follows tells whether the rest of the value belongs to it.
inline std::string value_of(std::uint64_t number) {
    std::string value = std::to_string(number) + " ";
    value.append(number % 16 == 0 ? 3'000 : number % 50, static_cast<char>('a' + number % 26));
    return value;
}

// Each member may be called from any thread. The first failure is kept, and ends all loops.
class Verdict {
public:
    bool good() const noexcept { return good_.load(std::memory_order_relaxed); }
    void fail(const std::string& what) {
        const std::lock_guard lock(mutex_);
        if (good_.exchange(false)) what_ = what;
    }
    void check(bool holds, const std::string& what) {
        if (!holds) fail(what);
    }
    template <class T>
    std::optional<T> take(kvilt::Result<T> result) {
        if (result) return std::move(*result);
        fail(result.error().message());
        return std::nullopt;
    }
    void must(const kvilt::Result<void>& result) {
        if (!result) fail(result.error().message());
    }
    std::string what() const {
        const std::lock_guard lock(mutex_);
        return what_;
    }

private:
    mutable std::mutex mutex_;
    std::atomic<bool> good_{true};
    std::string what_;
};

// The keys: "count 3" is raised by writer 3 alone; "left 7" and "right 7" are written by batches and always equal;
// "sum" is raised by compare_and_set; "once 9" is put by whoever comes first; "churn ..." come and go.
template <class Store>
class Stress {
    static constexpr bool ordered =
        Store::template has<Capability::ordered_keys> && Store::template has<Capability::ordered_placement>;
    static constexpr bool on_disk = Store::template has<Capability::durable> || Store::template has<Capability::tables>;
    static constexpr std::size_t writers = 3;
    static constexpr std::size_t pairs = 12;
    static constexpr std::size_t churn_keys = 300;

public:
    Stress(Store& store, std::string directory, std::uint64_t seed)
        : store_(store), directory_(std::move(directory)), seed_(seed) {}

    // Empty, or what was seen and must not be.
    std::string run(std::size_t writes) {
        std::vector<std::thread> threads;
        for (std::size_t n = 0; n < writers; ++n) threads.emplace_back([=, this] { write(n, writes); });
        std::vector<std::thread> others;
        others.emplace_back([this] { loop(&Stress::read_counters); });
        others.emplace_back([this] { loop(&Stress::read_snapshot); });
        others.emplace_back([this] { loop(&Stress::read_many); });
        if constexpr (ordered) {
            others.emplace_back([this] { loop(&Stress::scan_forwards); });
            others.emplace_back([this] { loop(&Stress::scan_backwards); });
        }
        others.emplace_back([this] { loop(&Stress::maintain); });
        for (std::thread& thread : threads) thread.join();
        done_.store(true);
        for (std::thread& thread : others) thread.join();
        if (verdict_.good()) judge_end(writes);
        return verdict_.what();
    }

    std::string figures() const {
        return std::to_string(reads_.load()) + " looks of readers, " + std::to_string(upkeep_.load()) +
               " calls of upkeep";
    }

private:
    struct Memory { // of one thread
        std::uint64_t round = 0;
        std::array<std::uint64_t, writers> counts{};
        std::array<std::uint64_t, pairs> numbers{};
    };

    static std::string name(const char* word, std::size_t n) { return word + std::to_string(n); }

    // ---- writers

    void write(std::size_t writer, std::size_t writes) {
        const std::string mine = name("count ", writer);
        for (std::size_t n = 1; n <= writes && verdict_.good(); ++n) {
            const std::uint64_t draw = kvilt::mix(seed_ + writer, n);
            verdict_.must(store_.put(mine, value_of(n)));
            if (n % 8 == 0) verdict_.check(got(mine, store_.get(mine)) == n, "a writer does not see its own write");
            write_pair(draw % pairs);
            write_churn(draw / pairs);
            if (n % 4 == 0) raise_sum();
            if (n % 4 == 1)
                if (const auto won = verdict_.take(store_.put_if_absent(name("once ", n), "")); won && *won) ++won_;
        }
    }

    // Left and right have the same number, or are both away, in whichever shards they are.
    void write_pair(std::size_t pair) {
        const std::lock_guard lock(pair_mutexes_[pair]); // numbers go up
        const std::uint64_t next = ++pair_numbers_[pair];
        Batch batch;
        if (next % 5 == 0) {
            batch.erase(name("left ", pair));
            batch.erase(name("right ", pair));
        } else {
            batch.put(name("left ", pair), value_of(next));
            batch.put(name("right ", pair), value_of(next));
        }
        verdict_.must(store_.apply(batch));
    }

    void write_churn(std::uint64_t draw) {
        const std::string key = name("churn ", draw % churn_keys);
        if (draw / churn_keys % 3 == 0)
            verdict_.must(store_.erase(key));
        else
            verdict_.must(store_.put(key, value_of(draw % 1'000'000)));
    }

    void raise_sum() {
        for (bool raised = false; !raised && verdict_.good();) {
            const auto seen = verdict_.take(store_.get("sum"));
            if (!seen) return;
            const auto next = std::to_string((*seen ? std::stoull(**seen) : 0) + 1);
            const auto done =
                verdict_.take(*seen ? store_.compare_and_set("sum", **seen, next) : store_.put_if_absent("sum", next));
            if (!done) return;
            raised = *done;
        }
        ++raised_;
    }

    // ---- readers

    void loop(void (Stress::*look)(Memory&)) {
        Memory memory;
        while (!done_.load(std::memory_order_relaxed) && verdict_.good()) {
            ++memory.round;
            (this->*look)(memory);
        }
    }

    // The number in a value, 0 for none. The value must be one that was written.
    std::uint64_t number(const std::string& key, Bytes value) {
        const std::uint64_t found = std::strtoull(std::string(value.substr(0, 20)).c_str(), nullptr, 10);
        verdict_.check(value == value_of(found), key + " has a value that nobody wrote");
        return found;
    }
    std::uint64_t got(const std::string& key, kvilt::Result<std::optional<std::string>> value) {
        const auto taken = verdict_.take(std::move(value));
        return taken && *taken ? number(key, **taken) : 0;
    }

    void forwards(const std::string& key, std::uint64_t& before, std::uint64_t now) {
        verdict_.check(now >= before, key + " goes back from " + std::to_string(before) + " to " + std::to_string(now));
        before = now;
    }

    void read_counters(Memory& memory) {
        for (std::size_t n = 0; n < writers; ++n) {
            const std::string key = name("count ", n);
            std::uint64_t seen = 0;
            const auto found = verdict_.take(store_.view(key, [&](Bytes value) { seen = number(key, value); }));
            if (found) forwards(key, memory.counts[n], seen);
        }
        ++reads_;
    }

    // A snapshot has whole batches, and what it has stays.
    void read_snapshot(Memory& memory) {
        const auto snapshot = store_.snapshot();
        std::map<std::string, std::uint64_t> first;
        for (std::size_t pair = 0; pair < pairs; ++pair) {
            const std::string left = name("left ", pair);
            const std::string right = name("right ", pair);
            first[left] = got(left, snapshot.get(left));
            first[right] = got(right, snapshot.get(right));
            verdict_.check(first[left] == first[right], "a snapshot has half a batch: " + left + " is " +
                                                            std::to_string(first[left]) + ", the other " +
                                                            std::to_string(first[right]));
            if (first[left] != 0) forwards(left, memory.numbers[pair], first[left]);
        }
        for (std::size_t n = 0; n < writers; ++n) {
            const std::string key = name("count ", n);
            first[key] = got(key, snapshot.get(key));
            forwards(key, memory.counts[n], first[key]);
        }
        std::this_thread::yield();
        for (const auto& [key, then] : first)
            verdict_.check(got(key, snapshot.get(key)) == then, "a snapshot changes: " + key);
        if constexpr (ordered) {
            std::size_t found = 0;
            verdict_.must(snapshot.scan(kvilt::all(), [&](Bytes key, Bytes value) {
                const auto then = first.find(std::string(key));
                if (then == first.end()) return;
                ++found;
                verdict_.check(number(then->first, value) == then->second, "a snapshot scans otherwise than it gets");
            }));
            for (const auto& pair : first) found += pair.second == 0;
            verdict_.check(found == first.size(), "a snapshot scans fewer keys than it gets");
        }
        ++reads_;
    }

    void read_many(Memory& memory) {
        std::vector<std::string> keys;
        for (std::size_t n = 0; n < writers; ++n) keys.push_back(name("count ", n));
        keys.push_back(name("churn ", memory.round % churn_keys));
        const auto values = verdict_.take(store_.get_many(std::span<const std::string>(keys)));
        if (!values) return;
        for (std::size_t n = 0; n < writers; ++n)
            forwards(keys[n], memory.counts[n], (*values)[n] ? number(keys[n], *(*values)[n]) : 0);
        if ((*values)[writers]) number(keys[writers], *(*values)[writers]);
        ++reads_;
    }

    void scan_forwards(Memory& memory) { scan(memory, false); }
    void scan_backwards(Memory& memory) { scan(memory, true); }

    // In order, over one moment.
    void scan(Memory& memory, bool reverse) {
        auto walk = store_.scan(kvilt::all());
        if (reverse) walk = std::move(walk).reverse();
        std::optional<std::string> before;
        std::map<std::string, std::uint64_t> lefts;
        std::map<std::string, std::uint64_t> rights;
        for (const auto& [key, value] : walk) {
            if (before) verdict_.check(reverse ? key < *before : *before < key, "a scan is out of order");
            before = key;
            const std::string text(key);
            if (text.starts_with("left ")) lefts[text.substr(5)] = number(text, value);
            if (text.starts_with("right ")) rights[text.substr(6)] = number(text, value);
            if (text.starts_with("churn ")) number(text, value);
            if (text.starts_with("count "))
                forwards(text, memory.counts[std::stoul(text.substr(6))], number(text, value));
        }
        verdict_.check(lefts == rights, "a scan has half a batch");
        ++reads_;
    }

    // ---- upkeep

    void maintain(Memory& memory) {
        const kvilt::Stats stats = store_.stats();
        verdict_.check(stats.writable && stats.last_error.empty(), "stats report an error: " + stats.last_error);
        forwards("the sequence", memory.counts[0], stats.sequence);
        if constexpr (Store::template has<Capability::tables>)
            if (memory.round % 5 == 1) verdict_.must(store_.flush());
        if (memory.round % 7 == 2) verdict_.must(store_.compact());
        if constexpr (Store::template has<Capability::durable>)
            if (memory.round % 5 == 3) verdict_.must(store_.sync());
        if constexpr (on_disk) {
            if (memory.round % 9 == 4) check_checkpoint(directory_ + name("/checkpoint ", memory.round));
            if (memory.round % 11 == 5) verdict_.take(store_.verify());
        }
        ++upkeep_;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }

    void check_checkpoint(const std::string& directory)
        requires on_disk
    {
        verdict_.must(store_.checkpoint(directory));
        auto copy = Store::open(directory, options);
        if (!copy) return verdict_.fail("a checkpoint: " + copy.error().message());
        for (std::size_t pair = 0; pair < pairs; ++pair) {
            const std::string left = name("left ", pair);
            const std::string right = name("right ", pair);
            verdict_.check(got(left, copy->get(left)) == got(right, copy->get(right)), "a checkpoint has half a batch");
        }
    }

    void judge_end(std::size_t writes) {
        for (std::size_t n = 0; n < writers; ++n)
            verdict_.check(got("count", store_.get(name("count ", n))) == writes, "a last write is missing");
        verdict_.check(won_.load() == (writes + 3) / 4, "put_if_absent has let in two, or nobody");
        const auto sum = verdict_.take(store_.get("sum"));
        verdict_.check(sum && *sum && std::stoull(**sum) == raised_.load(), "compare_and_set has lost a step");
    }

public:
    typename Store::Options options{}; // of checkpoints

private:
    Store& store_;
    std::string directory_;
    std::uint64_t seed_;
    Verdict verdict_{};
    std::atomic<bool> done_{false};
    std::atomic<std::uint64_t> won_{0};
    std::atomic<std::uint64_t> raised_{0};
    std::atomic<std::uint64_t> reads_{0};
    std::atomic<std::uint64_t> upkeep_{0};
    std::array<std::mutex, pairs> pair_mutexes_{};
    std::array<std::uint64_t, pairs> pair_numbers_{};
};

// On real files: the memory world's own lock would keep the threads apart.
template <class Store>
void stress(const typename Store::Options& options, std::size_t writes = 1'500) {
    campaign::for_each_seed([&](std::uint64_t seed) {
        const kvilt::TemporaryDirectory directory;
        auto opened = [&] {
            if constexpr (requires { Store::open(directory.path(), options); })
                return Store::open(directory / "store", options);
            else
                return Store::open(options);
        }();
        if (!opened) FAIL(opened.error().message());
        Stress<Store> stress(*opened, directory.path(), seed);
        stress.options = options;
        const std::string broken = stress.run(writes);
        CHECK_MESSAGE(broken == "", broken << "\n" << campaign::replay(seed));
        const kvilt::Stats stats = opened->stats();
        MESSAGE("seed " << seed << ", " << stress.figures() << ", " << stats.flushes << " flushes, "
                        << stats.compactions << " compactions, " << stats.cleaned_segments << " segments cleaned");
        CHECK(opened->close().has_value());
    });
}

} // namespace threads_test
