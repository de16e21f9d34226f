// The durable LSM store that reads through a cache of its own.
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/table/lsm.hpp>
#include <kvilt/table/reads_cached.hpp>

#include "kvilt.hpp"

namespace bench {

std::unique_ptr<Engine> open_lsm_cached(const EngineOptions& options) {
    return open_kvilt<kvilt::Store<kvilt::memtable::Art<kvilt::threads::Many>, kvilt::log::Mapped,
                                   kvilt::table::Lsm<kvilt::reads::Cached>>>(options);
}

} // namespace bench
