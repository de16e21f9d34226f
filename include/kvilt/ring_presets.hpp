// Well-known designs with copies as aliases. docs/presets.md
#pragma once

#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/partition/redis_slots.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/partition/slots.hpp>
#include <kvilt/replication/leader_follower.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/lsm.hpp>

namespace kvilt::presets {

// Always writable: a sloppy quorum on a ring of virtual nodes, hints for who is away, siblings by vector clocks.
using Dynamo = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>, partition::Ring<128>,
                     replication::Quorum<3, 2, 2, Mode::sloppy>, conflict::VectorClock<>>;

// The level of each request decides; the last write wins. Sixteen points a node; tables in tiers.
using Cassandra = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<compaction::Tiered, filter::Bloom<10>>,
                        partition::Ring<16>, replication::Quorum<3, 1, 1>, conflict::LastWriteWins<>>;

// Sixty-four fixed partitions, dotted siblings.
using Riak = Store<memtable::Art<threads::Many>, log::Mapped, table::None, partition::Slots<64>,
                   replication::Quorum<3, 2, 2, Mode::sloppy>, conflict::VectorClock<>>;

// Slots by CRC-16 and hash tags; each has a leader and one follower, which may lack the last writes when it takes over.
using RedisCluster = Store<memtable::Art<threads::Many>, log::Mapped, table::None, partition::RedisSlots,
                           replication::LeaderFollower<2, Ack::async>, conflict::Overwrite>;

} // namespace kvilt::presets
