// expect: kvilt: a leader puts the writes of a key in one order
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/leader_follower.hpp>
#include <kvilt/table/none.hpp>
using namespace kvilt;

template struct compose::Rules<compose::Composition<memtable::Art<>, log::Mapped, table::None, partition::Single,
                                                    replication::LeaderFollower<3>, conflict::LastWriteWins<>>>;
