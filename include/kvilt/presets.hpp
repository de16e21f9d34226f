// Well-known designs as aliases. docs/choosing_policies.md
#pragma once

#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/lsm.hpp>

namespace kvilt::presets {

// `MemTable`, frozen at `entries` keys unless its options say otherwise.
template <MemTablePolicy MemTable, std::size_t entries>
struct FrozenAt : MemTable {
    struct Options {
        std::size_t bytes_max = 64_MiB;
        std::size_t entries_max = entries;

        operator memtable::Options() const noexcept { return {.bytes_max = bytes_max, .entries_max = entries_max}; }
    };
    static Result<void> validate(const Options& options) { return MemTable::validate(options); }
};

// The store of a storage-engine course: a memtable of 1,000 entries before sorted tables with Bloom filters, behind a
// log. Another number of entries is an option: SimpleKv::open("course", {.memtable = {.entries_max = 3}}).
using SimpleKv = Store<FrozenAt<memtable::Art<>, 1000>, log::Mapped, table::Lsm<filter::Bloom<10>>>;

// A bounded hash table in memory that evicts what is least used.
using Memcached = Store<memtable::Cache<>>;

// An index in memory over a log of segments on disk, which are cleaned.
using Bitcask = Store<memtable::Hash<>, log::Mapped>;

// Sorted tables in levels behind a log.
using LevelDb = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<compaction::Leveled, filter::Bloom<10>>>;

} // namespace kvilt::presets
