// Damaged and hostile table files: every change of a byte is detected or harmless, and nothing ever crashes.

#include <kvilt/env/posix.hpp>

#include "../env/temporary_directory.hpp"
#include "table_fixture.hpp"
#include <atomic>
#include <thread>
#include <vector>

using namespace kvilt;
using namespace kvilt::test;

#define COMPOSITIONS                                                                                                   \
    Composition<filter::Locator, compression::None, reads::Mapped>,                                                    \
        Composition<filter::Bloom<10>, compression::None, reads::Mapped>,                                              \
        Composition<filter::None, compression::None, reads::Cached, threads::One>,                                     \
        Composition<filter::Locator, Lz4, reads::Cached>, Composition<filter::Bloom<8>, Zstd, reads::Cached>

namespace {

Records few_records() {
    Records records;
    for (int i = 0; i < 14; ++i)
        records.push_back({.key = "key" + std::to_string(10 + i * i % 3 + i),
                           .sequence = static_cast<Sequence>(50 - i),
                           .stamp = i % 3 == 0 ? "stamp" : "",
                           .value = std::string(static_cast<std::size_t>(i * 9), static_cast<char>('a' + i))});
    std::sort(records.begin(), records.end(), [](const OwnedRecord& a, const OwnedRecord& b) {
        return a.key != b.key ? a.key < b.key : a.sequence > b.sequence;
    });
    return records;
}

enum class Outcome { refused, wrong_but_said, harmless, wrong };

// Reads the file in every way. Harmless: all answers right, and verify finds nothing.
template <class Reader>
Outcome outcome(Fixture& fixture, const TableFile& file, const Records& records) {
    const auto opened = Reader::open(fixture.context, file, cache_of<Reader>());
    if (!opened) return Outcome::refused;
    const Reader& reader = **opened;
    bool said = !reader.verify();
    for (const OwnedRecord& record : records) {
        typename Reader::Found found;
        const auto answer = reader.find(record.key, hash_key(record.key), record.sequence, found);
        if (!answer)
            said = true;
        else if (!*answer || !same(found.record, record))
            return Outcome::wrong;
    }
    typename Reader::Cursor cursor(reader);
    cursor.seek_first();
    for (const OwnedRecord& record : records) {
        if (!cursor.valid()) break;
        if (!same(cursor.record(), record)) return Outcome::wrong;
        cursor.next();
    }
    said = said || !cursor.status();
    if (!said && cursor.valid()) return Outcome::wrong;
    return said ? Outcome::wrong_but_said : Outcome::harmless;
}

// Only that nothing crashes and nothing runs forever.
template <class Reader>
void exercise(Fixture& fixture, const TableFile& file, const Records& records) {
    const auto opened = Reader::open(fixture.context, file, cache_of<Reader>());
    if (!opened) return;
    const Reader& reader = **opened;
    (void)reader.verify();
    std::size_t sum = 0;
    const auto touch = [&sum](const Record& record) {
        for (const Bytes bytes : {record.key, record.cell.stamp, record.cell.value})
            for (const char byte : bytes) sum += static_cast<unsigned char>(byte);
    };
    typename Reader::Cursor cursor(reader);
    for (cursor.seek_first(); cursor.valid(); cursor.next()) touch(cursor.record());
    for (cursor.seek_last(); cursor.valid(); cursor.previous()) touch(cursor.record());
    for (const OwnedRecord& record : records) {
        typename Reader::Found found;
        const auto answer = reader.find(record.key, hash_key(record.key), record.sequence, found);
        if (answer && *answer) touch(found.record);
        cursor.seek(record.key);
        if (cursor.valid()) touch(cursor.record());
        cursor.seek_before(record.key);
        if (cursor.valid()) touch(cursor.record());
    }
    CHECK(sum != 1); // sums of what was read: keeps the reads
}

// Makes the checksums of a changed file right again, as one who forges it would, as far as its sizes allow.
void forge_checksums(std::string& bytes) {
    using namespace table_file;
    if (bytes.size() < Footer::bytes) return;
    char* const end = bytes.data() + bytes.size() - Footer::bytes;
    coding::store(end + 88, checksum64({end, 88}, 0));
    const auto read = Footer::read({end, Footer::bytes}, bytes.size());
    if (!read || read->format_version != version) return;
    Footer footer = *read;
    const auto section = [&](std::uint64_t offset, std::uint64_t length) {
        return checksum64(Bytes(bytes).substr(offset, length), footer.seed(offset));
    };
    IndexView index;
    const Bytes index_bytes = Bytes(bytes).substr(footer.index_offset(), footer.index_bytes);
    if (index.open(index_bytes, footer.data_bytes, footer.compression != compression::Kind::none) == nullptr)
        for (std::size_t i = 0; i < index.blocks(); ++i) {
            const std::uint64_t from = index.place(i).offset, to = index.end(i) - 8;
            coding::store(bytes.data() + to, checksum64(Bytes(bytes).substr(from, to - from), footer.seed(from)));
        }
    footer.filter_checksum = section(footer.filter_offset(), footer.filter_bytes);
    footer.index_checksum = section(footer.index_offset(), footer.index_bytes);
    footer.properties_checksum = section(footer.properties_offset(), footer.properties_bytes);
    std::string text;
    footer.append_to(text);
    std::copy(text.begin(), text.end(), end);
}

} // namespace

