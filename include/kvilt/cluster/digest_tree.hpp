// What a node holds, as numbers that can be compared: a leaf for a part of each shard (Merkle 1987; Dynamo, 4.7).
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/core/node.hpp>
#include <kvilt/core/prefetch.hpp>
#include <kvilt/core/threads.hpp>

#include <algorithm>
#include <bit>
#include <memory>
#include <string>
#include <vector>

namespace kvilt::cluster {

// A leaf's digest is the sum over its records of mix(hash of the key, digest of the cell): their order does not
// matter. A write only marks its leaf as dirty; who compares rebuilds dirty leaves first, from what is stored.
// `touch` may be called by any thread, the rest by one at a time.
template <ThreadsTag Threads>
class DigestTree {
public:
    explicit DigestTree(std::size_t shards)
        : leaves_per_shard_(std::clamp<std::size_t>(std::bit_floor(leaves_wanted / shards), 1, 1024)),
          digests_(shards * leaves_per_shard_), dirty_(std::make_unique<Flag[]>(shards * leaves_per_shard_)) {
        for (std::size_t leaf = 0; leaf < digests_.size(); ++leaf) dirty_[leaf].store(true);
    }

    std::size_t leaves_per_shard() const noexcept { return leaves_per_shard_; }
    std::size_t leaves() const noexcept { return digests_.size(); }
    [[gnu::always_inline]] std::size_t leaf_of(ShardId shard, Bytes key) const noexcept {
        return shard * leaves_per_shard_ + (mix(hash_key(key), 1) & (leaves_per_shard_ - 1));
    }

    // The leaf of a key that is about to be written, fetched: a tree is larger than the fast caches.
    std::size_t prefetch(ShardId shard, Bytes key) const noexcept {
        const std::size_t leaf = leaf_of(shard, key);
        prefetch_line(&dirty_[leaf]);
        return leaf;
    }

    // After the write can be read.
    void touch(std::size_t leaf) noexcept {
        Flag& flag = dirty_[leaf];
        if (!flag.load(std::memory_order_relaxed)) flag.store(true, std::memory_order_release);
    }
    void touch(ShardId shard, Bytes key) noexcept { touch(leaf_of(shard, key)); }

    bool dirty(ShardId shard) const noexcept {
        for (std::size_t leaf = first(shard); leaf < first(shard + 1); ++leaf)
            if (dirty_[leaf].load(std::memory_order_acquire)) return true;
        return false;
    }

    // Rebuilds the dirty leaves of a shard. walk(visit) calls visit(key, cell digest) for each record of it, as they
    // stand after the call of rebuild; an error leaves the leaves dirty.
    template <class Walk>
    auto rebuild(ShardId shard, Walk walk) {
        std::vector<std::uint64_t> sums(leaves_per_shard_);
        std::vector<bool> wanted(leaves_per_shard_);
        for (std::size_t at = 0; at < leaves_per_shard_; ++at)
            wanted[at] = dirty_[first(shard) + at].exchange(false, std::memory_order_acq_rel);
        auto walked = walk([&](Bytes key, std::uint64_t cell) {
            sums[leaf_of(shard, key) - first(shard)] += mix(hash_key(key), cell);
        });
        for (std::size_t at = 0; at < leaves_per_shard_; ++at) {
            if (!wanted[at]) continue;
            if (walked)
                digests_[first(shard) + at] = sums[at];
            else
                dirty_[first(shard) + at].store(true);
        }
        return walked;
    }

    std::uint64_t digest(std::size_t leaf) const noexcept { return digests_[leaf]; }

    // What is known of the leaves that are not dirty, for a tree that begins with the same records. Not beside writes.
    //
    // u64 leaves | a bit a leaf, from the lowest: 1 says not dirty | u64 digest of each such leaf that has records, in
    // their order, behind a bit a leaf that says so
    std::string text() const {
        std::string text;
        coding::append(text, static_cast<std::uint64_t>(leaves()));
        append_bits(text, [this](std::size_t leaf) { return !dirty_[leaf].load(); });
        append_bits(text, [this](std::size_t leaf) { return is_told(leaf); });
        for (std::size_t leaf = 0; leaf < leaves(); ++leaf)
            if (is_told(leaf)) coding::append(text, digests_[leaf]);
        return text;
    }

