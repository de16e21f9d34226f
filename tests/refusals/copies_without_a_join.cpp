// expect: kvilt: copies that take writes on their own diverge
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/memtable/reference.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/none.hpp>
using namespace kvilt;

struct ThreeEquals : replication::None {
    static constexpr Capabilities provides{Capability::replicated};
    static constexpr std::size_t copies = 3;
};

template struct compose::Rules<compose::Composition<memtable::Reference, log::None, table::None, partition::Single,
                                                    ThreeEquals, conflict::Overwrite>>;