TEST_CASE_TEMPLATE("every flipped bit of a table file is detected", C, COMPOSITIONS) {
    Fixture fixture;
    const Records records = few_records();
    const TableFile file =
        fixture.build<typename C::Filter, typename C::Compression>(records, 12, {.block_bytes = 512});
    CHECK(outcome<typename C::Reader>(fixture, file, records) == Outcome::harmless);
    std::string& bytes = fixture.bytes();
    for (std::size_t at = 0; at < bytes.size(); ++at)
        for (int bit = 0; bit < 8; ++bit) {
            const char mask = static_cast<char>(1 << bit);
            bytes[at] = static_cast<char>(bytes[at] ^ mask);
            const Outcome seen = outcome<typename C::Reader>(fixture, file, records);
            bytes[at] = static_cast<char>(bytes[at] ^ mask);
            INFO("byte ", at, " of ", bytes.size(), ", bit ", bit);
            REQUIRE((seen == Outcome::refused || seen == Outcome::wrong_but_said));
        }
}

TEST_CASE_TEMPLATE("what is damaged behind the blocks is met at first use, and read anew until it is whole", C,
                   COMPOSITIONS) {
    Fixture fixture;
    const Records records = few_records();
    const TableFile file =
        fixture.build<typename C::Filter, typename C::Compression>(records, 12, {.block_bytes = 512});
    std::string& bytes = fixture.bytes();
    const auto footer = table_file::Footer::read(Bytes(bytes).substr(bytes.size() - 96), bytes.size());
    REQUIRE(footer);
    for (const std::uint64_t at : {footer->filter_offset(), footer->index_offset(), footer->properties_offset()}) {
        const auto flip = [&] { bytes[at] = static_cast<char>(bytes[at] ^ 1); };
        flip();
        const auto reader = open_table<typename C::Reader>(fixture, file);
        typename C::Reader::Cursor cursor(*reader);
        const auto find = [&](const OwnedRecord& record) {
            typename C::Reader::Found found;
            reader->prefetch(hash_key(record.key));
            CHECK(reader->prefetch_entry(hash_key(record.key)));
            return reader->find(record.key, hash_key(record.key), record.sequence, found);
        };
        const auto found = find(records[3]);
        REQUIRE_FALSE(found);
        CHECK(found.error() == Errc::corruption);
        const auto ends = [&](auto position) {
            position();
            CHECK_FALSE(cursor.valid());
            REQUIRE_FALSE(cursor.status());
            CHECK(cursor.status().error() == Errc::corruption);
        };
        ends([&] { cursor.seek(records[3].key); });
        ends([&] { cursor.seek_before(records[3].key); });
        ends([&] { cursor.seek_first(); });
        ends([&] { cursor.seek_last(); });
        flip();
        if constexpr (C::Reader::records_stay) continue; // a mapping of the fixture's is a copy
        CHECK(find(records[3]).value());
        cursor.seek_first();
        REQUIRE(cursor.valid());
        CHECK(same(cursor.record(), records[0]));
    }
}

