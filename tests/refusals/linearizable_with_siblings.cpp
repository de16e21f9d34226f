// expect: kvilt: linearizable quorums order writes by times
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/table/none.hpp>
using namespace kvilt;

template struct compose::Rules<
    compose::Composition<memtable::Art<>, log::Mapped, table::None, partition::Ring<>,
                         replication::Quorum<3, 2, 2, Mode::linearizable>, conflict::VectorClock<>>>;
