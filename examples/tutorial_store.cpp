// The store of a storage-engine course, built there in three phases: here it is an alias.
#include <kvilt/presets.hpp>

#include "expect.hpp"
#include <filesystem>

using kvilt::between;
using kvilt::presets::SimpleKv;

int main() {
    std::filesystem::remove_all("course");                           // of an earlier run
    const SimpleKv::Options options{.memtable = {.entries_max = 3}}; // 1,000 unless told otherwise

    // Phase 1: a table in memory and a log that brings it back.
    auto store = SimpleKv::open("course", options).value();
    store.put("apple", "red").value();
    store.put("banana", "yellow").value();
    store.close().value();
    store = SimpleKv::open("course", options).value();
    expect(store.get("banana").value() == "yellow", "the log is replayed");
    expect(store.stats().memtable_keys == 2, "into the memtable");

    // Phase 2: at three entries it becomes a sorted table; the newest record of a key counts.
    store.put("cherry", "red").value();
    expect(store.stats().memtable_keys == 0 && store.stats().tables == 1, "the memtable is flushed to a table");
    store.put("apple", "green").value();
    store.erase("banana").value();
    std::string fruits;
    for (auto [key, value] : store.scan(between("apple", "cherry")))
        fruits.append(value).append(" ").append(key).append(", ");
    expect(fruits == "green apple, red cherry, ", "a scan merges memtable and table, both its ends included");

    // Phase 3: compaction merges the tables; Bloom filters keep reads away from tables that do not hold the key.
    store.put("date", "brown").value();
    expect(store.stats().tables == 2 && store.stats().table_tombstones == 1, "the next table holds a tombstone");
    store.compact().value();
    expect(store.stats().tables == 1 && store.stats().table_tombstones == 0, "compaction leaves one table without any");
    expect(store.stats().table_entries == 3 && store.stats().disk_bytes() > 0, "of three records");
}
