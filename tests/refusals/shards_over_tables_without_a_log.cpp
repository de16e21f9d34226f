// expect: kvilt: without a log each shard flushes at its own time
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/lsm.hpp>
using namespace kvilt;

template struct compose::Rules<compose::Composition<memtable::Art<>, log::None, table::Lsm<>, partition::HashMod,
                                                    replication::None, conflict::Overwrite>>;
