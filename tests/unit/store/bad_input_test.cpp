// Each kind of bad input gets its own error, which names what was wrong and how to mend it, and changes nothing.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using namespace kvilt;

namespace {

using Ledger = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;

struct World {
    MemoryWorld world;
    Environment environment = world.environment();

    Result<Ledger> open(Ledger::Options options = {}) { return Ledger::open("store", options, environment); }

    void fill() {
        auto store = open().value();
        for (int i = 0; i < 200; ++i) store.put("key" + std::to_string(i), std::string(100, 'v')).value();
        store.flush().value();
        store.put("last", "in the log").value();
        store.close().value();
    }

    std::vector<std::pair<std::string, std::string>> files() const {
        std::vector<std::pair<std::string, std::string>> contents;
        const auto names = environment.files->list("store").value();
        for (const std::string& name : names) {
            auto file = environment.files->open("store/" + name, OpenMode::read).value();
            std::string bytes(static_cast<std::size_t>(file->size().value()), '\0');
            (void)file->read_at(0, bytes.data(), bytes.size()).value();
            contents.emplace_back(name, std::move(bytes));
        }
        return contents;
    }

    // Of the log's files the one that counts: others are spare.
    std::string file_that_starts(Bytes prefix) const {
        const auto all = files();
        for (const auto& [name, bytes] : all)
            if (name.starts_with(prefix) && (prefix != "log-" || bytes.find("in the log") != std::string::npos))
                return "store/" + name;
        FAIL("no such file");
        return {};
    }

    void overwrite(const std::string& path, std::uint64_t offset, Bytes bytes) {
        auto file = environment.files->open(path, OpenMode::write).value();
        file->write_at(offset, bytes).value();
    }
};

bool says(const Error& error, Bytes part) { return error.message().find(part) != std::string::npos; }

} // namespace

TEST_CASE("a missing directory is not found unless the store may be created") {
    World w;
    const auto refused = w.open({.create = false});
    REQUIRE(!refused);
    CHECK(refused.error() == Errc::not_found);
    CHECK(says(refused.error(), ".create = true"));
    CHECK(!w.environment.files->exists("store").value());
    CHECK(!w.open({.read_only = true}));
}

TEST_CASE("a directory without a store is not found unless the store may be created") {
    World w;
    w.environment.files->create_directory("store").value();
    const auto refused = w.open({.create = false});
    REQUIRE(!refused);
    CHECK(refused.error() == Errc::not_found);
}

TEST_CASE("a directory of another composition is refused with the difference, and left as it was") {
    World w;
    w.fill();
    const auto before = w.files();
    const auto bitcask = Store<memtable::Art<>, log::Mapped>::open("store", {}, w.environment);
    REQUIRE(!bitcask);
    CHECK(bitcask.error() == Errc::incompatible);
    CHECK(says(bitcask.error(), "table is \"lsm/1\" on disk and \"none\" in this program"));
    using Sharded = Store<memtable::Art<>, log::Mapped, table::Lsm<>, partition::HashMod>;
    const auto sharded = Sharded::open("store", {}, w.environment);
    REQUIRE(!sharded);
    CHECK(sharded.error() == Errc::incompatible);
    CHECK(says(sharded.error(), "partition"));
    CHECK(w.files() == before);
    CHECK(w.open().value().get("key7").value() == std::string(100, 'v'));
}

TEST_CASE("policies that leave the same files may be exchanged") {
    World w;
    w.fill();
    auto store = Store<memtable::Art<threads::Many>, log::Written, table::Lsm<compaction::Leveled>>::open("store", {},
                                                                                                          w.environment)
                     .value();
    CHECK(store.get("last").value() == "in the log");
    CHECK(store.get("key199").value() == std::string(100, 'v'));
}

TEST_CASE("the number of shards is part of a sharded store") {
    MemoryWorld world;
    using Sharded = Store<memtable::Art<>, log::Mapped, table::None, partition::HashMod>;
    {
        Sharded::open("s", {.partition = {.shards = 2}}, world.environment()).value().put("a", "b").value();
    }
    const auto refused = Sharded::open("s", {.partition = {.shards = 3}}, world.environment());
    REQUIRE(!refused);
    CHECK(refused.error() == Errc::incompatible);
    CHECK(says(refused.error(), "hash_mod/2"));
    CHECK(Sharded::open("s", {.partition = {.shards = 2}}, world.environment()).value().get("a").value() == "b");
}