TEST_CASE("of many who use a table file first, one checks it and all have it") {
    using Reader = TableReader<filter::Locator, compression::None, reads::Mapped>;
    Fixture fixture;
    const Records records = nasty_records(seed_of_run(), 300, 1);
    const TableFile file = fixture.build<filter::Locator, compression::None>(records, 12, {.block_bytes = 512});
    for (int round = 0; round < 30; ++round) {
        const auto reader = open_table<Reader>(fixture, file);
        std::atomic<int> found = 0;
        std::vector<std::thread> threads;
        for (std::size_t first = 0; first < 3; ++first)
            threads.emplace_back([&, first] {
                for (std::size_t at = first; at < records.size(); at += 3) {
                    Reader::Found one;
                    const std::uint64_t hash = hash_key(records[at].key);
                    reader->prefetch(hash);
                    if (!reader->prefetch_entry(hash)) continue;
                    const auto hit = reader->find(records[at].key, hash, records[at].sequence, one);
                    if (hit && *hit && same(one.record, records[at])) ++found;
                }
            });
        for (std::thread& thread : threads) thread.join();
        CHECK(static_cast<std::size_t>(found) == records.size());
    }
}

TEST_CASE_TEMPLATE("what is damaged is refused where blocks are checked ahead as it is where they are not", Filter,
                   filter::Locator, filter::Bloom<10>) {
    using Reader = TableReader<Filter, compression::None, reads::Mapped>;
    const std::uint64_t seed = seed_of_run();
    INFO("KVILT_SEED=", seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 60; ++round) {
        Fixture fixture;
        const Records records = nasty_records(random(), 100 + random() % 200, 3);
        const std::size_t block_bytes = random() % 2 == 0 ? 512 : 4096;
        const TableFile file = fixture.build<Filter, compression::None>(records, 12, {.block_bytes = block_bytes});
        std::string& bytes = fixture.bytes();
        bytes[random() % (bytes.size() / 2)] ^= 16;
        const auto plain = open_table<Reader>(fixture, file);
        const auto ahead = open_table<Reader>(fixture, file);
        bool told = false;
        for (std::size_t block = 0;;) {
            const auto more = ahead->check_ahead(block, 1 + random() % 9000);
            told = !more;
            if (told || !*more) break;
        }
        CHECK(told);
        for (const OwnedRecord& record : records) {
            typename Reader::Found in_plain;
            typename Reader::Found in_ahead;
            const std::uint64_t hash = hash_key(record.key);
            const auto expected = plain->find(record.key, hash, record.sequence, in_plain);
            const auto found = ahead->find(record.key, hash, record.sequence, in_ahead);
            REQUIRE(found.has_value() == expected.has_value());
            if (!found) continue;
            CHECK(*found == *expected);
            CHECK(same(in_ahead.record, record));
        }
    }
}

TEST_CASE("what is not in memory is not checked ahead") {
    using Reader = TableReader<filter::Locator, compression::None, reads::Mapped>;
    Fixture fixture;
    const TableFile file = fixture.build<filter::Locator, compression::None>(few_records());
    fixture.bytes()[100] ^= 16;
    const auto reader = open_table<Reader>(fixture, file);
    fixture.files.advised.in_memory = false;
    std::size_t block = 0;
    CHECK_FALSE(reader->check_ahead(block, 1_MiB).value());
    fixture.files.advised.in_memory = true;
    block = 0;
    CHECK_FALSE(reader->check_ahead(block, 1_MiB));
}

