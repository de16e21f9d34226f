// Many threads on a hash table over a mapped log, whose segments are cleaned.
#include <kvilt/kvilt.hpp>

#include "threads.hpp"

using namespace kvilt;

TEST_CASE("many threads see whole batches and no step back over a log that is cleaned") {
    threads_test::stress<Store<memtable::Hash<threads::Many>, log::Mapped>>({.log = {.segment_bytes_min = 4_KiB}});
}
