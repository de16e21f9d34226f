// The stores that are measured, behind one shape:
//
//   explicit Store(const std::string& directory)     fresh
//   void put(key, value)                             as safe as a killed process is, without a sync
//   bool get(key, std::string& value)                into a buffer that is used again and again
//   void scan(visit)                                 visit(key, value) for all, in order
//   void compact()                                   waits until the shape is the best that it can be
//   static std::string name()                        with its version
//
// All have 64 MiB of write buffer, filters (Bloom of 10 bits in the peers), no compression, and more cache than data. A
// failure throws.
#pragma once

#include <kvilt/log/mapped.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#ifdef KVILT_BENCH_ROCKSDB
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#endif
#ifdef KVILT_BENCH_LEVELDB
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#endif

#include <memory>
#include <stdexcept>
#include <string>

namespace bench {

using kvilt::Bytes;
using kvilt::operator""_MiB;

template <class Threads>
class Kvilt {
public:
    explicit Kvilt(const std::string& directory)
        : store_(must(Store::open(directory, {.memtable = {.bytes_max = 64_MiB}}))) {}

    void put(Bytes key, Bytes value) { must(store_.put(key, value)); }
    bool get(Bytes key, std::string& value) {
        return must(store_.view(key, [&](Bytes found) { value.assign(found); }));
    }
    void scan(auto visit) { must(store_.scan(kvilt::all(), visit)); }
    void compact() { must(store_.compact()); }

    static std::string name() { return Threads::many ? "kvilt, threads::Many" : "kvilt, threads::One"; }

private:
    using Store = kvilt::Store<kvilt::memtable::Art<Threads>, kvilt::log::Mapped, kvilt::table::Lsm<>>;

    template <class T>
    static T must(kvilt::Result<T> result) {
        if (!result) throw kvilt::Exception(std::move(result).error());
        if constexpr (!std::is_void_v<T>) return std::move(*result);
    }

    Store store_;
};

// RocksDB and LevelDB, whose interfaces are sisters.
template <class Kind>
class LevelKind {
public:
    explicit LevelKind(const std::string& directory) {
        typename Kind::Db* opened = nullptr;
        must(Kind::Db::Open(kind_.options(), directory, &opened));
        db_.reset(opened);
    }

    void put(Bytes key, Bytes value) { must(db_->Put({}, slice(key), slice(value))); }
    bool get(Bytes key, std::string& value) {
        const auto status = db_->Get({}, slice(key), &value);
        if (!status.ok() && !status.IsNotFound()) must(status);
        return status.ok();
    }
    void scan(auto visit) {
        const std::unique_ptr<typename Kind::Iterator> at(db_->NewIterator({}));
        for (at->SeekToFirst(); at->Valid(); at->Next())
            visit(Bytes(at->key().data(), at->key().size()), Bytes(at->value().data(), at->value().size()));
        must(at->status());
    }
    void compact() { kind_.compact(*db_); }

    static std::string name() { return Kind::name(); }

private:
    static typename Kind::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }
    static void must(const auto& status) {
        if (!status.ok()) throw std::runtime_error(name() + ": " + status.ToString());
    }

    Kind kind_; // outlives the database
    std::unique_ptr<typename Kind::Db> db_;
};

#ifdef KVILT_BENCH_ROCKSDB
struct RocksDbKind {
    using Db = rocksdb::DB;
    using Iterator = rocksdb::Iterator;
    using Slice = rocksdb::Slice;

    rocksdb::Options options() const {
        rocksdb::BlockBasedTableOptions table;
        table.block_cache = rocksdb::NewLRUCache(1 << 30);
        table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
        table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
        rocksdb::Options options;
        options.create_if_missing = true;
        options.error_if_exists = true;
        options.write_buffer_size = 64_MiB;
        options.compression = rocksdb::kNoCompression;
        options.max_open_files = -1;
        options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
        return options;
    }
    void compact(Db& db) const {
        const rocksdb::Status status = db.CompactRange({}, nullptr, nullptr);
        if (!status.ok()) throw std::runtime_error(name() + ": " + status.ToString());
    }
    static std::string name() { return "RocksDB " + rocksdb::GetRocksVersionAsString(); }
};
using RocksDb = LevelKind<RocksDbKind>;
#endif

#ifdef KVILT_BENCH_LEVELDB
struct LevelDbKind {
    using Db = leveldb::DB;
    using Iterator = leveldb::Iterator;
    using Slice = leveldb::Slice;

    leveldb::Options options() const {
        leveldb::Options options;
        options.create_if_missing = true;
        options.error_if_exists = true;
        options.write_buffer_size = 64_MiB;
        options.max_file_size = 64_MiB;
        options.compression = leveldb::kNoCompression;
        options.block_cache = cache.get();
        options.filter_policy = filter.get();
        return options;
    }
    void compact(Db& db) const { db.CompactRange(nullptr, nullptr); }
    static std::string name() {
        return "LevelDB " + std::to_string(leveldb::kMajorVersion) + "." + std::to_string(leveldb::kMinorVersion);
    }

    std::unique_ptr<leveldb::Cache> cache{leveldb::NewLRUCache(1 << 30)};
    std::unique_ptr<const leveldb::FilterPolicy> filter{leveldb::NewBloomFilterPolicy(10)};
};
using LevelDb = LevelKind<LevelDbKind>;
#endif

} // namespace bench