TEST_CASE_TEMPLATE("verify detects what is damaged after the file was opened", C, COMPOSITIONS) {
    Fixture fixture;
    const TableFile file =
        fixture.build<typename C::Filter, typename C::Compression>(few_records(), 12, {.block_bytes = 512});
    const auto reader = open_table<typename C::Reader>(fixture, file);
    REQUIRE(reader->verify());
    std::string& bytes = fixture.bytes();
    for (char& byte : bytes) {
        byte = static_cast<char>(byte ^ 4);
        const auto verified = reader->verify();
        REQUIRE_FALSE(verified);
        byte = static_cast<char>(byte ^ 4);
    }
}

TEST_CASE_TEMPLATE("a table file cut short or made longer is refused, even if the manifest agrees", C, COMPOSITIONS) {
    Fixture fixture;
    const Records records = few_records();
    TableFile file = fixture.build<typename C::Filter, typename C::Compression>(records, 12, {.block_bytes = 512});
    std::string& bytes = fixture.bytes();
    const std::string whole = bytes;
    const auto refused = [&] {
        const auto as_written = C::Reader::open(fixture.context, file, cache_of<typename C::Reader>());
        TableFile agreed = file;
        agreed.bytes = bytes.size();
        const auto agreeing = C::Reader::open(fixture.context, agreed, cache_of<typename C::Reader>());
        return !as_written && as_written.error() == Errc::corruption && !agreeing &&
               agreeing.error() == Errc::corruption;
    };
    for (std::size_t length = 0; length < whole.size(); ++length) {
        bytes = whole.substr(0, length);
        REQUIRE(refused());
    }
    for (std::size_t more = 1; more < 200; ++more) {
        bytes = whole + std::string(more, '\0');
        REQUIRE(refused());
        bytes = whole + whole.substr(whole.size() - more);
        REQUIRE(refused());
        bytes = std::string(more, '\0') + whole;
        REQUIRE(refused());
    }
}

TEST_CASE_TEMPLATE("swapped blocks and blocks of another file are detected", C, COMPOSITIONS) {
    Fixture fixture;
    Records records;
    for (int i = 0; i < 200; ++i) // blocks of equal size
        records.push_back({.key = std::to_string(1000 + i), .sequence = 5, .value = std::string(40, 'v')});
    const TableFile file =
        fixture.build<typename C::Filter, typename C::Compression>(records, 12, {.block_bytes = 512});
    const TableFile twin =
        fixture.build<typename C::Filter, typename C::Compression>(records, 13, {.block_bytes = 512});
    REQUIRE(file.bytes == twin.bytes);
    std::string& bytes = fixture.bytes();
    const std::string whole = bytes;
    bytes = fixture.bytes(13).substr(0, 512) + whole.substr(512);
    CHECK(outcome<typename C::Reader>(fixture, file, records) == Outcome::wrong_but_said);
    bytes = whole;
    table_file::IndexView index;
    const auto footer = table_file::Footer::read(Bytes(bytes).substr(bytes.size() - 96), bytes.size());
    REQUIRE(footer);
    REQUIRE(index.open(Bytes(bytes).substr(footer->index_offset(), footer->index_bytes), footer->data_bytes,
                       footer->compression != compression::Kind::none) == nullptr);
    const auto twins = [&](std::size_t a, std::size_t b) {
        return index.place(a).count == index.place(b).count && index.place(a).skip == index.place(b).skip &&
               index.end(a) - index.place(a).offset == index.end(b) - index.place(b).offset;
    };
    std::size_t a = 0, b = 1;
    while (a < index.blocks() && !twins(a, b))
        if (++b == index.blocks()) b = ++a + 1;
    REQUIRE(b < index.blocks());
    std::swap_ranges(bytes.begin() + static_cast<std::ptrdiff_t>(index.place(a).offset),
                     bytes.begin() + static_cast<std::ptrdiff_t>(index.end(a)),
                     bytes.begin() + static_cast<std::ptrdiff_t>(index.place(b).offset));
    REQUIRE(bytes != whole);
    CHECK(outcome<typename C::Reader>(fixture, file, records) == Outcome::wrong_but_said);
}

