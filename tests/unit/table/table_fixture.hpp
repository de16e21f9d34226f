// Records that are hard on a table file, files made of them, and a model to compare with.
#pragma once

#include <kvilt/table/builder.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_locator.hpp>
#include <kvilt/table/filter_none.hpp>
#include <kvilt/table/reader_cursor.hpp>

#if __has_include(<lz4.h>)
#include <kvilt/table/compression_lz4.hpp>
#endif
#if __has_include(<zstd.h>)
#include <kvilt/table/compression_zstd.hpp>
#endif

#include <doctest/doctest.h>

#include "memory_files.hpp"
#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace kvilt::test {

// Optional components: where one is not installed, its tests run without compression.
#if __has_include(<lz4.h>)
using Lz4 = compression::Lz4;
#else
using Lz4 = compression::None;
#endif
#if __has_include(<zstd.h>)
using Zstd = compression::Zstd;
#else
using Zstd = compression::None;
#endif

inline std::uint64_t seed_of_run() {
    const char* const given = std::getenv("KVILT_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

struct OwnedRecord {
    std::string key{};
    Sequence sequence = 0;
    Kind kind = Kind::put;
    std::string stamp{};
    std::string value{};

    Record record() const { return {key, sequence, {kind, stamp, value}}; }
};

inline bool same(const Record& a, const OwnedRecord& b) {
    return a.key == b.key && a.sequence == b.sequence && a.cell.kind == b.kind && a.cell.stamp == b.stamp &&
           a.cell.value == b.value;
}

using Records = std::vector<OwnedRecord>;

inline std::string random_bytes(std::mt19937_64& random, std::size_t count) {
    std::string bytes(count, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

// Keys that are prefixes of each other, share long prefixes, are equal in their heads, are all zeros or all ones.
inline std::string nasty_key(std::mt19937_64& random) {
    static const std::string shared(300, 'p');
    switch (random() % 8) {
    case 0:
        return std::string(random() % 20, '\0');
    case 1:
        return std::string(random() % 20, '\xff');
    case 2:
        return shared + std::to_string(random() % 1000);
    case 3:
        return shared.substr(0, random() % 300);
    case 4:
        return "user/" + std::to_string(random() % 10'000) + std::string(random() % 4, '\0');
    case 5:
        return "0000000000" + std::to_string(100'000 + random() % 1000);
    case 6:
        return "headhead" + std::string(random() % 3, 'x') + random_bytes(random, random() % 2);
    default:
        return random_bytes(random, random() % 24);
    }
}

inline Records nasty_records(std::uint64_t seed, std::size_t keys, std::size_t versions_max) {
    std::mt19937_64 random(seed);
    std::set<std::string> distinct;
    while (distinct.size() < keys) distinct.insert(nasty_key(random));
    Records records;
    for (const std::string& key : distinct) {
        Sequence sequence = 1'000'000 + random() % 1000;
        for (std::size_t left = 1 + random() % versions_max; left > 0; --left) {
            OwnedRecord record{.key = key, .sequence = sequence};
            sequence -= 1 + random() % 300;
            record.kind = random() % 5 == 0 ? Kind::tombstone : Kind::put;
            if (random() % 4 == 0) record.stamp = random_bytes(random, random() % 200);
            if (record.kind == Kind::put)
                record.value = random() % 3 == 0 ? std::string(random() % 300, 'v')
                                                 : random_bytes(random, random() % (random() % 50 == 0 ? 9000 : 60));
            records.push_back(std::move(record));
        }
    }
    return records;
}

struct Fixture {
    MemoryFiles files{};
    TableContext context{.environment = {.files = &files}, .directory = "d", .identity = 0x1234'5678'9abc'def0ULL};

    template <class Filter, class Compression>
    TableFile build(const Records& records, std::uint64_t number = 12, const TableFileOptions& options = {}) {
        auto builder = TableBuilder<Filter, Compression>::create(context, number, options);
        REQUIRE(builder);
        for (const OwnedRecord& record : records) {
            const auto added = builder->add(record.record());
            REQUIRE_MESSAGE(added, added.error().message());
        }
        const auto file = builder->finish();
        REQUIRE_MESSAGE(file, file.error().message());
        return *file;
    }

    std::string& bytes(std::uint64_t number = 12) { return *files.files.at(table_path(context, number)); }
};

template <class Reader>
std::shared_ptr<typename Reader::Cache> cache_of(std::size_t bytes_max = 1 << 20) {
    return std::make_shared<typename Reader::Cache>(bytes_max);
}

template <class Reader>
std::shared_ptr<Reader> open_table(Fixture& fixture, const TableFile& file, std::size_t cache_bytes = 1 << 20) {
    auto reader = Reader::open(fixture.context, file, cache_of<Reader>(cache_bytes));
    REQUIRE_MESSAGE(reader, reader.error().message());
    return *reader;
}

// One composition of a table file, as a type for TEST_CASE_TEMPLATE.
template <class F, class C, class R, class T = threads::Many>
struct Composition {
    using Filter = F;
    using Compression = C;
    using Builder = TableBuilder<F, C>;
    using Reader = TableReader<F, C, R, T>;
};

} // namespace kvilt::test
