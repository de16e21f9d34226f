// expect: kvilt: an evicting memtable forgets records
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/none.hpp>
using namespace kvilt;

struct FileLog : log::None {
    static constexpr Capabilities provides{Capability::durable};
};

template struct compose::Rules<compose::Composition<memtable::Cache<>, FileLog, table::None, partition::Single,
                                                    replication::None, conflict::Overwrite>>;