TEST_CASE_TEMPLATE("forged table files never crash the reader", C, COMPOSITIONS) {
    const std::uint64_t seed = seed_of_run();
    INFO("KVILT_SEED=", seed);
    std::mt19937_64 random(seed);
    Fixture fixture;
    const Records records = few_records();
    TableFile file = fixture.build<typename C::Filter, typename C::Compression>(records, 12, {.block_bytes = 512});
    std::string& bytes = fixture.bytes();
    const std::string whole = bytes;
    for (int round = 0; round < 3000; ++round) {
        bytes = whole;
        for (std::size_t edits = 1 + random() % 4; edits > 0; --edits) {
            // Half of the edits go where the sizes are: the last 700 bytes.
            const std::size_t at = random() % 2 == 0
                                       ? random() % bytes.size()
                                       : bytes.size() - 1 - random() % std::min<std::size_t>(700, bytes.size() - 1);
            constexpr unsigned char interesting[] = {0, 1, 7, 8, 0x7f, 0x80, 0xff};
            bytes[at] = static_cast<char>(random() % 2 == 0 ? random() : interesting[random() % 7]);
        }
        forge_checksums(bytes);
        forge_checksums(bytes);
        exercise<typename C::Reader>(fixture, file, records);
    }
}

TEST_CASE("an entry that changes on disk after its block was checked ends a walk, and the walk says so") {
    using Reader = TableReader<filter::Locator, compression::None, reads::Mapped>;
    const TemporaryDirectory directory;
    Fixture fixture;
    fixture.context.environment = Environment::system();
    fixture.context.directory = directory.path();
    const Records records = few_records();
    const TableFile file = fixture.build<filter::Locator, compression::None>(records);
    const auto reader = open_table<Reader>(fixture, file);
    Reader::Cursor cursor(*reader);
    const std::uint64_t second = table_file::entry::bytes(records[0].record()); // where it begins
    for (cursor.seek_first(); cursor.valid(); cursor.next()) continue;
    REQUIRE(cursor.status());

    auto changed = fixture.context.environment.files->open(table_path(fixture.context, 12), OpenMode::write);
    REQUIRE(changed);
    REQUIRE((*changed)->write_at(second, std::string(8, '\xff')));
    const auto walk = [&](auto step) {
        std::size_t seen = 0;
        for (; cursor.valid(); step()) ++seen;
        CHECK(cursor.status().error() == Errc::corruption);
        return seen;
    };
    cursor.seek_first();
    CHECK(walk([&] { cursor.next(); }) == 1);
    cursor.seek_first();
    CHECK(walk([&] {
              (void)cursor.look_ahead(true);
              cursor.next();
          }) == 1);
    cursor.seek_last();
    CHECK(walk([&] { cursor.previous(); }) == records.size() - 2);
}

TEST_CASE("random bytes are no table file") {
    const std::uint64_t seed = seed_of_run();
    INFO("KVILT_SEED=", seed);
    std::mt19937_64 random(seed);
    using Reader = TableReader<filter::Locator, compression::None, reads::Mapped>;
    Fixture fixture;
    auto& content = fixture.files.files[table_path(fixture.context, 12)];
    for (int round = 0; round < 300; ++round) {
        content = std::make_shared<std::string>(random_bytes(random, random() % 2000));
        TableFile file;
        file.number = 12;
        file.bytes = content->size();
        const auto reader = Reader::open(fixture.context, file, nullptr);
        REQUIRE_FALSE(reader);
        CHECK(reader.error() == Errc::corruption);
    }
}

#undef COMPOSITIONS
