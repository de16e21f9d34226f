// The law of a memtable's readers: beside one writer they miss nothing that was there all along.
#pragma once

#include <kvilt/laws/memtable.hpp>

#include <atomic>
#include <thread>

namespace kvilt::laws {

namespace detail {

// A sixteenth of the keys is there all along, though overwritten and moved; the others come and go in waves, so that
// the index grows and shrinks under its readers.
template <MemTablePolicy M>
class MemTableReaders {
    using Pin = typename Epochs<threads::Many>::Pin;

public:
    MemTableReaders(std::uint64_t seed, std::size_t key_count)
        : dice_(seed), keys_(nasty_keys(dice_, key_count)), heads_(keys_.size()),
          index_(typename M::Options{}, epochs_) {
        steady_ = keys_.size() / 16;
        for (std::size_t i = 0; i < steady_; ++i) put(i);
        for (std::size_t i = 0; i < steady_; ++i) sorted_.push_back(keys_[i]);
        std::ranges::sort(sorted_);
    }

    std::string run(std::size_t changes) {
        std::string wrong[2];
        std::atomic<bool> done{false};
        std::thread readers[2];
        for (unsigned i = 0; i < 2; ++i)
            readers[i] = std::thread([this, &done, &wrong, i] {
                Dice dice(i);
                do {
                    wrong[i] = find_all(dice);
                    if constexpr (ordered<M>) {
                        if (wrong[i].empty()) wrong[i] = dice.once_in(2) ? scan_up() : scan_down();
                        if (wrong[i].empty()) wrong[i] = seek_all(dice);
                    }
                } while (wrong[i].empty() && !done.load());
            });
        for (std::size_t i = 0; i < changes; ++i) {
            change();
            if (i % 32 == 0) epochs_.collect();
        }
        done.store(true);
        for (std::thread& reader : readers) reader.join();
        return wrong[0].empty() ? wrong[1] : wrong[0];
    }

private:
    void put(std::size_t i) {
        LogRecord* const record = arena_.record(keys_[i]);
        index_.put(record);
        heads_[i] = record;
    }

    void change() {
        const bool rising = changes_++ / (3 * keys_.size()) % 2 == 0;
        const std::size_t i = dice_.below(keys_.size());
        if (i < steady_ && dice_.once_in(2)) {
            LogRecord* const with = arena_.record(keys_[i]);
            with->set_older(heads_[i]->older());
            index_.replace(heads_[i], with);
            heads_[i] = with;
        } else if (i < steady_ || heads_[i] == nullptr) {
            if (i < steady_ || rising) put(i);
        } else if (!rising || dice_.once_in(8)) {
            index_.erase(heads_[i]);
            heads_[i] = nullptr;
        }
    }

    const LogRecord* descend_to(Bytes key) const {
        if constexpr (DescendingIndex<typename M::Index>) {
            typename M::Index::Descent descent(index_, key);
            while (descent.step()) std::this_thread::yield();
            return descent.record();
        } else {
            return index_.find(key);
        }
    }

    std::string find_all(Dice& dice) {
        for (std::size_t times = 0; times < keys_.size(); ++times) {
            const std::size_t i = dice.below(keys_.size());
            const Pin pin(epochs_);
            const LogRecord* const found = times % 2 == 0 ? index_.find(keys_[i]) : descend_to(keys_[i]);
            if (found == nullptr && i < steady_) return "find() beside a writer misses a key that was there all along";
            if (found != nullptr && found->key() != keys_[i]) return "find() beside a writer returns another key";
        }
        return {};
    }

    std::string scan_up() {
        const Pin pin(epochs_);
        typename M::Index::Cursor cursor(index_);
        std::string_view last;
        auto due = sorted_.begin();
        for (cursor.seek_first(); cursor.valid(); cursor.next()) {
            const Bytes key = cursor.record()->key();
            if (last.data() != nullptr && key <= last) return "a cursor beside a writer loses the order";
            last = key;
            if (due != sorted_.end() && key == *due) ++due;
        }
        return due == sorted_.end() ? "" : "a cursor beside a writer misses a key that was there all along";
    }

    std::string scan_down() {
        const Pin pin(epochs_);
        typename M::Index::Cursor cursor(index_);
        std::string_view last;
        auto due = sorted_.rbegin();
        for (cursor.seek_last(); cursor.valid(); cursor.previous()) {
            const Bytes key = cursor.record()->key();
            if (last.data() != nullptr && key >= last) return "a cursor backward beside a writer loses the order";
            last = key;
            if (due != sorted_.rend() && key == *due) ++due;
        }
        return due == sorted_.rend() ? "" : "a cursor backward beside a writer misses a key that was there all along";
    }

    // At keys that may come or go at this moment, between the nearest two that are there all along.
    std::string seek_all(Dice& dice) {
        for (int times = 0; times < 200; ++times) {
            const std::string& key = keys_[dice.below(keys_.size())];
            const auto above = std::ranges::lower_bound(sorted_, key);
            const Pin pin(epochs_);
            typename M::Index::Cursor cursor(index_);
            cursor.seek(key);
            if (cursor.valid() ? cursor.record()->key() < key : above != sorted_.end())
                return "seek() beside a writer does not find a key at or above";
            if (above != sorted_.end() && cursor.record()->key() > *above)
                return "seek() beside a writer misses a key that was there all along";
            cursor.seek_before(key);
            if (cursor.valid() ? cursor.record()->key() >= key : above != sorted_.begin())
                return "seek_before() beside a writer does not find a key below";
            if (above != sorted_.begin() && cursor.record()->key() < *std::prev(above))
                return "seek_before() beside a writer misses a key that was there all along";
        }
        return {};
    }

    Dice dice_;
    std::vector<std::string> keys_;
    std::vector<LogRecord*> heads_;
    std::vector<std::string> sorted_; // those that are there all along
    std::size_t steady_ = 0;
    std::size_t changes_ = 0;
    RecordArena arena_;
    Epochs<threads::Many> epochs_;
    typename M::Index index_;
};

} // namespace detail

// Empty if two readers, by find() and by cursor, see every key that was there all along, in order and once, while one
// writer changes the index. Run it under ThreadSanitizer too.
template <MemTablePolicy M>
    requires M::Threads::many
std::string check_memtable_readers(std::uint64_t seed = 1, std::size_t key_count = 600, std::size_t changes = 50'000) {
    return detail::with_seed(detail::MemTableReaders<M>(seed, key_count).run(changes), seed);
}

} // namespace kvilt::laws
