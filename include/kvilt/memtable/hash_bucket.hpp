// A small open-addressing table of record pointers: the unit in which the hash index grows.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/prefetch.hpp>
#include <kvilt/core/record.hpp>
#include <kvilt/core/threads.hpp>

#include <bit>

namespace kvilt::memtable::detail {

// A slot's word: a record's address in bits 3 to 47, a tag of 18 bits of its key's hash in the others, and the mark of
// caches in bit 0. The topmost bits of the tag are the home of the key in its bucket, so that a bucket grows
// without a look at a key.
class HashWord {
public:
    HashWord() = default;
    explicit constexpr HashWord(std::uint64_t bits) noexcept : bits_(bits) {}
    HashWord(const LogRecord* record, std::uint64_t hash) noexcept
        : bits_(reinterpret_cast<std::uint64_t>(record) | (hash & tag_mask)) {}

    static constexpr HashWord deleted() noexcept { return HashWord(mark_bit); }

    bool empty() const noexcept { return bits_ == 0; }
    bool live() const noexcept { return (bits_ & address_mask) != 0; }
    bool tagged(std::uint64_t hash) const noexcept { return ((bits_ ^ hash) & tag_mask) == 0; }
    bool marked() const noexcept { return (bits_ & mark_bit) != 0; }
    LogRecord* record() const noexcept { return reinterpret_cast<LogRecord*>(bits_ & address_mask); }

    HashWord with(const LogRecord* record) const noexcept {
        return HashWord((bits_ & ~address_mask) | reinterpret_cast<std::uint64_t>(record));
    }
    HashWord with_mark() const noexcept { return HashWord(bits_ | mark_bit); }
    HashWord without_mark() const noexcept { return HashWord(bits_ & ~mark_bit); }

    // Where a key of this hash, or the one in this word, would like to be among 2^slot_bits slots. No more than 16 bits
    // are known of a word: larger buckets, which only an attack on the hash makes, are filled in clusters.
    static std::size_t home(std::uint64_t hash, unsigned slot_bits) noexcept {
        const std::uint64_t known = hash >> 48;
        return slot_bits <= 16 ? known >> (16 - slot_bits) : known << (slot_bits - 16);
    }
    std::size_t home(unsigned slot_bits) const noexcept { return home(bits_, slot_bits); }

private:
    static constexpr std::uint64_t mark_bit = 1;
    static constexpr std::uint64_t tag_mask = 0xffff'0000'0000'0006;
    static constexpr std::uint64_t address_mask = 0x0000'ffff'ffff'fff8;

    std::uint64_t bits_ = 0;
};

// Head of a bucket; the slots follow it, and then for each slot the bits of its key's hash by which directories choose
// buckets: to split one takes no look at a key. Counts and these bits are the writer's.
template <ThreadsTag Threads>
struct alignas(64) HashBucket {
    using Slot = typename Threads::template Atomic<HashWord>;
    using Below = std::uint16_t; // 16 bits of a hash, those below the tag

    std::uint32_t live = 0;
    std::uint32_t used = 0; // live and deleted
    const unsigned depth;   // how many directory bits its keys share

    explicit HashBucket(unsigned shared_bits) : depth(shared_bits) {}
    Slot* slots() noexcept { return reinterpret_cast<Slot*>(this + 1); }
    Below* below(unsigned slot_bits) noexcept {
        return reinterpret_cast<Below*>(slots() + (std::size_t{1} << slot_bits));
    }

    static constexpr std::size_t bytes_for(unsigned slot_bits) noexcept {
        return round_up(sizeof(HashBucket) + ((sizeof(Slot) + sizeof(Below)) << slot_bits), 128);
    }
};

// Where a bucket is and how many slots it has, in one word: a probe need not touch the bucket's head.
template <ThreadsTag Threads>
class HashBucketRef {
public:
    using Bucket = HashBucket<Threads>;
    using Slot = typename Bucket::Slot;
    using Below = typename Bucket::Below;

