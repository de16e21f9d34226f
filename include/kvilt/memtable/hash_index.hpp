// Extendible hashing: a directory of small open-addressing buckets, each growing and splitting on its own, so that no
// put ever waits for more than one bucket to be copied.
#pragma once

#include <kvilt/core/node_pool.hpp>
#include <kvilt/core/prefetch.hpp>
#include <kvilt/memtable/concept.hpp>
#include <kvilt/memtable/hash_bucket.hpp>

#include <cassert>
#include <limits>

namespace kvilt::memtable::detail {

// One writer, any number of readers without locks. A bucket is never changed in a way that hides a key from a reader;
// what grows, splits or shrinks is a copy, published in the directory. `Marks`: find() marks what it finds.
template <ThreadsTag Threads, bool Marks>
class HashIndex {
    using Bucket = HashBucket<Threads>;
    using BucketRef = HashBucketRef<Threads>;
    using Slot = typename BucketRef::Slot;
    using Below = typename BucketRef::Below;

public:
    class Descent {
    public:
        Descent() = default;
        Descent(const HashIndex& index, Bytes key) noexcept
            : key_(key), hash_(hash_key(key)), bucket_(index.bucket_of(hash_)), waits_(true) {
            bucket_.prefetch(hash_);
        }

        bool step() noexcept {
            if (!waits_) return false;
            waits_ = false;
            LogRecord::prefetch(bucket_.first_tagged(hash_));
            return true;
        }
        LogRecord* record() const noexcept { return find_in(bucket_, hash_, key_); }

    private:
        Bytes key_{};
        std::uint64_t hash_ = 0;
        BucketRef bucket_{};
        bool waits_ = false;
    };

    explicit HashIndex(Epochs<Threads>& epochs) : epochs_(epochs), pool_(epochs, bucket_bytes()) {
        auto directory = std::make_unique<Directory>(0);
        directory->entries[0].store(make_bucket(0, slot_bits_min));
        directory_.store(directory.release());
    }
    HashIndex(const HashIndex&) = delete;
    HashIndex& operator=(const HashIndex&) = delete;
    ~HashIndex() { delete directory_.load(std::memory_order_relaxed); }

    LogRecord* put(LogRecord* record) {
        const Bytes key = record->key();
        const std::uint64_t hash = hash_key(key);
        BucketRef bucket = bucket_of(hash);
        if (const auto place = bucket.find(hash, key); place.slot != nullptr) {
            LogRecord* const former = place.word.record();
            record->set_older(former);
            place.slot->store(place.word.with(record), std::memory_order_release);
            return former;
        }
        while (bucket.bucket()->used >= bucket.used_max()) bucket = make_room(bucket, hash);
        record->set_older(nullptr);
        bucket.add(HashWord(record, hash), BucketRef::below(hash));
        count_.store(count() + 1, std::memory_order_relaxed);
        return nullptr;
    }

    LogRecord* find(Bytes key) const {
        const std::uint64_t hash = hash_key(key);
        return find_in(bucket_of(hash), hash, key);
    }

    void replace(LogRecord* head, LogRecord* with) {
        const auto place = place_of(head);
        if (place.slot != nullptr) place.slot->store(place.word.with(with), std::memory_order_release);
    }

    void erase(LogRecord* head) {
        const std::uint64_t hash = hash_key(head->key());
        const auto place = place_of(head);
        if (place.slot == nullptr) return;
        const BucketRef bucket = bucket_of(hash);
        bucket.remove(place.slot);
        count_.store(count() - 1, std::memory_order_relaxed);
        if (bucket.slot_bits() > slot_bits_min && bucket.bucket()->live < bucket.slot_count() / 4)
            rebuild(bucket, hash, bucket.slot_bits() - 1);
        if (pool_.sparse()) pool_.renew([this] { move_buckets(); });
    }

    // The same without a mark.
    LogRecord* peek(Bytes key) const {
        const auto hash = hash_key(key);
        const auto place = bucket_of(hash).find(hash, key);
        return place.slot != nullptr ? place.word.record() : nullptr;
    }

    // Whether `head` is its key's and was marked since it was last asked about. Takes the mark off.
    bool take_mark(LogRecord* head) {
        const auto place = place_of(head);
        if (place.slot == nullptr || !place.word.marked()) return false;
        place.slot->store(place.word.without_mark(), std::memory_order_release);
        return true;
    }

