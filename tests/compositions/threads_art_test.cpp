// Many threads on a radix tree over a mapped log and tables.
#include <kvilt/kvilt.hpp>

#include "threads.hpp"

using namespace kvilt;

TEST_CASE("many threads see whole batches and no step back over tables") {
    threads_test::stress<Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>>>(
        {.memtable = {.bytes_max = 64_KiB},
         .log = {.segment_bytes_min = 4_KiB},
         .table = {.file_bytes_max = 64_KiB, .level_bytes_base = 128_KiB}});
}