    static Below below(std::uint64_t hash) noexcept { return static_cast<Below>(hash >> 32); }

    HashBucketRef() = default;
    HashBucketRef(Bucket* bucket, unsigned slot_bits) noexcept
        : bits_(reinterpret_cast<std::uintptr_t>(bucket) | slot_bits) {}

    friend bool operator==(HashBucketRef, HashBucketRef) = default;

    Bucket* bucket() const noexcept { return reinterpret_cast<Bucket*>(bits_ & ~std::uintptr_t{63}); }
    unsigned slot_bits() const noexcept { return static_cast<unsigned>(bits_ & 63); }
    std::size_t slot_count() const noexcept { return std::size_t{1} << slot_bits(); }
    std::size_t mask() const noexcept { return slot_count() - 1; }
    std::size_t used_max() const noexcept { return slot_count() / 4 * 3; }

    struct Place {
        Slot* slot = nullptr; // null: the key is not there
        HashWord word{};
    };

    Place find(std::uint64_t hash, Bytes key) const noexcept {
        Slot* const slots = bucket()->slots();
        for (std::size_t at = HashWord::home(hash, slot_bits());; at = (at + 1) & mask()) {
            const HashWord word = slots[at].load(std::memory_order_acquire);
            if (word.empty()) return {};
            if (word.tagged(hash) && word.live() && word.record()->key() == key) return {&slots[at], word};
        }
    }

    void prefetch(std::uint64_t hash) const noexcept {
        prefetch_line(bucket()->slots() + HashWord::home(hash, slot_bits()));
    }
    // The record that find() would look at first.
    const LogRecord* first_tagged(std::uint64_t hash) const noexcept {
        Slot* const slots = bucket()->slots();
        for (std::size_t at = HashWord::home(hash, slot_bits());; at = (at + 1) & mask()) {
            const HashWord word = slots[at].load(std::memory_order_acquire);
            if (word.empty()) return nullptr;
            if (word.tagged(hash) && word.live()) return word.record();
        }
    }

    // The writer's: adds a word whose key is not there; there is room.
    void add(HashWord word, Below below) const noexcept {
        Bucket& head = *bucket();
        Slot* const slots = head.slots();
        std::size_t at = word.home(slot_bits());
        HashWord before = slots[at].load(std::memory_order_relaxed);
        while (before.live()) {
            at = (at + 1) & mask();
            before = slots[at].load(std::memory_order_relaxed);
        }
        if (before.empty()) ++head.used;
        ++head.live;
        head.below(slot_bits())[at] = below;
        slots[at].store(word, std::memory_order_release);
    }

    // The writer's. No live word moves, so that a reader on his way to one cannot miss it. Deleted slots before an
    // empty one are on nobody's way and become empty.
    void remove(Slot* slot) const noexcept {
        Bucket& head = *bucket();
        Slot* const slots = head.slots();
        slot->store(HashWord::deleted(), std::memory_order_release);
        --head.live;
        std::size_t at = static_cast<std::size_t>(slot - slots);
        if (!slots[(at + 1) & mask()].load(std::memory_order_relaxed).empty()) return;
        for (HashWord word = HashWord::deleted(); !word.live() && !word.empty();) {
            slots[at].store(HashWord{}, std::memory_order_release);
            --head.used;
            at = (at - 1) & mask();
            word = slots[at].load(std::memory_order_relaxed);
        }
    }

    Below below_at(std::size_t slot) const noexcept { return bucket()->below(slot_bits())[slot]; }

    // Visits the slots that hold a record, with their numbers.
    template <class Visitor>
    void for_each(Visitor visit) const {
        Slot* const slots = bucket()->slots();
        for (std::size_t at = 0; at < slot_count(); ++at)
            if (const HashWord word = slots[at].load(std::memory_order_relaxed); word.live()) visit(word, at);
    }

private:
    std::uintptr_t bits_ = 0;
};

} // namespace kvilt::memtable::detail
