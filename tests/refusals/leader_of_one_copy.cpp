// expect: kvilt: LeaderFollower<N, ack> has 2 to 16 copies
#include <kvilt/replication/leader_follower.hpp>

template struct kvilt::replication::LeaderFollower<1>;
