// Answers to another node that compares its copies with ours.
#pragma once

#include <kvilt/cluster/copies.hpp>
#include <kvilt/cluster/payload.hpp>

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

namespace kvilt::cluster {

// Both sides of a comparison use it, and so build the same tree over the shards that they have in common.
// Thread-safe under threads::Many.
template <class P>
class Comparer {
public:
    explicit Comparer(Copies<P>& copies) : copies_(copies) {}

    // u64 for each of the nodes (u32) in `nodes` on `level` of the tree. To be asked for the root brings it up to date.
    Result<std::string> digests(const std::vector<ShardId>& common, std::uint64_t level, Bytes nodes) {
        const std::lock_guard lock(mutex_);
        if (level == 0) KVILT_TRY(refresh(common));
        const PairTree tree(copies_.tree(), common);
        if (level >= tree.levels()) return failure(Errc::invalid_argument, "compare", "the tree has no such level");
        std::vector<std::uint64_t> digests;
        for (const std::uint32_t node : payload::read_numbers<std::uint32_t>(nodes))
            digests.push_back(node < tree.width(level) ? tree.digest(level, node) : 0);
        return payload::numbers(digests);
    }

    // The tree brought up to date.
    Result<PairTree> tree(const std::vector<ShardId>& common) {
        const std::lock_guard lock(mutex_);
        KVILT_TRY(refresh(common));
        return PairTree(copies_.tree(), common);
    }

    // Keys and digests of cells in `leaves`, which ascend, by shard and key.
    Result<std::string> marks(const std::vector<ShardId>& common, const std::vector<std::uint32_t>& leaves) {
        std::string marks;
        const std::size_t per_shard = copies_.tree().leaves_per_shard();
        for (std::size_t begin = 0, end = 0; begin < leaves.size(); begin = end) {
            const std::size_t place = leaves[begin] / per_shard;
            if (place >= common.size()) return failure(Errc::invalid_argument, "compare", "the tree has no such leaf");
            std::vector<std::size_t> wanted;
            for (end = begin; end < leaves.size() && leaves[end] / per_shard == place; ++end)
                wanted.push_back(common[place] * per_shard + leaves[end] % per_shard);
            KVILT_TRY(append_marks(common[place], wanted, marks));
        }
        return marks;
    }

private:
    Result<void> refresh(const std::vector<ShardId>& common) {
        for (const ShardId shard : common) KVILT_TRY(copies_.refresh(shard));
        return {};
    }

    Result<void> append_marks(ShardId shard, const std::vector<std::size_t>& leaves, std::string& marks) const {
        return copies_.walk(shard, {}, false, [&](Bytes key, const Cell& cell) {
            if (std::binary_search(leaves.begin(), leaves.end(), copies_.tree().leaf_of(shard, key)))
                payload::append_mark(marks, shard, key, digest_of(cell));
            return true;
        });
    }

    Copies<P>& copies_;
    [[no_unique_address]] typename P::Threads::Mutex mutex_{};
};

} // namespace kvilt::cluster
