// Whole table files: what was written is read, by every way in, and nothing else is.

#include "table_fixture.hpp"

using namespace kvilt;
using namespace kvilt::test;

#define COMPOSITIONS                                                                                                   \
    Composition<filter::Locator, compression::None, reads::Mapped>,                                                    \
        Composition<filter::Bloom<10>, compression::None, reads::Mapped>,                                              \
        Composition<filter::None, compression::None, reads::Cached, threads::One>,                                     \
        Composition<filter::Locator, Lz4, reads::Cached>, Composition<filter::Bloom<8>, Zstd, reads::Cached>

namespace {

constexpr std::size_t block_bytes = 512; // many blocks from few records

std::size_t lower_bound(const Records& records, const std::string& key) {
    return static_cast<std::size_t>(
        std::lower_bound(records.begin(), records.end(), key,
                         [](const OwnedRecord& record, const std::string& wanted) { return record.key < wanted; }) -
        records.begin());
}

// Keys around those of `records`: each, its successor, a near predecessor, and strangers.
std::vector<std::string> probes(const Records& records, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::string> keys{"", std::string(70'000, '\xff')};
    for (const OwnedRecord& record : records) {
        keys.push_back(record.key);
        keys.push_back(record.key + '\0');
        if (!record.key.empty()) keys.push_back(record.key.substr(0, record.key.size() - 1));
        keys.push_back(nasty_key(random));
    }
    return keys;
}

template <class Cursor>
bool stands_at(const Cursor& cursor, const Records& records, std::size_t at) {
    if (!cursor.status()) return false;
    return at < records.size() ? cursor.valid() && same(cursor.record(), records[at]) : !cursor.valid();
}

template <class Reader>
void check_walks(const Reader& reader, const Records& records) {
    typename Reader::Cursor cursor(reader);
    cursor.seek_first();
    for (std::size_t at = 0; at <= records.size(); ++at) {
        REQUIRE(stands_at(cursor, records, at));
        if (cursor.valid()) cursor.next();
    }
    cursor.seek_last();
    for (std::size_t left = records.size(); left > 0; --left) {
        REQUIRE(stands_at(cursor, records, left - 1));
        cursor.previous();
    }
    REQUIRE(stands_at(cursor, records, records.size()));
}

// Forth and back at random, now and then with a look to where the next step, or another one, would lead.
template <class Reader>
void check_wandering(const Reader& reader, const Records& records, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    typename Reader::Cursor cursor(reader);
    for (std::size_t walk = 0; walk < 20; ++walk) {
        std::size_t at = random() % records.size();
        cursor.seek(records[at].key);
        at = lower_bound(records, records[at].key);
        for (std::size_t step = 0; step < 60 && at < records.size(); ++step) {
            REQUIRE(stands_at(cursor, records, at));
            for (std::size_t looks = random() % 3; looks > 0; --looks) {
                const bool forwards = random() % 2 == 0;
                const Record* const seen = cursor.look_ahead(forwards);
                const std::size_t there = forwards ? at + 1 : at - 1;
                if (seen != nullptr) REQUIRE((there < records.size() && same(*seen, records[there])));
            }
            const bool forwards = random() % 2 == 0;
            forwards ? cursor.next() : cursor.previous();
            at = forwards ? at + 1 : at - 1;
        }
        if (at >= records.size()) REQUIRE(stands_at(cursor, records, records.size()));
    }
}

template <class Reader>
void check_seeks(const Reader& reader, const Records& records, std::uint64_t seed) {
    typename Reader::Cursor cursor(reader);
    for (const std::string& key : probes(records, seed)) {
        const std::size_t at = lower_bound(records, key);
        cursor.seek(key);
        REQUIRE(stands_at(cursor, records, at));
        if (cursor.valid()) cursor.next();
        REQUIRE(stands_at(cursor, records, std::min(at + 1, records.size())));
        cursor.seek(key);
        if (cursor.valid()) cursor.previous();
        REQUIRE(stands_at(cursor, records, at == 0 || at == records.size() ? records.size() : at - 1));
        cursor.seek_before(key);
        REQUIRE(stands_at(cursor, records, at == 0 ? records.size() : at - 1));
        if (cursor.valid()) cursor.next();
        REQUIRE(stands_at(cursor, records, at == 0 ? records.size() : at));
    }
}

template <class Reader>
void check_finds(const Reader& reader, const Records& records, std::uint64_t seed) {
    const auto check = [&](const std::string& key, Sequence at) {
        std::size_t expected = lower_bound(records, key);
        while (expected < records.size() && records[expected].key == key && records[expected].sequence > at) ++expected;
        const bool present = expected < records.size() && records[expected].key == key;
        typename Reader::Found found;
        const auto answer = reader.find(key, hash_key(key), at, found);
        REQUIRE_MESSAGE(answer, answer.error().message());
        REQUIRE(*answer == present);
        if (present) REQUIRE(same(found.record, records[expected]));
    };
    for (const std::string& key : probes(records, seed)) check(key, sequence_max);
    for (const OwnedRecord& record : records)
        for (const Sequence at : {record.sequence, record.sequence - 1, record.sequence + 1}) check(record.key, at);
}

template <class C>
void check_all(const Records& records, std::uint64_t seed, const TableFileOptions& options) {
    Fixture fixture;
    const TableFile file = fixture.build<typename C::Filter, typename C::Compression>(records, 12, options);
    CHECK(file.entries == records.size());
    CHECK(file.bytes == fixture.bytes().size());
    CHECK(file.key_first == records.front().key);
    CHECK(file.key_last == records.back().key);
    const auto reader = open_table<typename C::Reader>(fixture, file);
    CHECK(reader->file() == file);
    check_walks(*reader, records);
    check_wandering(*reader, records, seed);
    check_seeks(*reader, records, seed);
    check_finds(*reader, records, seed);
    const auto verified = reader->verify();
    REQUIRE_MESSAGE(verified, verified.error().message());
    CHECK(*verified == file.bytes);
}

} // namespace

TEST_CASE_TEMPLATE("a table file gives back what was put into it", C, COMPOSITIONS) {
    const std::uint64_t seed = seed_of_run();
    INFO("KVILT_SEED=", seed);
    check_all<C>(nasty_records(seed, 1, 1), seed, {.block_bytes = block_bytes});
    check_all<C>(nasty_records(seed, 400, 1), seed, {.block_bytes = block_bytes});
    check_all<C>(nasty_records(seed, 300, 6), seed, {.block_bytes = block_bytes});
    check_all<C>(nasty_records(seed, 600, 3), seed, {});
}

TEST_CASE_TEMPLATE("one key with many versions spans blocks", C, COMPOSITIONS) {
    Records records{{.key = "a", .sequence = 7}};
    for (Sequence sequence = 3000; sequence > 2000; --sequence)
        records.push_back({.key = "hot", .sequence = sequence, .value = std::to_string(sequence)});
    records.push_back({.key = "hot\0z", .sequence = 5});
    check_all<C>(records, 1, {.block_bytes = block_bytes});
}

TEST_CASE_TEMPLATE("the largest keys, stamps and large values are kept", C, COMPOSITIONS) {
    const std::string long_key(key_bytes_max - 1, 'k');
    Records records{{.key = "", .sequence = 1},
                    {.key = long_key, .sequence = sequence_max, .stamp = std::string(stamp_bytes_max, 's')},
                    {.key = long_key + "a", .sequence = 3, .value = std::string(3'000'000, 'v')},
                    {.key = long_key + "b", .sequence = 0, .kind = Kind::tombstone},
                    {.key = "z", .sequence = 9, .value = "after"}};
    check_all<C>(records, 1, {});
}

TEST_CASE("a value beyond the narrow locator's reach is found with the wide one") {
    Records records;
    for (int i = 100; i < 140; ++i)
        records.push_back({.key = std::to_string(i), .sequence = 1, .value = std::string(4'000'000, 'v')});
    Fixture fixture;
    const TableFile file = fixture.build<filter::Locator, compression::None>(records);
    const auto reader = open_table<TableReader<filter::Locator, compression::None, reads::Mapped>>(fixture, file);
    check_finds(*reader, records, 1);
}

TEST_CASE("a file is readable with another filter and another way to read") {
    const Records records = nasty_records(3, 200, 2);
    Fixture fixture;
    const TableFile file = fixture.build<filter::Bloom<10>, compression::None>(records);
    check_finds(*open_table<TableReader<filter::Locator, compression::None, reads::Mapped>>(fixture, file), records, 1);
    check_finds(*open_table<TableReader<filter::None, Lz4, reads::Cached>>(fixture, file), records, 1);
}

TEST_CASE("another store and another version are refused") {
    Fixture fixture;
    const TableFile file = fixture.build<filter::None, Lz4>(nasty_records(3, 20, 1));
    using Right = TableReader<filter::None, Lz4, reads::Cached>;
    TableContext other = fixture.context;
    ++other.identity;
    const auto stranger = Right::open(other, file, cache_of<Right>());
    REQUIRE_FALSE(stranger);
    CHECK(stranger.error() == Errc::incompatible);
    std::string& bytes = fixture.bytes();
    char* const footer = bytes.data() + bytes.size() - table_file::Footer::bytes;
    footer[8] = 2;
    coding::store(footer + 88, checksum64({footer, 88}, 0));
    const auto newer = Right::open(fixture.context, file, cache_of<Right>());
    REQUIRE_FALSE(newer);
    CHECK(newer.error() == Errc::incompatible);
}

TEST_CASE("another compression is refused with its cure") {
    if constexpr (std::is_same_v<Lz4, Zstd> || std::is_same_v<Lz4, compression::None>) {
        MESSAGE("skipped: lz4 and zstd are not both installed");
    } else {
        Fixture fixture;
        const TableFile file = fixture.build<filter::None, Lz4>(nasty_records(3, 20, 1));
        using Reader = TableReader<filter::None, Zstd, reads::Cached>;
        const auto zstd = Reader::open(fixture.context, file, cache_of<Reader>());
        REQUIRE_FALSE(zstd);
        CHECK(zstd.error() == Errc::incompatible);
        CHECK(zstd.error().message().find("packed with lz4") != std::string::npos);
    }
}

TEST_CASE("a file that is not the one the manifest means is refused") {
    Fixture fixture;
    const TableFile file = fixture.build<filter::Locator, compression::None>(nasty_records(3, 20, 2));
    using Reader = TableReader<filter::Locator, compression::None, reads::Mapped>;
    const auto refused = [&](auto change) {
        TableFile wrong = file;
        change(wrong);
        const auto reader = Reader::open(fixture.context, wrong, nullptr);
        const auto loaded = reader ? (*reader)->load() : std::unexpected(reader.error());
        return !loaded && loaded.error() == Errc::corruption;
    };
    CHECK(refused([](TableFile& wrong) { ++wrong.bytes; }));
    CHECK(refused([](TableFile& wrong) { ++wrong.entries; }));
    CHECK(refused([](TableFile& wrong) { ++wrong.tombstones; }));
    CHECK(refused([](TableFile& wrong) { --wrong.sequence_lowest; }));
    CHECK(refused([](TableFile& wrong) { ++wrong.sequence_highest; }));
    CHECK(refused([](TableFile& wrong) { wrong.key_first += 'x'; }));
    CHECK(refused([](TableFile& wrong) { wrong.key_last += 'x'; }));
    CHECK_FALSE(refused([](TableFile& wrong) { wrong.level = 5, wrong.run = 9; }));
    fixture.files.files[table_path(fixture.context, 13)] = fixture.files.files[table_path(fixture.context, 12)];
    CHECK(refused([](TableFile& wrong) { wrong.number = 13; }));
    TableFile missing = file;
    missing.number = 14;
    CHECK(Reader::open(fixture.context, missing, nullptr).error() == Errc::not_found);
}

TEST_CASE("a builder refuses what a file cannot hold, and never overwrites") {
    Fixture fixture;
    using Builder = TableBuilder<filter::Locator, compression::None>;
    {
        auto builder = Builder::create(fixture.context, 12);
        REQUIRE(builder);
        CHECK(Builder::create(fixture.context, 12).error() == Errc::exists);
        CHECK(builder->finish().error() == Errc::invalid_argument); // empty
        REQUIRE(builder->add({.key = "b", .sequence = 5}));
        CHECK(builder->add({.key = "a", .sequence = 4}).error() == Errc::invalid_argument);
        CHECK(builder->add({.key = "b", .sequence = 5}).error() == Errc::invalid_argument);
        CHECK(builder->add({.key = "b", .sequence = 6}).error() == Errc::invalid_argument);
        CHECK(builder->add({.key = "c", .sequence = sequence_max + 1}).error() == Errc::invalid_argument);
        const std::string long_key(key_bytes_max + key_prefix_bytes_max + 1, 'k');
        CHECK(builder->add({.key = long_key, .sequence = 4}).error() == Errc::invalid_argument);
        CHECK(builder->entries() == 1);
        CHECK(builder->bytes() > 0);
        CHECK(fixture.files.files.size() == 1);
    }
    CHECK(fixture.files.files.empty()); // unfinished: removed
    CHECK(Builder::create(fixture.context, 12, {.block_bytes = 100}).error() == Errc::invalid_option);
}

TEST_CASE("walks ask for what they will come to, and seldom where it always is in memory") {
    using Reader = TableReader<filter::None, compression::None, reads::Mapped, threads::One>;
    Fixture fixture;
    Records records;
    for (std::size_t n = 0; n < 100; ++n)
        records.push_back({.key = std::to_string(1000 + n), .sequence = n + 1, .value = std::string(1000, 'v')});
    const auto reader = open_table<Reader>(fixture, fixture.build<filter::None, compression::None>(records));
    typename Reader::Cursor cursor(*reader);
    cursor.seek_first(); // loads the file's index
    const auto asked = [&](int walks) {
        const std::size_t before = fixture.files.advised.will_need;
        for (int walk = 0; walk < walks; ++walk) {
            cursor.seek_first();
            for (int step = 0; step < 22; ++step) cursor.next(); // four blocks are left, and not eight
        }
        return fixture.files.advised.will_need - before;
    };
    fixture.files.advised.in_memory = false;
    CHECK(asked(100) == 100);
    fixture.files.advised.in_memory = true;
    CHECK(asked(32) == 32);
    CHECK(asked(160) == 10);
    fixture.files.advised.in_memory = false;
    CHECK(asked(16) >= 1); // one finds out
    CHECK(asked(100) == 100);
}

TEST_CASE("files are written in pieces of 2 MiB, each from a multiple of it, and a rest") {
    Records records;
    for (int i = 0; i < 40'000; ++i)
        records.push_back({.key = std::to_string(100'000 + i), .sequence = 1, .value = std::string(100, 'v')});
    records.push_back({.key = "2", .sequence = 1, .value = std::string(5_MiB, 'w')});
    Fixture fixture;
    const TableFile file = fixture.build<filter::Locator, compression::None>(records);
    std::uint64_t end = 0;
    for (const Written& write : fixture.files.writes) {
        CHECK(write.offset == end);
        end += write.bytes;
        CHECK(write.bytes == std::min<std::uint64_t>(2_MiB, file.bytes - write.offset));
    }
    CHECK(end == file.bytes);
    CHECK(fixture.files.writes.size() >= 5);
}

TEST_CASE("a file is removed when it is obsolete and nobody reads it") {
    Fixture fixture;
    const TableFile file = fixture.build<filter::Locator, compression::None>({{.key = "a", .sequence = 1}});
    using Reader = TableReader<filter::Locator, compression::None, reads::Mapped>;
    auto reader = open_table<Reader>(fixture, file);
    auto second = reader;
    reader->obsolete();
    reader.reset();
    CHECK(fixture.files.files.size() == 1);
    Reader::Found found;
    CHECK(second->find("a", hash_key("a"), sequence_max, found).value());
    second.reset();
    CHECK(fixture.files.files.empty());
}

#undef COMPOSITIONS
