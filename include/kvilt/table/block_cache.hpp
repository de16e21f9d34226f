// A cache of checked, unpacked blocks, shared by all table files of one store.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/threads.hpp>
#include <kvilt/table/block.hpp>

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

namespace kvilt {

struct BlockCacheStats {
    std::uint64_t bytes = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
};

// Replaces by SIEVE: blocks queue in the order they came, a hit only sets a bit, and a hand walks from the oldest to
// the newest, evicts the first without the bit and clears the bits it passes. A scan therefore does not wash out what
// is read again and again. Sharded; thread-safe under threads::Many.
template <ThreadsTag Threads>
class BlockCache {
    struct Block;

public:
    struct Key {
        std::uint64_t file = 0;
        std::uint64_t block = 0;
        friend bool operator==(const Key&, const Key&) = default;
    };

    // Keeps a block in memory, in the cache or not. One object is for one thread at a time; copies are independent.
    class Pin {
    public:
        Pin() = default;
        Pin(const Pin& other) noexcept : block_(other.block_) {
            if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
        }
        Pin(Pin&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
        Pin& operator=(Pin other) noexcept {
            std::swap(block_, other.block_);
            return *this;
        }
        ~Pin() { release(block_); }

        explicit operator bool() const noexcept { return block_ != nullptr; }
        const table_file::BlockView& view() const noexcept { return block_->view; }
        Bytes bytes() const noexcept { return {block_->data(), block_->bytes}; }

    private:
        friend BlockCache;
        explicit Pin(Block* block) noexcept : block_(block) {} // takes over one reference
        Block* block_ = nullptr;
    };

    // `bytes_max` counts blocks in the cache with their overhead; pinned blocks that it has let go are their readers'.
    explicit BlockCache(std::size_t bytes_max)
        : shards_(Threads::many ? std::clamp<std::size_t>(bytes_max / shard_bytes_min, 1, shards_max) : 1) {
        for (Shard& shard : shards_) shard.bytes_max = bytes_max / shards_.size();
    }
    BlockCache(const BlockCache&) = delete;
    BlockCache& operator=(const BlockCache&) = delete;
    ~BlockCache() {
        for (Shard& shard : shards_)
            while (shard.oldest != nullptr) shard.remove(shard.oldest);
    }

    // An empty pin if the block is not here.
    Pin find(const Key& key) {
        const std::uint64_t hash = hash_of(key);
        Shard& shard = shard_of(hash);
        const std::lock_guard lock(shard.mutex);
        Block* const block = shard.find(key, hash);
        if (block == nullptr) {
            ++shard.misses;
            return {};
        }
        ++shard.hits;
        block->visited = true;
        block->references.fetch_add(1, std::memory_order_relaxed);
        return Pin(block);
    }

    // Room for a block's bytes, 8-byte aligned, which `data` fills; it is not in the cache yet. Throws std::bad_alloc.
    static Pin allocate(std::size_t bytes, char*& data) {
        Block* const block = new (::operator new(sizeof(Block) + bytes)) Block(bytes);
        data = block->data();
        return Pin(block);
    }

    // Puts a filled block in; `view` is of its bytes. Returns the block of that key that is in the cache from now on,
    // which may be one that another thread brought meanwhile. A block too large for the cache stays outside.
    Pin insert(const Key& key, Pin pin, const table_file::BlockView& view) {
        Block* const block = pin.block_;
        block->key = key;
        block->hash = hash_of(key);
        block->view = view;
        Shard& shard = shard_of(block->hash);
        if (block->charge() > shard.bytes_max) return pin;
        const std::lock_guard lock(shard.mutex);
        if (Block* const present = shard.find(key, block->hash)) {
            present->references.fetch_add(1, std::memory_order_relaxed);
            return Pin(present);
        }
        shard.make_room(block->charge());
        shard.add(block);
        block->references.fetch_add(1, std::memory_order_relaxed);
        return pin;
    }

    BlockCacheStats stats() const {
        BlockCacheStats stats;
        for (const Shard& shard : shards_) {
            const std::lock_guard lock(shard.mutex);
            stats.bytes += shard.bytes;
            stats.hits += shard.hits;
            stats.misses += shard.misses;
        }
        return stats;
    }

private:
    static constexpr std::size_t shards_max = 16;
    static constexpr std::size_t shard_bytes_min = std::size_t{1} << 20;

    struct alignas(16) Block {
        explicit Block(std::size_t size) noexcept : bytes(size) {}

        char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
        std::size_t charge() const noexcept { return sizeof(Block) + bytes; }

        typename Threads::template Atomic<std::uint32_t> references{1};
        bool visited = false; // this and the links: under the shard's lock
        Key key{};
        std::uint64_t hash = 0;
        std::size_t bytes;
        table_file::BlockView view{};
        Block* chained = nullptr; // in the same bucket
        Block* newer = nullptr;
        Block* older = nullptr;
    };

    static void release(Block* block) noexcept {
        if (block == nullptr || block->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
        block->~Block();
        ::operator delete(block);
    }

    struct Shard {
        Block* find(const Key& key, std::uint64_t hash) const noexcept {
            if (buckets.empty()) return nullptr;
            Block* block = buckets[hash & (buckets.size() - 1)];
            while (block != nullptr && block->key != key) block = block->chained;
            return block;
        }

        void add(Block* block) {
            if (count == buckets.size()) grow();
            Block*& bucket = buckets[block->hash & (buckets.size() - 1)];
            block->chained = std::exchange(bucket, block);
            block->older = newest;
            (newest == nullptr ? oldest : newest->newer) = block;
            newest = block;
            bytes += block->charge();
            ++count;
        }

        void remove(Block* block) noexcept {
            Block** link = &buckets[block->hash & (buckets.size() - 1)];
            while (*link != block) link = &(*link)->chained;
            *link = block->chained;
            (block->older == nullptr ? oldest : block->older->newer) = block->newer;
            (block->newer == nullptr ? newest : block->newer->older) = block->older;
            if (hand == block) hand = block->newer;
            bytes -= block->charge();
            --count;
            release(block);
        }

        void make_room(std::size_t wanted) noexcept {
            while (bytes + wanted > bytes_max) {
                if (hand == nullptr) hand = oldest;
                if (std::exchange(hand->visited, false))
                    hand = hand->newer;
                else
                    remove(hand);
            }
        }

        void grow() {
            std::vector<Block*> larger(std::max<std::size_t>(64, buckets.size() * 2));
            for (Block* block = oldest; block != nullptr; block = block->newer) {
                Block*& bucket = larger[block->hash & (larger.size() - 1)];
                block->chained = std::exchange(bucket, block);
            }
            buckets = std::move(larger);
        }

        mutable typename Threads::Mutex mutex;
        std::vector<Block*> buckets{}; // a power of two
        Block* oldest = nullptr;
        Block* newest = nullptr;
        Block* hand = nullptr;
        std::size_t count = 0;
        std::size_t bytes = 0;
        std::size_t bytes_max = 0;
        std::uint64_t hits = 0;
        std::uint64_t misses = 0;
    };

    static std::uint64_t hash_of(const Key& key) noexcept { return mix(key.file, key.block); }
    Shard& shard_of(std::uint64_t hash) noexcept { return shards_[(hash >> 32) % shards_.size()]; }

    std::vector<Shard> shards_; // sized once
};

} // namespace kvilt
