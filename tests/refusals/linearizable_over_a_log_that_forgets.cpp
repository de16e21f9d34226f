// expect: kvilt: a copy that forgets in a crash what it has acknowledged
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/table/none.hpp>
using namespace kvilt;

template struct compose::Rules<
    compose::Composition<memtable::Art<>, log::Buffered, table::None, partition::Ring<>,
                         replication::Quorum<3, 2, 2, Mode::linearizable>, conflict::LastWriteWins<>>>;
