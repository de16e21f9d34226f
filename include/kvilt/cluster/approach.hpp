// What a request will read at the homes of its key, fetched there at the same time: nodes of one process wait for one
// memory.
#pragma once

#include <kvilt/cluster/seat.hpp>
#include <kvilt/cluster/stored_key.hpp>
#include <kvilt/engine/approach.hpp>

#include <array>
#include <optional>
#include <span>

namespace kvilt::cluster {

// The way to a key in one of its homes. While it lives the node does not end.
template <class Ring>
class HomeApproach {
public:
    void begin(Seat<Ring>& seat, Bytes stored_key, engine::For purpose) {
        pass_.emplace(seat.gate());
        if (*pass_) way_.emplace(seat.member()->engine().state(), stored_key, purpose);
    }
    bool step() { return way_ && way_->step(); }

private:
    std::optional<typename Seat<Ring>::Pass> pass_{};
    std::optional<engine::Approach<typename Ring::P>> way_{};
};

// `homes` are at most `max`. Changes nothing, and promises nothing.
template <class Ring, std::size_t max, class Seats>
void approach(const Seats& seats, std::span<const NodeId> homes, ShardId shard, Bytes key, engine::For purpose) {
    const StoredKey stored = StoredKey::data(shard, key);
    std::array<HomeApproach<Ring>, max> ways;
    for (std::size_t n = 0; n < homes.size(); ++n) ways[n].begin(*seats[homes[n].number], stored, purpose);
    descend(std::span<HomeApproach<Ring>>(ways));
}

} // namespace kvilt::cluster