TEST_CASE("a future format version is refused by name") {
    for (const Bytes kind : {"man", "log"}) {
        World w;
        w.fill();
        const std::string path = w.file_that_starts(kind == "man" ? "manifest-" : "log-");
        auto file = w.environment.files->open(path, OpenMode::read).value();
        char bytes[FileHeader::bytes];
        REQUIRE(file->read_at(0, bytes, sizeof bytes).value() == sizeof bytes);
        FileHeader header = *FileHeader::read({bytes, sizeof bytes}, kind);
        header.version = 99;
        header.write(bytes, kind);
        w.overwrite(path, 0, {bytes, sizeof bytes});
        const auto before = w.files();
        const auto refused = w.open();
        REQUIRE(!refused);
        CHECK(refused.error() == Errc::incompatible);
        CHECK(says(refused.error(), "99"));
        CHECK(w.files() == before);
    }
}

TEST_CASE("a store that is open is locked, and a reader is refused while a writer lives") {
    World w;
    auto store = w.open().value();
    const auto second = w.open();
    REQUIRE(!second);
    CHECK(second.error() == Errc::locked);
    const auto reader = w.open({.read_only = true});
    REQUIRE(!reader);
    CHECK(reader.error() == Errc::locked);
    store.put("a", "b").value();
    store.close().value();
    CHECK(w.open({.read_only = true}).value().get("a").value() == "b");
}

TEST_CASE("a read-only store reads everything, writes nothing and says why") {
    World w;
    w.fill();
    const auto before = w.files();
    {
        auto one = w.open({.read_only = true}).value();
        auto two = w.open({.read_only = true}).value();
        CHECK(one.get("last").value() == "in the log");
        CHECK(two.get("key0").value() == std::string(100, 'v'));
        const auto refused = one.put("a", "b");
        REQUIRE(!refused);
        CHECK(refused.error() == Errc::read_only);
        CHECK(says(refused.error(), "read_only"));
        CHECK(!one.flush());
        CHECK(!one.compact());
        CHECK(one.close().has_value());
    }
    CHECK(w.files() == before);
}

TEST_CASE("oversized keys, values and batches are refused at the call") {
    World w;
    auto store = w.open().value();
    const std::string key(key_bytes_max, 'k');
    store.put(key, "at the limit").value();
    CHECK(store.get(key).value() == "at the limit");
    const auto long_key = store.put(key + "k", "x");
    REQUIRE(!long_key);
    CHECK(long_key.error() == Errc::invalid_argument);
    CHECK(says(long_key.error(), "65536"));
    CHECK(!store.erase(key + "k"));
    Batch batch;
    batch.put("a", "b");
    batch.put(key + "k", "x");
    CHECK(store.apply(batch).error() == Errc::invalid_argument);
    CHECK(!store.get("a").value());
    CHECK(store.get(key + "k").value() == std::nullopt);
    CHECK(store.stats().writable);
}

TEST_CASE("empty keys and values and all byte values are legal") {
    World w;
    auto store = w.open().value();
    std::string bytes;
    for (int byte = 0; byte < 256; ++byte) bytes.push_back(static_cast<char>(byte));
    store.put("", "empty key").value();
    store.put("empty value", "").value();
    store.put(bytes, bytes).value();
    for (const bool flushed : {false, true}) {
        if (flushed) store.flush().value();
        CHECK(store.get("").value() == "empty key");
        CHECK(store.get("empty value").value() == "");
        CHECK(store.get(bytes).value() == bytes);
    }
}

TEST_CASE("invalid options are named with their cure") {
    World w;
    const auto small = w.open({.memtable = {.bytes_max = 1}});
    REQUIRE(!small);
    CHECK(small.error() == Errc::invalid_option);
    CHECK(says(small.error(), "bytes_max"));
    CHECK(w.open({.memory_bytes_max = 1000}).error() == Errc::invalid_option);
    CHECK(w.open({.log = {.sync = Sync::interval}}).error() == Errc::invalid_option);
    CHECK_THROWS_AS((Store<memtable::Hash<>>{{.memtable = {.bytes_max = 1}}}), Exception);
    CHECK(!w.environment.files->exists("store").value());
}

