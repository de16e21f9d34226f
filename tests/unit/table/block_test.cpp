// Blocks: search within them, and what is no block.

#include "table_fixture.hpp"

using namespace kvilt;
using namespace kvilt::test;
using namespace kvilt::table_file;

namespace {

struct Built {
    explicit Built(const Records& records) {
        BlockBuilder builder(256_KiB);
        for (const OwnedRecord& record : records) builder.add(record.record());
        BlockTrailer trailer;
        body = builder.finish(trailer);
        count = trailer.count;
        skip = trailer.skip;
    }
    BlockView view() const { return {body, count, skip}; }
    std::string body{};
    std::size_t count = 0;
    std::size_t skip = 0;
};

} // namespace

TEST_CASE("a block finds the first entry at or above any key") {
    const std::uint64_t seed = seed_of_run();
    INFO("KVILT_SEED=", seed);
    std::mt19937_64 random(seed);
    for (int round = 0; round < 200; ++round) {
        const Records records = nasty_records(random(), 1 + random() % 40, 1 + random() % 3);
        const Built block(records);
        REQUIRE(block.view().malformed() == nullptr);
        for (int probe = 0; probe < 60; ++probe) {
            const std::string key = probe % 2 == 0 ? nasty_key(random) : records[random() % records.size()].key;
            const auto expected = std::lower_bound(
                records.begin(), records.end(), key,
                [](const OwnedRecord& record, const std::string& wanted) { return record.key < wanted; });
            REQUIRE(block.view().lower_bound(key) == static_cast<std::size_t>(expected - records.begin()));
        }
    }
}

TEST_CASE("keys that are alike beyond their heads are told apart") {
    Records records;
    for (int i = 0; i < 100; ++i)
        records.push_back(
            {.key = (i == 0 ? "a" : "shared prefix, then more of it " + std::to_string(100 + i)), .sequence = 1});
    const Built block(records);
    CHECK(block.skip == 0);
    for (std::size_t i = 0; i < records.size(); ++i) {
        CHECK(block.view().lower_bound(records[i].key) == i);
        CHECK(block.view().lower_bound(records[i].key + '\0') == i + 1);
    }
}

TEST_CASE("heads start after the common prefix, up to its limit") {
    const std::string shared(400, 's');
    CHECK(Built({{.key = "user1", .sequence = 1}, {.key = "user2", .sequence = 1}}).skip == 4);
    CHECK(Built({{.key = shared + "1", .sequence = 1}, {.key = shared + "2", .sequence = 1}}).skip == skip_max);
    CHECK(Built({{.key = "", .sequence = 1}, {.key = "2", .sequence = 1}}).skip == 0);
}

TEST_CASE("small records take few bytes") {
    const OwnedRecord record{.key = "0000000000000001", .sequence = 1'000'000, .value = std::string(99, 'v')};
    CHECK(entry::bytes(record.record()) == 120); // 5 bytes of header
}

TEST_CASE("any changed byte of a body is malformed or gives other entries, and is always safe to search") {
    const Records records = nasty_records(5, 12, 2);
    Built block(records);
    for (std::size_t at = 0; at < block.body.size(); ++at)
        for (int bit = 0; bit < 8; ++bit) {
            const char before = block.body[at];
            block.body[at] = static_cast<char>(before ^ (1 << bit));
            if (block.view().malformed() == nullptr) {
                bool differs = false;
                for (std::size_t i = 0; i < records.size(); ++i)
                    differs = differs || !same(block.view().record(i), records[i]);
                REQUIRE(differs);
                for (const OwnedRecord& record : records)
                    REQUIRE(block.view().lower_bound(record.key) <= records.size());
            }
            block.body[at] = before;
        }
}

TEST_CASE("a key that leaves the common prefix or its head is found, wherever it does") {
    for (const std::size_t prefix : {1U, 7U, 8U, 9U, 15U, 16U, 17U, 40U})
        for (std::size_t rest = 1; rest < 10; ++rest) {
            Records records;
            for (const char first : {'a', 'b', 'c'})
                records.push_back({.key = std::string(prefix, 'p') + first + std::string(rest - 1, 'r'),
                                   .sequence = 1,
                                   .value = "v"});
            Built block(records);
            REQUIRE(block.skip == prefix);
            REQUIRE(block.view().malformed() == nullptr);
            for (std::size_t n = 0; n < records.size(); ++n) {
                const auto key = static_cast<std::size_t>(block.view().record(n).key.data() - block.body.data());
                for (std::size_t at = 0; at < prefix + std::min<std::size_t>(rest, 8); ++at) {
                    CAPTURE(at);
                    block.body[key + at] = static_cast<char>(block.body[key + at] ^ 1);
                    REQUIRE(block.view().malformed() != nullptr);
                    block.body[key + at] = static_cast<char>(block.body[key + at] ^ 1);
                }
            }
        }
}

TEST_CASE("entries are read within their limit only") {
    const OwnedRecord record{.key = "key", .sequence = 77, .stamp = "stamp", .value = "value"};
    std::string bytes(entry::bytes(record.record()), 'x');
    entry::write(bytes.data(), record.record());
    Record read;
    CHECK(entry::read(bytes.data(), bytes.data() + bytes.size(), read) == bytes.data() + bytes.size());
    CHECK(same(read, record));
    for (std::size_t length = 1; length < bytes.size(); ++length) {
        const std::string cut = bytes.substr(0, length);
        CHECK(entry::read(cut.data(), cut.data() + cut.size(), read) == nullptr);
    }
    const std::string endless(32, '\xff');
    CHECK(entry::read(endless.data(), endless.data() + endless.size(), read) == nullptr);
}

TEST_CASE("a trailer that claims more than its block has is wrong") {
    const Built block(nasty_records(7, 5, 1));
    const auto reason = [&](auto change) -> Bytes {
        BlockTrailer trailer{block.body.size(), block.body.size(), block.count, block.skip};
        change(trailer);
        std::string stored = block.body + std::string(BlockTrailer::bytes, '\0');
        trailer.write(stored.data(), stored.size(), 9);
        const char* const why = BlockTrailer::read(stored).wrong(stored, 9);
        return why == nullptr ? "" : why;
    };
    CHECK(reason([](BlockTrailer&) {}) == "");
    CHECK(reason([](BlockTrailer& trailer) { trailer.body_bytes += 8; }) != "");
    CHECK(reason([](BlockTrailer& trailer) { trailer.body_bytes = 0xffff'fff8; }) != "");
    CHECK(reason([](BlockTrailer& trailer) { trailer.payload_bytes -= 8; }) != "");
    CHECK(reason([](BlockTrailer& trailer) { trailer.count = 0; }) != "");
    CHECK(reason([](BlockTrailer& trailer) { trailer.count = 65'535; }) != "");
    CHECK(reason([](BlockTrailer& trailer) { trailer.compression = static_cast<compression::Kind>(9); }) != "");
    CHECK(reason([](BlockTrailer& trailer) { // a bomb: more than a thousandfold
              trailer.compression = compression::Kind::zstd;
              trailer.body_bytes *= 2000;
          }) != "");
}
