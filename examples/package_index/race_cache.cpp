#include <kvilt/memtable/cache.hpp>

#include "race.hpp"

Figures race_cache(const Dump& dump) {
    using HashCache = kvilt::Store<kvilt::memtable::Cache<>>;
    HashCache store{{.memtable = {.bytes_max = 1 << 30}}}; // larger than any index: nothing is evicted
    return race("hash cache", store, dump);
}
