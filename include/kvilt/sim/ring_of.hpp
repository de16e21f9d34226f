// The ring of a Store, to be simulated.
// docs/testing.md
#pragma once

#include <kvilt/cluster/member.hpp>
#include <kvilt/store.hpp>

namespace kvilt::sim {

namespace detail {
template <class S>
struct RingOf;
template <class MemTable, class Log, class Table, class Partition, class Replication, class Conflict>
struct RingOf<Store<MemTable, Log, Table, Partition, Replication, Conflict>> {
    static_assert(Replication::copies > 1, "kvilt: a store without copies is no ring to simulate; its crashes are: "
                                           "sim/crash_campaign.hpp.");
    using type = cluster::RingParts<engine::Parts<MemTable, Log, Table, cluster::OrderOf<Conflict, Replication>>,
                                    Partition, Replication>;
};
} // namespace detail

// What RingWorld<> and RingCampaign<> run: the very nodes of such a store.
template <class S>
using RingOf = typename detail::RingOf<S>::type;

} // namespace kvilt::sim
