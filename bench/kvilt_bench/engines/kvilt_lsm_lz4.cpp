// The durable LSM store with compressed blocks.
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/table/compression_lz4.hpp>
#include <kvilt/table/lsm.hpp>
#include <kvilt/table/reads_cached.hpp>

#include "kvilt.hpp"

namespace bench {

std::unique_ptr<Engine> open_lsm_lz4(const EngineOptions& options) {
    return open_kvilt<kvilt::Store<kvilt::memtable::Art<kvilt::threads::Many>, kvilt::log::Mapped,
                                   kvilt::table::Lsm<kvilt::compression::Lz4, kvilt::reads::Cached>>>(options);
}

} // namespace bench
