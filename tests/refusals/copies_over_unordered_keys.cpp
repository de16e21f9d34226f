// expect: kvilt: copies are compared and repaired by walking their keys in order
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/table/none.hpp>
using namespace kvilt;

template struct compose::Rules<compose::Composition<memtable::Hash<>, log::Mapped, table::None, partition::Ring<>,
                                                    replication::Quorum<3, 2, 2>, conflict::LastWriteWins<>>>;
