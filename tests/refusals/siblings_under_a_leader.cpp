// expect: kvilt: a leader puts the writes of a key in one order
#include <kvilt/cluster/leader_order.hpp>
#include <kvilt/conflict/vector_clock.hpp>

template struct kvilt::cluster::LeaderOrder<kvilt::conflict::VectorClock<>>;
