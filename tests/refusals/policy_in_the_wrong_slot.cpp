// expect: Slot::memtable
#include <kvilt/compose/composition.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/none.hpp>

using namespace kvilt;

using Refused =
    compose::Composition<log::None, log::None, table::None, partition::Single, replication::None, conflict::Overwrite>;
