// What a request will read at the homes of its key, fetched there at the same time: nodes of one process wait for one
// memory.
#pragma once

#include <kvilt/cluster/seat.hpp>
#include <kvilt/cluster/stored_key.hpp>
#include <kvilt/engine/side_by_side.hpp>

#include <array>
#include <optional>
#include <span>

namespace kvilt::cluster {

// One home of a key: the node is kept from ending while this lives.
template <class Ring>
class HomeApproach {
public:
    HomeApproach(Seat<Ring>& seat, Bytes stored_key) : pass_(seat.pass()) {
        if (pass_) way_.emplace(seat.member()->engine(), stored_key);
    }
    bool step() noexcept { return way_ && way_->step(); }

private:
    typename Seat<Ring>::Pass pass_;
    std::optional<typename Member<Ring>::Engine::Approach> way_{};
};

// `homes` are at most `max`. Changes nothing, and promises nothing.
template <class Ring, std::size_t max, class Seats>
void approach(const Seats& seats, std::span<const NodeId> homes, ShardId shard, Bytes key) {
    const StoredKey stored = StoredKey::data(shard, key);
    std::array<std::optional<HomeApproach<Ring>>, max> ways;
    for (std::size_t n = 0; n < homes.size(); ++n) ways[n].emplace(*seats[homes[n].number], stored);
    for (bool more = true; more;) {
        more = false;
        for (auto& way : ways) more |= way && way->step();
    }
}

} // namespace kvilt::cluster
