// Many threads on a skip list in memory, whose segments are cleaned.
#include <kvilt/kvilt.hpp>

#include "threads.hpp"

using namespace kvilt;

TEST_CASE("many threads see whole batches and no step back in memory") {
    threads_test::stress<Store<memtable::SkipList<threads::Many>>>({.log = {.segment_bytes_min = 4_KiB}});
}

// What a snapshot keeps stands in the chains of the readers of now: they must not take it for the newest.
TEST_CASE("a reader of the newest never meets what is kept for a snapshot") {
    Store<memtable::Hash<threads::Many>> store;
    store.put("count", 0U).value();
    std::atomic<bool> done{false};
    std::atomic<std::size_t> back{0};
    std::thread reader([&] {
        for (unsigned before = 0; !done.load();) {
            const unsigned now = store.get<unsigned>("count").value().value();
            back += now < before;
            before = now;
        }
    });
    std::thread keeper([&] {
        while (!done.load()) {
            const auto snapshot = store.snapshot();
            std::this_thread::yield();
        }
    });
    for (unsigned n = 1; n <= 100'000; ++n) store.put("count", n).value();
    done.store(true);
    reader.join();
    keeper.join();
    CHECK(back == 0);
}
