// expect: kvilt: compressed blocks cannot be read in place from a mapped file. Add reads::Cached
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/memtable/reference.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/lsm.hpp>
using namespace kvilt;

struct Squeeze : compression::None {
    static constexpr compression::Kind kind = compression::Kind::lz4;
};

template struct compose::Rules<compose::Composition<memtable::Reference, log::None, table::Lsm<reads::Mapped, Squeeze>,
                                                    partition::Single, replication::None, conflict::Overwrite>>;
