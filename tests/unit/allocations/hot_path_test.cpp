// What a put or a get of 16/100 bytes may cost beside its work: nothing.
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include "allocations.hpp"

using namespace kvilt;

namespace {

struct Key {
    explicit Key(unsigned number) {
        for (char* digit = text + 16; digit != text; number /= 10) *--digit = static_cast<char>('0' + number % 10);
    }
    operator Bytes() const { return {text, 16}; }
    char text[16];
};

// A segment that is full is followed by another, which is not the hot path: what counts stands between two of them.
template <class S>
void count(S& store) {
    const std::string value(100, 'v');
    for (unsigned i = 0; i < 1000; ++i) (void)store.put(Key(i), value).value(); // the first segments, nodes, pins
    (void)store.view(Key(0), [](Bytes) {}).value();
    const auto allocations_of_put = [&](unsigned i) {
        const std::size_t before = allocations_here;
        (void)store.put(Key(i), value).value();
        return allocations_here - before;
    };
    unsigned rotated = 0;
    while (rotated < 1000 && allocations_of_put(rotated) == 0) ++rotated;
    for (unsigned i = 0; i < 200; ++i) CHECK(allocations_of_put(i) == 0);
    std::size_t before = allocations_here;
    for (unsigned i = 0; i < 2000; ++i) (void)store.view(Key(i), [](Bytes) {}).value();
    CHECK(allocations_here - before == 0);
    before = allocations_here;
    for (unsigned i = 0; i < 1000; ++i) REQUIRE(store.get(Key(i)).value()->size() == 100);
    CHECK(allocations_here - before == 1000); // the string that get returns
}

struct Directory {
    Directory() : path("/tmp/kvilt_hot_path_" + std::to_string(Environment::system().random->next())) {}
    ~Directory() {
        const std::string command = "rm -rf " + path;
        if (std::system(command.c_str()) != 0) std::abort();
    }
    std::string path;
};

} // namespace

TEST_CASE("a put and a view of 16/100 bytes do not allocate, a get only what it returns") {
    SUBCASE("in a hash table in memory") {
        Store<memtable::Hash<>> store;
        count(store);
    }
    SUBCASE("in a durable store with tables") {
        const Directory directory;
        auto store = Store<memtable::Art<>, log::Mapped, table::Lsm<>>::open(directory.path,
                                                                             {.log = {.segment_bytes_min = 1_MiB}})
                         .value();
        count(store);
        store.flush().value();
        const std::size_t before = allocations_here;
        for (unsigned i = 0; i < 1000; ++i) CHECK(store.view(Key(i), [](Bytes) {}).value());
        CHECK(allocations_here - before == 0);
    }
    SUBCASE("on three nodes, whose messages are calls") {
        const Directory directory;
        using Ring = Store<memtable::Art<>, log::Mapped, table::None, partition::Ring<>, replication::Quorum<3, 2, 2>,
                           conflict::LastWriteWins<>>;
        auto ring =
            Ring::open(directory.path, {.log = {.segment_bytes_min = 1_MiB}, .partition = {.nodes = 3}}).value();
        count(ring);
    }
    SUBCASE("in a durable store of many threads") {
        const Directory directory;
        auto store = Store<memtable::Hash<threads::Many>, log::Mapped>::open(directory.path,
                                                                             {.log = {.segment_bytes_min = 1_MiB}})
                         .value();
        count(store);
    }
}

TEST_CASE("an empty store takes less than a mebibyte") {
    const Directory directory;
    auto store = Store<memtable::Art<>, log::Mapped, table::Lsm<>>::open(directory.path).value();
    store.put("a", "b").value();
    CHECK(store.stats().memory_bytes() < 1_MiB);
    CHECK(store.stats().disk_bytes() < 1_MiB);
    Store<memtable::Hash<>> in_memory;
    in_memory.put("a", "b").value();
    CHECK(in_memory.stats().memory_bytes() < 1_MiB);
}

TEST_CASE("what is for many threads takes no space where there is one") {
    CHECK(std::is_empty_v<threads::One::Mutex>);
    CHECK(sizeof(threads::One::Atomic<std::uint64_t>) == 8);
}
