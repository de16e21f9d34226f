// The block cache keeps its budget and what is read again, and its pins outlive everything.

#include "table_fixture.hpp"
#include <thread>

using namespace kvilt;
using namespace kvilt::test;

namespace {

using Cache = BlockCache<threads::Many>;

Cache::Pin block_of(std::size_t bytes, char fill) {
    char* data = nullptr;
    Cache::Pin pin = Cache::allocate(bytes, data);
    std::fill_n(data, bytes, fill);
    return pin;
}

} // namespace

TEST_CASE("a cache stays within its budget") {
    const std::uint64_t seed = seed_of_run();
    INFO("KVILT_SEED=", seed);
    std::mt19937_64 random(seed);
    for (const std::size_t budget : {std::size_t{0}, std::size_t{100'000}, std::size_t{4'000'000}}) {
        Cache cache(budget);
        for (int i = 0; i < 5000; ++i) {
            const Cache::Key key{random() % 3, random() % 1000};
            if (const Cache::Pin pin = cache.find(key)) {
                REQUIRE(pin.bytes().front() == static_cast<char>(key.block));
            } else {
                const Cache::Pin inserted =
                    cache.insert(key, block_of(1 + random() % 8000, static_cast<char>(key.block)), {});
                REQUIRE(inserted.bytes().front() == static_cast<char>(key.block));
            }
            REQUIRE(cache.stats().bytes <= budget);
        }
        CHECK(cache.stats().hits + cache.stats().misses == 5000);
        CHECK((cache.stats().hits > 0) == (budget > 0));
        CHECK((budget == 0 || cache.stats().bytes > budget / 2));
    }
}

TEST_CASE("a scan does not wash out what is read again and again") {
    Cache cache(1'000'000);
    for (std::uint64_t i = 0; i < 50; ++i) cache.insert({1, i}, block_of(4096, 'h'), {});
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        cache.insert({2, i}, block_of(4096, 's'), {});
        if (i % 50 == 0)
            for (std::uint64_t hot = 0; hot < 50; ++hot) REQUIRE(cache.find({1, hot}));
    }
}

TEST_CASE("pins outlive eviction and the cache itself") {
    Cache::Pin first;
    {
        Cache cache(20'000);
        first = cache.insert({1, 1}, block_of(4096, 'a'), {});
        for (std::uint64_t i = 0; i < 100; ++i) cache.insert({2, i}, block_of(4096, 'b'), {});
        CHECK_FALSE(cache.find({1, 1}));
    }
    const Cache::Pin copy = first;
    first = {};
    CHECK(copy.bytes() == std::string(4096, 'a'));
}

TEST_CASE("of two blocks for one key the first stays") {
    Cache cache(1'000'000);
    const auto first = cache.insert({1, 1}, block_of(10, 'a'), {});
    const auto second = cache.insert({1, 1}, block_of(10, 'b'), {});
    CHECK(second.bytes() == "aaaaaaaaaa");
    CHECK(first.bytes().data() == second.bytes().data());
}

TEST_CASE("reads through a small cache are right, and a large one ends the reading") {
    const Records records = nasty_records(11, 300, 2);
    Fixture fixture;
    const TableFile file = fixture.build<filter::Locator, Lz4>(records, 12, {.block_bytes = 512});
    using Reader = TableReader<filter::Locator, Lz4, reads::Cached>;
    for (const std::size_t budget : {std::size_t{0}, std::size_t{4000}, std::size_t{4'000'000}}) {
        const auto cache = std::make_shared<Reader::Cache>(budget);
        const auto reader = Reader::open(fixture.context, file, cache);
        REQUIRE(reader);
        std::uint64_t misses_once = 0;
        for (int pass = 0; pass < 2; ++pass) {
            for (const OwnedRecord& record : records) {
                Reader::Found found;
                REQUIRE((*reader)->find(record.key, hash_key(record.key), record.sequence, found).value());
                REQUIRE(same(found.record, record));
            }
            if (pass == 0) misses_once = cache->stats().misses;
        }
        CHECK(cache->stats().bytes <= budget);
        CHECK((cache->stats().misses == misses_once) == (budget == 4'000'000));
    }
}

TEST_CASE("a cursor that bypasses the cache leaves nothing in it") {
    const Records records = nasty_records(11, 300, 2);
    Fixture fixture;
    const TableFile file = fixture.build<filter::None, Zstd>(records, 12, {.block_bytes = 512});
    using Reader = TableReader<filter::None, Zstd, reads::Cached>;
    const auto cache = std::make_shared<Reader::Cache>(std::size_t{4'000'000});
    const auto reader = Reader::open(fixture.context, file, cache);
    REQUIRE(reader);
    Reader::Cursor cursor(**reader, reads::CacheUse::bypass);
    std::size_t at = 0;
    for (cursor.seek_first(); cursor.valid(); cursor.next()) REQUIRE(same(cursor.record(), records[at++]));
    CHECK(at == records.size());
    CHECK(cache->stats().bytes == 0);
}

TEST_CASE_TEMPLATE("many threads read one file", R, reads::Mapped, reads::Cached) {
    const Records records = nasty_records(12, 400, 2);
    Fixture fixture;
    const TableFile file = fixture.build<filter::Locator, compression::None>(records, 12, {.block_bytes = 512});
    using Reader = TableReader<filter::Locator, compression::None, R>;
    const auto reader = open_table<Reader>(fixture, file, 20'000); // evicts all the time
    std::atomic<int> wrong{0};
    const auto read = [&](std::uint64_t seed) {
        std::mt19937_64 random(seed);
        typename Reader::Cursor cursor(*reader);
        for (int i = 0; i < 4000; ++i) {
            const std::size_t at = random() % records.size();
            const OwnedRecord& record = records[at];
            typename Reader::Found found;
            const auto answer = reader->find(record.key, hash_key(record.key), record.sequence, found);
            if (!answer || !*answer || !same(found.record, record)) ++wrong;
            cursor.seek(record.key);
            if (!cursor.valid() || cursor.record().key != record.key) ++wrong;
            cursor.next();
            if (cursor.valid() && cursor.record().key < record.key) ++wrong;
        }
    };
    std::vector<std::thread> threads;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) threads.emplace_back(read, seed);
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(reader->verify());
}