    template <class Visitor>
    void for_each(Visitor visit) const {
        const Directory& directory = *directory_.load(std::memory_order_seq_cst);
        BucketRef last{};
        for (std::size_t at = 0; at < directory.count(); ++at) {
            const BucketRef bucket = directory.entries[at].load(std::memory_order_acquire);
            if (bucket == last) continue; // entries of one bucket are neighbours
            bucket.for_each([&](HashWord word, std::size_t) { visit(word.record()); });
            last = bucket;
        }
    }

    std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
    std::size_t bytes_used() const noexcept { return pool_.bytes() + directory_bytes_.load(std::memory_order_relaxed); }

private:
    static constexpr unsigned slot_bits_min = 3;
    static constexpr unsigned slot_bits_split = 12; // a bucket of 4096 slots splits
    static constexpr unsigned slot_bits_max = 16;
    static constexpr unsigned depth_max = 32;

    static constexpr std::size_t size_classes = slot_bits_max - slot_bits_min + 1;
    static constexpr std::array<std::size_t, size_classes> bucket_bytes() {
        std::array<std::size_t, size_classes> bytes{};
        for (unsigned bits = slot_bits_min; bits <= slot_bits_max; ++bits)
            bytes[bits - slot_bits_min] = Bucket::bytes_for(bits);
        return bytes;
    }

    // Indexed by the hash bits just below those of the tag.
    struct Directory {
        using Entry = typename Threads::template Atomic<BucketRef>;

        explicit Directory(unsigned bits) : depth(bits), entries(std::make_unique<Entry[]>(count())) {}
        std::size_t count() const noexcept { return std::size_t{1} << depth; }
        std::size_t index(std::uint64_t hash) const noexcept { return (hash << 16 >> 1) >> (63 - depth); }

        const unsigned depth;
        const std::unique_ptr<Entry[]> entries;
    };

    static LogRecord* find_in(BucketRef bucket, std::uint64_t hash, Bytes key) noexcept {
        const auto place = bucket.find(hash, key);
        if constexpr (Marks) {
            if (place.slot != nullptr && !place.word.marked()) mark(place.slot, place.word);
        }
        return place.word.record();
    }

    BucketRef bucket_of(std::uint64_t hash) const noexcept {
        const Directory& directory = *directory_.load(std::memory_order_seq_cst);
        return directory.entries[directory.index(hash)].load(std::memory_order_acquire);
    }

    typename BucketRef::Place place_of(LogRecord* head) const noexcept {
        const std::uint64_t hash = hash_key(head->key());
        const auto place = bucket_of(hash).find(hash, head->key());
        return place.word.record() == head ? place : typename BucketRef::Place{};
    }

    // A mark may be lost to the writer, who may store at the same time; never a record.
    static void mark(Slot* slot, HashWord word) noexcept {
        if constexpr (Threads::many)
            slot->compare_exchange_strong(word, word.with_mark(), std::memory_order_relaxed);
        else
            slot->store(word.with_mark());
    }

    BucketRef make_bucket(unsigned depth, unsigned slot_bits) {
        auto* const bucket = ::new (pool_.take(slot_bits - slot_bits_min)) Bucket(depth);
        for (std::size_t at = 0; at < std::size_t{1} << slot_bits; ++at) ::new (bucket->slots() + at) Slot(HashWord{});
        return {bucket, slot_bits};
    }
    void retire(BucketRef bucket) noexcept { pool_.retire(bucket.bucket(), bucket.slot_bits() - slot_bits_min); }

    // Sweeps, doubles or splits the full bucket of `hash`; returns the one that takes its place.
    BucketRef make_room(BucketRef full, std::uint64_t hash) {
        const bool crowded = full.bucket()->live >= full.slot_count() / 2;
        if (!crowded) return rebuild(full, hash, full.slot_bits());
        const bool splits = full.slot_bits() >= slot_bits_split && may_split(full);
        if (!splits && full.slot_bits() < slot_bits_max) return rebuild(full, hash, full.slot_bits() + 1);
        split(full, hash);
        return bucket_of(hash);
    }

    // Hashes chosen by an enemy must not blow up the directory: the bucket grows instead.
    bool may_split(BucketRef full) const noexcept {
        const Directory& directory = *directory_.load(std::memory_order_relaxed);
        return full.bucket()->depth < directory.depth || directory.count() <= count() / 128;
    }