TEST_CASE("asking for a sync where nothing can be synced is an error and not a shrug") {
    Store<memtable::Hash<>> store;
    const auto refused = store.put("a", "b", {.sync = true});
    REQUIRE(!refused);
    CHECK(refused.error() == Errc::invalid_option);
    CHECK(says(refused.error(), "log::Mapped"));
    CHECK(!store.get("a").value());
}

TEST_CASE("a full disk refuses writes with its own error, loses nothing, and is over when there is space") {
    World w;
    auto store = w.open({.memtable = {.bytes_max = 256_KiB}}).value();
    w.world.set_capacity(3_MiB);
    int stored = 0;
    Result<void> result;
    for (; stored < 100'000 && result; ++stored)
        result = store.put("key" + std::to_string(stored), std::string(200, 'v'));
    --stored;
    REQUIRE(!result);
    CHECK(result.error() == Errc::full);
    for (int i = 0; i < stored; ++i) REQUIRE(store.get("key" + std::to_string(i)).value() == std::string(200, 'v'));
    w.world.set_capacity(1_GiB);
    store.put("after", "there is space").value();
    store.close().value();
    auto again = w.open().value();
    CHECK(again.get("after").value() == "there is space");
    for (int i = 0; i < stored; ++i) REQUIRE(again.get("key" + std::to_string(i)).value() == std::string(200, 'v'));
}

TEST_CASE("an unreadable file refuses to open and stays as it is") {
    for (const Bytes kind : {"manifest-", "log-", "table-", "CURRENT"}) {
        World w;
        w.fill();
        const std::string path = w.file_that_starts(kind);
        w.environment.files->rename(path, "aside").value();
        if (kind != "CURRENT") w.environment.files->open(path, OpenMode::create).value();
        const auto before = w.files();
        const auto refused = w.open();
        REQUIRE_MESSAGE(!refused, kind);
        CHECK_MESSAGE((refused.error() == Errc::corruption || refused.error() == Errc::io), refused.error().message());
        CHECK(w.files() == before);
        if (kind != "CURRENT") w.environment.files->remove(path).value();
        w.environment.files->rename("aside", path).value();
        CHECK(w.open().value().get("last").value() == "in the log");
    }
}

TEST_CASE("every flipped bit of a closed store is found, or harmless") {
    World clean;
    {
        auto store = clean.open({.log = {.segment_bytes_min = 4_KiB}}).value();
        for (int i = 0; i < 20; ++i) store.put("key" + std::to_string(i), std::to_string(i)).value();
        store.flush().value();
        for (int i = 15; i < 25; ++i) store.put("key" + std::to_string(i), std::to_string(i)).value();
        store.close().value();
    }
    std::size_t found = 0;
    std::size_t harmless = 0;
    const auto files = clean.files();
    for (const auto& [name, bytes] : files) {
        const std::size_t step = bytes.size() > 4096 ? 61 : 7;
        for (std::size_t at = 0; at < bytes.size(); at += step) {
            const auto copy = clean.world.kill();
            World w;
            const Environment environment = copy->environment();
            {
                auto file = environment.files->open("store/" + name, OpenMode::write).value();
                const char flipped = static_cast<char>(bytes[at] ^ (1 << (at % 8)));
                file->write_at(at, {&flipped, 1}).value();
            }
            auto store = Ledger::open("store", {}, environment);
            if (!store || !store->verify()) {
                ++found;
                continue;
            }
            ++harmless;
            for (int i = 0; i < 25; ++i) {
                const auto value = store->get("key" + std::to_string(i));
                REQUIRE_MESSAGE((!value || *value == std::to_string(i)), name, " at ", at);
            }
        }
    }
    MESSAGE(found, " flips found, ", harmless, " harmless");
    CHECK(found > 100);
}

TEST_CASE("a closed store refuses every call") {
    World w;
    auto store = w.open().value();
    store.close().value();
    CHECK(store.put("a", "b").error() == Errc::closed);
    CHECK(store.get("a").error() == Errc::closed);
    CHECK(store.close().error() == Errc::closed);
    CHECK_THROWS_AS((void)store.scan(all()), Exception);
    CHECK(!store.stats().writable);
}
