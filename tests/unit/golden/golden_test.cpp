// Files of format version 1 are read for ever, and written as they always were. docs/formats/README.md
#include <doctest/doctest.h>

#include "../../golden/stores.hpp"
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace fs = std::filesystem;
using namespace kvilt;
using golden::Pairs;

namespace {

const fs::path golden_directory = fs::path(KVILT_GOLDEN_DIR) / "v1";

const std::string on_purpose =
    "The bytes that kvilt writes have changed. If that was not meant, mend it. If the format is the same and only what "
    "is written into it has changed, see the other tests of this file pass first, then write the files anew: run this "
    "test with KVILT_GOLDEN=write. If the format has changed, raise its version in the source and in its page, keep "
    "this folder and its tests, write the next one, and name the change in CHANGELOG.md.";

using Files = std::map<std::string, std::string>;

std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Files files_on_disk(const std::string& store) {
    Files files;
    for (const auto& entry : fs::recursive_directory_iterator(golden_directory / store))
        if (entry.is_regular_file() && entry.path().filename() != "LOCK")
            files[fs::relative(entry.path(), golden_directory).generic_string()] = slurp(entry.path());
    return files;
}

void add_files(MemoryWorld& world, const std::string& path, Files& files) {
    const auto contents = world.contents(path);
    if (contents) {
        if (!path.ends_with("/LOCK")) files[path] = *contents;
        return;
    }
    const auto names = world.files().list(path).value();
    for (const std::string& name : names) add_files(world, path + "/" + name, files);
}

Files files_in(MemoryWorld& world, const std::string& store) {
    Files files;
    add_files(world, store, files);
    return files;
}

// A world that holds a copy of a golden store.
std::unique_ptr<MemoryWorld> copy_of(const std::string& store) {
    auto world = std::make_unique<MemoryWorld>();
    for (const auto& [path, bytes] : files_on_disk(store)) {
        world->files().create_directory(fs::path(path).parent_path().generic_string()).value();
        world->replace(path, bytes).value();
    }
    return world;
}

template <class S>
Pairs pairs_of(const S& store) {
    Pairs pairs;
    for (auto [key, value] : store.scan(all())) pairs.emplace(key, value);
    return pairs;
}

Pairs expected(const std::string& store) {
    MemoryWorld world;
    for (const golden::Golden& one : golden::all_stores)
        if (one.name == store) return one.write(world);
    FAIL("there is no golden store " << store);
    return {};
}

bool writing() {
    const char* wish = std::getenv("KVILT_GOLDEN");
    return wish != nullptr && std::string(wish) == "write";
}

} // namespace

TEST_CASE("today's code writes the golden files byte for byte") {
    for (const golden::Golden& one : golden::all_stores) {
        MemoryWorld world;
        const Pairs pairs = one.write(world);
        Files files = files_in(world, one.name);
        const std::string text = golden::text_of(pairs);
        const fs::path text_path = golden_directory / (std::string(one.name) + ".txt");
        if (writing()) {
            fs::remove_all(golden_directory / one.name);
            for (const auto& [path, bytes] : files) {
                fs::create_directories((golden_directory / path).parent_path());
                std::ofstream(golden_directory / path, std::ios::binary) << bytes;
            }
            std::ofstream(text_path, std::ios::binary) << text;
        }
        const Files golden_files = files_on_disk(one.name);
        for (const auto& [path, bytes] : files) {
            const auto found = golden_files.find(path);
            const bool same = found != golden_files.end() && found->second == bytes;
            CHECK_MESSAGE(same, path, " differs. ", on_purpose);
        }
        CHECK_MESSAGE(golden_files.size() == files.size(), "there are other files. ", on_purpose);
        CHECK(slurp(text_path) == text);
    }
}

TEST_CASE("a golden tree is read: tables with both filters, versions, tombstones, a log that was not closed") {
    const auto world = copy_of("tree");
    auto store = golden::Tree::open("tree", {}, world->environment()).value();
    CHECK(pairs_of(store) == expected("tree"));
    CHECK(store.stats().tables == 2);
    CHECK(store.get("key101").value() == std::nullopt);
    CHECK(store.verify());
    store.compact().value();
    CHECK(pairs_of(store) == expected("tree"));
}

TEST_CASE("a golden Bitcask is read: copies, tombstones, a clean close") {
    const auto world = copy_of("bitcask");
    const auto store = golden::Bitcask::open("bitcask", {}, world->environment()).value();
    const Pairs wanted = expected("bitcask");
    for (const auto& [key, value] : wanted) CHECK(store.get(key).value() == value);
    for (int i = 0; i < 40; i += 5) CHECK(store.get(golden::numbered("key", i)).value() == std::nullopt);
    CHECK(store.get("key001").value() == std::nullopt);
    CHECK(store.stats().recovery_bytes_cut == 0);
}

TEST_CASE("golden shards are read: a batch over both of them") {
    const auto world = copy_of("shards");
    const auto store =
        golden::Shards::open("shards", {.partition = {.shards = golden::shards}}, world->environment()).value();
    for (const auto& [key, value] : expected("shards")) CHECK(store.get(key).value() == value);
    CHECK(store.get("single003").value() == std::nullopt);
    CHECK(store.stats().memtable_keys == expected("shards").size() + 1); // and a tombstone
}

TEST_CASE("golden typed pairs are read as what they were") {
    const auto world = copy_of("typed");
    const auto store = golden::Tree::open("typed", {}, world->environment()).value();
    for (const auto& [key, account] : golden::accounts()) CHECK(store.get<golden::Account>(key).value() == account);
    std::vector<golden::AccountKey> keys;
    for (auto [key, account] : store.scan<golden::AccountKey, golden::Account>(all())) keys.push_back(key);
    CHECK(std::is_sorted(keys.begin(), keys.end()));
    CHECK(keys.size() == golden::accounts().size());
}
