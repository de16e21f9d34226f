// expect: log.commit(
// A policy of the wrong shape is refused by the concept of its slot.
#include <kvilt/compose/composition.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/memtable/reference.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/none.hpp>

using namespace kvilt;

struct NoCommit : log::None {
    template <class Threads>
    struct Log : log::None::Log<Threads> {
        void commit() = delete;
    };
};

using Refused = compose::Composition<memtable::Reference, NoCommit, table::None, partition::Single, replication::None,
                                     conflict::Overwrite>;