    BucketRef rebuild(BucketRef old, std::uint64_t hash, unsigned slot_bits) {
        const BucketRef fresh = make_bucket(old.bucket()->depth, slot_bits);
        old.for_each([&](HashWord word, std::size_t at) { fresh.add(word, old.below_at(at)); });
        Directory& directory = *directory_.load(std::memory_order_relaxed);
        const std::size_t span = directory.count() >> old.bucket()->depth;
        const std::size_t first = directory.index(hash) & ~(span - 1);
        for (std::size_t at = first; at < first + span; ++at)
            directory.entries[at].store(fresh, std::memory_order_release);
        retire(old);
        return fresh;
    }

    void split(BucketRef full, std::uint64_t hash) {
        const unsigned depth = full.bucket()->depth;
        if (depth == depth_max) throw std::bad_alloc();
        const Directory& before = *directory_.load(std::memory_order_relaxed);
        std::unique_ptr<Directory> doubled;
        if (depth == before.depth) {
            doubled = std::make_unique<Directory>(depth + 1);
            for (std::size_t at = 0; at < doubled->count(); ++at)
                doubled->entries[at].store(before.entries[at / 2].load(std::memory_order_relaxed),
                                           std::memory_order_relaxed);
        }
        const BucketRef low = make_bucket(depth + 1, full.slot_bits());
        const BucketRef high = make_bucket(depth + 1, full.slot_bits());
        distribute(full, depth, low, high);

        const Directory& directory = doubled ? *doubled : before;
        const std::size_t span = directory.count() >> depth;
        const std::size_t first = directory.index(hash) & ~(span - 1);
        for (std::size_t at = first; at < first + span; ++at)
            directory.entries[at].store(at < first + span / 2 ? low : high, std::memory_order_release);
        if (doubled) publish(std::move(doubled));
        retire(full);
    }

    // Beyond 16 bits of the directory, two hundred million keys, keys must be read.
    static void distribute(BucketRef full, unsigned depth, BucketRef low, BucketRef high) {
        constexpr unsigned known = std::numeric_limits<Below>::digits;
        full.for_each([&](HashWord word, std::size_t at) {
            const Below below = full.below_at(at);
            const bool up = depth < known ? (below >> (known - 1 - depth) & 1) != 0
                                          : (hash_key(word.record()->key()) << 16 << depth) >> 63 != 0;
            (up ? high : low).add(word, below);
        });
    }

    // Copies what is left of a much larger index, buckets with few keys joined. No key need be read for that.
    void move_buckets() {
        const Directory& before = *directory_.load(std::memory_order_relaxed);
        unsigned depth = static_cast<unsigned>(std::bit_width(count() / 1024));
        for (std::size_t at = 0; at < before.count(); ++at) depth = std::min(depth, bucket_in(before, at)->depth);
        auto after = std::make_unique<Directory>(depth);
        const std::size_t span = before.count() >> depth;
        for (std::size_t to = 0; to < after->count(); ++to) {
            const auto for_each_old = [&](auto visit) {
                for (std::size_t at = to * span, next; at < (to + 1) * span; at = next) {
                    const BucketRef old = before.entries[at].load(std::memory_order_relaxed);
                    next = at + (before.count() >> old.bucket()->depth);
                    visit(old);
                }
            };
            std::size_t live = 0;
            for_each_old([&](BucketRef old) { live += old.bucket()->live; });
            const auto slot_bits = std::max(slot_bits_min, static_cast<unsigned>(std::bit_width(2 * live)));
            if (slot_bits > slot_bits_max) throw std::bad_alloc();
            const BucketRef fresh = make_bucket(depth, slot_bits);
            for_each_old([&](BucketRef old) {
                old.for_each([&](HashWord word, std::size_t at) { fresh.add(word, old.below_at(at)); });
            });
            after->entries[to].store(fresh, std::memory_order_relaxed);
        }
        publish(std::move(after));
    }

    static const Bucket* bucket_in(const Directory& directory, std::size_t at) noexcept {
        return directory.entries[at].load(std::memory_order_relaxed).bucket();
    }

    void publish(std::unique_ptr<Directory> directory) noexcept {
        directory_bytes_.store(directory->count() * sizeof(BucketRef), std::memory_order_relaxed);
        Directory* const before = directory_.exchange(directory.release(), std::memory_order_seq_cst);
        try {
            epochs_.retire_delete(0, before);
        } catch (const std::bad_alloc&) { // lost, because a reader may hold it
        }
    }

    Epochs<Threads>& epochs_;
    NodePool<Threads, size_classes> pool_;
    typename Threads::template Atomic<Directory*> directory_{nullptr};
    typename Threads::template Atomic<std::size_t> directory_bytes_{sizeof(BucketRef)};
    typename Threads::template Atomic<std::size_t> count_{0};
};

} // namespace kvilt::memtable::detail
