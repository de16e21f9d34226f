// Many threads on shards: batches over several of them too are seen whole.
#include <kvilt/kvilt.hpp>

#include "threads.hpp"

using namespace kvilt;

TEST_CASE("many threads see whole batches over shards and no step back") {
    threads_test::stress<Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>, partition::HashMod>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 128_KiB, .merge_after_reads = 8},
         .partition = {.shards = 3}});
}