    // False: it is not the text of such a tree, and all leaves are dirty.
    bool read(Bytes text) noexcept {
        const std::size_t head = sizeof(std::uint64_t), bits = (leaves() + 7) / 8;
        if (text.size() < head + 2 * bits || coding::load<std::uint64_t>(text.data()) != leaves()) return false;
        const auto bit = [](Bytes of, std::size_t leaf) { return (of[leaf / 8] >> leaf % 8 & 1) != 0; };
        const Bytes clean = text.substr(head, bits), told = text.substr(head + bits, bits);
        Bytes digests = text.substr(head + 2 * bits);
        std::size_t expected = 0;
        for (std::size_t leaf = 0; leaf < leaves(); ++leaf) expected += bit(told, leaf);
        if (digests.size() != expected * sizeof(std::uint64_t)) return false;
        for (std::size_t leaf = 0; leaf < leaves(); ++leaf) {
            dirty_[leaf].store(!bit(clean, leaf));
            if (!bit(told, leaf)) continue;
            digests_[leaf] = coding::load<std::uint64_t>(digests.data());
            digests.remove_prefix(sizeof(std::uint64_t));
        }
        return true;
    }

private:
    static constexpr std::size_t leaves_wanted = std::size_t{1} << 16;
    using Flag = typename Threads::template Atomic<bool>;

    bool is_told(std::size_t leaf) const noexcept { return digests_[leaf] != 0 && !dirty_[leaf].load(); }
    template <class Bit>
    void append_bits(std::string& to, Bit bit) const {
        for (std::size_t leaf = 0; leaf < leaves(); ++leaf) {
            if (leaf % 8 == 0) to.push_back('\0');
            if (bit(leaf)) to.back() = static_cast<char>(to.back() | 1 << leaf % 8);
        }
    }

    std::size_t first(ShardId shard) const noexcept { return shard * leaves_per_shard_; }

    std::size_t leaves_per_shard_;
    std::vector<std::uint64_t> digests_;
    std::unique_ptr<Flag[]> dirty_;
};

// The leaves that two nodes have in common, as a tree of `fan` children a node. Both build the same from the same
// placement, so that a node of it is a number. Level 0 is the root.
class PairTree {
public:
    static constexpr std::size_t fan = 16;

    // `shards` are those that both are homes of, ascending.
    template <class Tree>
    PairTree(const Tree& tree, std::vector<ShardId> shards)
        : shards_(std::move(shards)), leaves_per_shard_(tree.leaves_per_shard()) {
        std::vector<std::uint64_t> level;
        for (const ShardId shard : shards_)
            for (std::size_t at = 0; at < leaves_per_shard_; ++at)
                level.push_back(tree.digest(shard * leaves_per_shard_ + at));
        levels_.push_back(level);
        while (levels_.back().size() > 1) levels_.push_back(parents(levels_.back()));
        std::reverse(levels_.begin(), levels_.end());
    }

    std::size_t levels() const noexcept { return levels_.size(); }
    std::size_t width(std::size_t level) const noexcept { return levels_[level].size(); }
    std::uint64_t digest(std::size_t level, std::size_t node) const noexcept { return levels_[level][node]; }
    std::uint64_t root() const noexcept { return levels_.front().empty() ? 0 : levels_.front().front(); }
    bool leaf_level(std::size_t level) const noexcept { return level + 1 == levels_.size(); }

    ShardId shard_of_leaf(std::size_t leaf) const noexcept { return shards_[leaf / leaves_per_shard_]; }
    // As DigestTree numbers it.
    std::size_t tree_leaf(std::size_t leaf) const noexcept {
        return shard_of_leaf(leaf) * leaves_per_shard_ + leaf % leaves_per_shard_;
    }

private:
    static std::vector<std::uint64_t> parents(const std::vector<std::uint64_t>& children) {
        std::vector<std::uint64_t> level;
        for (std::size_t begin = 0; begin < children.size(); begin += fan) {
            const std::size_t count = std::min(fan, children.size() - begin);
            level.push_back(checksum64({reinterpret_cast<const char*>(children.data() + begin), count * 8}, count));
        }
        return level;
    }

    std::vector<ShardId> shards_;
    std::size_t leaves_per_shard_;
    std::vector<std::vector<std::uint64_t>> levels_; // from the root
};

} // namespace kvilt::cluster
