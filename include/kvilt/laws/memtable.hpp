// The laws of the memtable slot, for any model of it: after any history it agrees with std::map, and it gives its
// memory back. laws/memtable_threads.hpp has those of readers beside a writer.
#pragma once

#include <kvilt/core/descend.hpp>
#include <kvilt/laws/memtable_records.hpp>
#include <kvilt/memtable/concept.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iterator>
#include <map>
#include <set>

namespace kvilt::laws {

namespace detail {

template <class M>
inline constexpr bool ordered = M::provides.has(Capability::ordered_keys);

// An index of model M and what it should hold, driven through the same history.
template <MemTablePolicy M>
class MemTableTrial {
    using Threads = typename M::Threads;
    using Chains = std::map<std::string, std::vector<LogRecord*>, std::less<>>; // the newest last

public:
    MemTableTrial(std::uint64_t seed, std::size_t key_count)
        : dice_(seed), keys_(nasty_keys(dice_, key_count)), index_(typename M::Options{}, epochs_) {}

    // Changes at random; of a hundred changes about `erased` are erasures. Returns what is wrong.
    std::string change(std::size_t times, std::size_t erased) {
        while (times-- > 0) {
            const std::string& key = keys_[dice_.below(keys_.size())];
            const std::size_t choice = dice_.below(100);
            const auto at = chains_.find(key);
            if (choice >= erased + 10 || at == chains_.end()) {
                if (choice < erased) continue;
                if (!put(key)) return "put does not return and link the former head";
            } else if (choice < erased) {
                index_.erase(at->second.back());
                chains_.erase(at);
                untouched_.erase(key);
            } else {
                replace(at->second);
            }
            if (dice_.once_in(64)) epochs_.collect();
        }
        return {};
    }

    std::string compare() {
        if (index_.count() != chains_.size()) return "count() is not the number of distinct keys";
        for (const std::string& key : keys_) {
            const auto at = chains_.find(key);
            if (index_.find(key) != (at == chains_.end() ? nullptr : at->second.back()))
                return "find() does not return the head of a key";
        }
        if constexpr (DescendingIndex<typename M::Index>)
            if (std::string wrong = compare_descents(); !wrong.empty()) return wrong;
        for (const auto& [key, chain] : chains_) {
            const LogRecord* record = chain.back();
            for (auto expected = chain.rbegin(); expected != chain.rend(); ++expected, record = record->older())
                if (record != *expected) return "the records of a key are not chained newest first";
            if (record != nullptr) return "the chain of a key does not end";
        }
        if constexpr (ordered<M>)
            return compare_cursor();
        else
            return compare_visit();
    }

    // Walks from end to end while keys come and go.
    std::string walk(bool forward)
        requires ordered<M>
    {
        const typename Epochs<Threads>::Pin pin(epochs_);
        typename M::Index::Cursor cursor(index_);
        untouched_.clear();
        for (const auto& [key, chain] : chains_) untouched_.insert(key);
        std::set<std::string, std::less<>> seen;
        std::string last;
        for (forward ? cursor.seek_first() : cursor.seek_last(); cursor.valid();) {
            const std::string key(cursor.record()->key());
            if (!seen.empty() && (forward ? key <= last : key >= last))
                return "a cursor beside changes loses the order";
            seen.insert(last = key);
            if (std::string wrong = change(dice_.below(4), 45); !wrong.empty()) return wrong;
            forward ? cursor.next() : cursor.previous();
        }
        for (const std::string& key : untouched_)
            if (!seen.contains(key)) return "a cursor beside changes misses a key that was there all along";
        return {};
    }

private:
    bool put(const std::string& key) {
        LogRecord* const record = arena_.record(key);
        std::vector<LogRecord*>& chain = chains_[key];
        LogRecord* const former = chain.empty() ? nullptr : chain.back();
        chain.push_back(record);
        return index_.put(record) == former && record->older() == former;
    }

    void replace(std::vector<LogRecord*>& chain) {
        LogRecord* const with = arena_.record(chain.back()->key());
        with->set_older(chain.back()->older());
        index_.replace(chain.back(), with);
        chain.back() = with;
    }

    // Several under way at a time, of which some are done before others.
    std::string compare_descents() {
        using Descent = typename M::Index::Descent;
        const typename Epochs<Threads>::Pin pin(epochs_);
        if (Descent().step()) return "a descent of nothing has something to fetch";
        constexpr std::size_t width = 5;
        for (std::size_t first = 0; first < keys_.size(); first += width) {
            const std::size_t count = std::min(width, keys_.size() - first);
            std::array<Descent, width> descents;
            for (std::size_t n = 0; n < count; ++n) descents[n] = Descent(index_, keys_[first + n]);
            descend(std::span<Descent>(descents));
            for (std::size_t n = 0; n < count; ++n) {
                const auto at = chains_.find(keys_[first + n]);
                if (descents[n].record() != (at == chains_.end() ? nullptr : at->second.back()))
                    return "a descent does not end at the head of its key";
            }
        }
        return {};
    }

    std::string compare_visit() {
        std::set<LogRecord*> seen;
        index_.for_each([&](LogRecord* head) { seen.insert(head); });
        if (seen.size() != chains_.size()) return "for_each() does not visit each key once";
        for (const auto& [key, chain] : chains_)
            if (!seen.contains(chain.back())) return "for_each() does not visit the head of a key";
        return {};
    }

