// expect: kvilt: a policy needs a capability that no policy of this composition provides.
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/memtable/reference.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/none.hpp>
using namespace kvilt;

struct Merged : conflict::Overwrite {
    static constexpr Capabilities needs{Capability::siblings};
};

template struct compose::Rules<
    compose::Composition<memtable::Reference, log::None, table::None, partition::Single, replication::None, Merged>>;
