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

// The store of a storage-engine course: a memtable of 1,000 entries before sorted tables with Bloom filters, behind a
// log. Options for it: simple_kv_options.
using SimpleKv = Store<memtable::Art<>, log::Mapped, table::Lsm<filter::Bloom<10>>>;

inline SimpleKv::Options simple_kv_options(std::size_t entries_max = 1000) {
    return {.memtable = {.entries_max = entries_max}};
}

// A bounded hash table in memory that evicts what is least used.
using Memcached = Store<memtable::Cache<>>;

// An index in memory over a log of segments on disk, which are cleaned.
using Bitcask = Store<memtable::Hash<>, log::Mapped>;

// Sorted tables in levels behind a log.
using LevelDb = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<compaction::Leveled, filter::Bloom<10>>>;

} // namespace kvilt::presets
