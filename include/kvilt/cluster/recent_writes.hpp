// The keys that a leader has written last: what a follower that is not far behind lacks.
#pragma once

#include <kvilt/core/node.hpp>

#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <utility>

namespace kvilt::cluster {

// All that were written after the sequence `floor`. Bounded by count and by the bytes of their cells.
class RecentWrites {
public:
    RecentWrites(std::size_t count_max, std::size_t bytes_max) : count_max_(count_max), bytes_max_(bytes_max) {}

    void begin(std::uint64_t floor) {
        writes_.clear();
        bytes_ = 0;
        floor_ = floor;
    }

    void add(std::uint64_t sequence, ShardId shard, Bytes key, std::size_t cell_bytes) {
        writes_.push_back({sequence, shard, std::string(key), key.size() + cell_bytes});
        bytes_ += writes_.back().bytes;
        while (writes_.size() > count_max_ || (bytes_ > bytes_max_ && writes_.size() > 1)) {
            floor_ = writes_.front().sequence;
            bytes_ -= writes_.front().bytes;
            writes_.pop_front();
        }
    }

    bool reach_back_to(std::uint64_t sequence) const noexcept { return floor_ <= sequence; }

    // Calls visit(shard, key) once for each key that was written after `sequence`.
    template <class Visit>
    void for_each_key_after(std::uint64_t sequence, Visit visit) const {
        std::set<std::pair<ShardId, Bytes>> seen;
        for (const Write& write : writes_)
            if (write.sequence > sequence && seen.insert({write.shard, write.key}).second)
                visit(write.shard, write.key);
    }

private:
    struct Write {
        std::uint64_t sequence;
        ShardId shard;
        std::string key;
        std::size_t bytes;
    };
    std::size_t count_max_;
    std::size_t bytes_max_;
    std::deque<Write> writes_{};
    std::size_t bytes_ = 0;
    std::uint64_t floor_ = 0;
};

} // namespace kvilt::cluster
