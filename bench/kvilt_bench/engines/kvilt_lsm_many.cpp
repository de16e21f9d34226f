// The durable LSM store, for any thread.
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/table/lsm.hpp>

#include "kvilt.hpp"

namespace bench {

std::unique_ptr<Engine> open_lsm_many(const EngineOptions& options) {
    return open_kvilt<
        kvilt::Store<kvilt::memtable::Art<kvilt::threads::Many>, kvilt::log::Mapped, kvilt::table::Lsm<>>>(options);
}

} // namespace bench