    std::string compare_cursor() {
        const typename Epochs<Threads>::Pin pin(epochs_);
        typename M::Index::Cursor cursor(index_);
        cursor.seek_first();
        for (auto at = chains_.begin(); at != chains_.end(); ++at, cursor.next())
            if (!at_entry(cursor, at)) return "a cursor forward differs from std::map";
        if (cursor.valid()) return "a cursor goes on after the last key";
        cursor.seek_last();
        for (auto at = chains_.rbegin(); at != chains_.rend(); ++at, cursor.previous())
            if (!at_entry(cursor, std::prev(at.base()))) return "a cursor backward differs from std::map";
        if (cursor.valid()) return "a cursor goes on before the first key";
        for (const std::string& key : keys_)
            if (std::string wrong = compare_seeks(cursor, key); !wrong.empty()) return wrong;
        return {};
    }

    // Seeks at, below and above a key, and a walk that turns round from there.
    template <class Cursor>
    std::string compare_seeks(Cursor& cursor, const std::string& key) {
        std::string target = key;
        switch (dice_.below(4)) {
        case 0:
            target.push_back(static_cast<char>(dice_.roll()));
            break;
        case 1:
            target.resize(dice_.below(target.size() + 1));
            break;
        case 2:
            if (!target.empty()) target[dice_.below(target.size())] = static_cast<char>(dice_.roll());
            break;
        }
        auto at = chains_.lower_bound(target);
        cursor.seek(target);
        if (!at_entry(cursor, at)) return "seek() does not find the first key at or above";
        for (int step = 0; step < 12 && at != chains_.end(); ++step) {
            const bool forward = dice_.once_in(2);
            if (!forward && at == chains_.begin()) break;
            forward ? ++at : --at;
            forward ? cursor.next() : cursor.previous();
            if (!at_entry(cursor, at)) return "a cursor that changes direction differs from std::map";
        }
        at = chains_.lower_bound(target);
        cursor.seek_before(target);
        if (!at_entry(cursor, at == chains_.begin() ? chains_.end() : std::prev(at)))
            return "seek_before() does not find the last key below";
        return {};
    }

    template <class Cursor>
    bool at_entry(const Cursor& cursor, typename Chains::const_iterator at) const {
        if (at == chains_.end()) return !cursor.valid();
        return cursor.valid() && cursor.record() == at->second.back();
    }

    Dice dice_;
    std::vector<std::string> keys_;
    RecordArena arena_;
    Epochs<Threads> epochs_;
    typename M::Index index_;
    Chains chains_;
    std::set<std::string, std::less<>> untouched_; // there since the walk began
};

inline std::string with_seed(std::string wrong, std::uint64_t seed) {
    return wrong.empty() ? wrong : wrong + " (seed " + std::to_string(seed) + ")";
}

} // namespace detail

// Empty if the model agrees with std::map after each of several stretches of a random history, growing and shrinking.
// Otherwise a sentence with the law that is broken.
template <MemTablePolicy M>
std::string check_memtable(std::uint64_t seed = 1, std::size_t key_count = 1500, std::size_t changes = 1500) {
    detail::MemTableTrial<M> trial(seed, key_count);
    for (const std::size_t erased : {10U, 10U, 45U, 80U, 45U, 5U, 88U}) {
        std::string wrong = trial.change(changes, erased);
        if (wrong.empty()) wrong = trial.compare();
        if constexpr (detail::ordered<M>) {
            if (wrong.empty()) wrong = trial.walk(true);
            if (wrong.empty()) wrong = trial.walk(false);
        }
        if (!wrong.empty()) return detail::with_seed(wrong, seed);
    }
    return {};
}

// Empty if `passing` distinct keys that pass through `live` ones leave the index no larger than `bytes_max`, and again
// after it was `passing` keys large.
template <MemTablePolicy M>
std::string check_memtable_memory(std::size_t bytes_max, std::uint64_t seed = 1, std::size_t live = 1000,
                                  std::size_t passing = 100'000) {
    Epochs<typename M::Threads> epochs;
    typename M::Index index(typename M::Options{}, epochs);
    const auto judge = [&](const char* when) {
        epochs.collect();
        if (index.count() != live) return detail::with_seed("count() drifts", seed);
        if (index.bytes_used() <= bytes_max) return std::string();
        return detail::with_seed("the index keeps " + std::to_string(index.bytes_used()) + " bytes for " +
                                     std::to_string(live) + " keys " + when,
                                 seed);
    };
    for (const std::size_t window : {live, passing}) {
        RecordArena arena;
        std::vector<LogRecord*> records(window);
        for (std::size_t i = 0; i < passing; ++i) {
            const std::uint64_t number = mix(seed, i);
            LogRecord*& record = records[i % window];
            if (record != nullptr) index.erase(record);
            record = arena.record(i % 2 == 0 ? decimal_key(number >> 14) : big_endian_key(number));
            if (index.put(record) != nullptr) return detail::with_seed("put finds a key that was erased", seed);
            if (i % 64 == 0) epochs.collect();
        }
        for (std::size_t i = live; i < window; ++i) index.erase(records[i]);
        if (std::string wrong = judge(window == live ? "that others passed through" : "of many"); !wrong.empty())
            return wrong;
        for (std::size_t i = 0; i < live; ++i) {
            if (index.find(records[i]->key()) != records[i])
                return detail::with_seed("a key that stayed is lost", seed);
            index.erase(records[i]);
        }
    }
    return {};
}

} // namespace kvilt::laws
