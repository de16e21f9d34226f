// RocksDB, tuned as its wiki advises for data that fits into memory: "Setup options and basic tuning", "Data block hash
// index", "Block cache".
#include "all.hpp"
#include <array>
#include <chrono>
#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/version.h>
#include <stdexcept>
#include <thread>

namespace bench {

namespace {

void must(const rocksdb::Status& status) {
    if (!status.ok()) throw std::runtime_error("RocksDB: " + status.ToString());
}

rocksdb::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }
Bytes bytes(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// Of what this build of it has, the fastest first.
rocksdb::CompressionType compression() {
    const std::vector<rocksdb::CompressionType> has = rocksdb::GetSupportedCompressions();
    for (const auto wanted : {rocksdb::kLZ4Compression, rocksdb::kSnappyCompression, rocksdb::kZSTD})
        if (std::ranges::find(has, wanted) != has.end()) return wanted;
    throw std::runtime_error("this build of RocksDB cannot compress: build it with -DWITH_LZ4=ON");
}

rocksdb::Options tuned(const EngineOptions& wanted) {
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(cache_bytes(wanted));
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
    table.data_block_hash_table_util_ratio = 0.75;
    table.format_version = 5;
    if (wanted.compressed) table.block_size = 16 << 10;
    if (wanted.memory_bytes_max != 0) {
        table.cache_index_and_filter_blocks = true;
        table.pin_l0_filter_and_index_blocks_in_cache = true;
    }
    rocksdb::Options options;
    options.create_if_missing = true;
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    options.compression = wanted.compressed ? compression() : rocksdb::kNoCompression;
    options.write_buffer_size = write_buffer_bytes(wanted);
    options.max_write_buffer_number = 3;
    options.level0_file_num_compaction_trigger = 4;
    options.max_bytes_for_level_base = 4 * options.write_buffer_size; // level 0 when it is compacted
    options.level_compaction_dynamic_level_bytes = true;
    options.max_background_jobs = 2;
    options.bytes_per_sync = 1 << 20;
    options.max_open_files = -1;
    options.compaction_pri = rocksdb::kMinOverlappingRatio;
    return options;
}

class RocksDbSession final : public Session {
public:
    explicit RocksDbSession(rocksdb::DB& db) : db_(db) { synced_.sync = true; }

    void put(Bytes key, Bytes value) override { must(db_.Put(written_, slice(key), slice(value))); }
    void put_synced(Bytes key, Bytes value) override { must(db_.Put(synced_, slice(key), slice(value))); }
    void put_batch(std::span<const Entry> entries) override {
        batch_.Clear();
        for (const Entry& entry : entries) must(batch_.Put(slice(entry.key), slice(entry.value)));
        must(db_.Write(written_, &batch_));
    }
    void remove(Bytes key) override { must(db_.Delete(written_, slice(key))); }

    bool get(Bytes key, std::string& value) override {
        found_[0].Reset();
        const rocksdb::Status status = db_.Get(read_, db_.DefaultColumnFamily(), slice(key), &found_[0]);
        if (status.IsNotFound()) return false;
        must(status);
        value.assign(found_[0].data(), found_[0].size());
        return true;
    }
    std::size_t get_many(std::span<const Bytes> keys, std::span<std::string> values) override {
        std::size_t count = 0;
        for (std::size_t begin = 0; begin < keys.size(); begin += at_once) {
            const std::size_t size = std::min(at_once, keys.size() - begin);
            for (std::size_t n = 0; n < size; ++n) {
                asked_[n] = slice(keys[begin + n]);
                found_[n].Reset();
            }
            db_.MultiGet(read_, db_.DefaultColumnFamily(), size, asked_.data(), found_.data(), status_.data());
            for (std::size_t n = 0; n < size; ++n) {
                if (status_[n].IsNotFound()) continue;
                must(status_[n]);
                values[begin + n].assign(found_[n].data(), found_[n].size());
                ++count;
            }
        }
        return count;
    }

    void scan(Bytes from, Direction direction, std::size_t count, Sum& sum) override {
        const std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator(read_));
        const bool forward = direction == Direction::forward;
        if (from.empty())
            forward ? at->SeekToFirst() : at->SeekToLast();
        else
            forward ? at->Seek(slice(from)) : at->SeekForPrev(slice(from));
        for (; count != 0 && at->Valid(); --count, forward ? at->Next() : at->Prev())
            sum.add(bytes(at->key()), bytes(at->value()));
        must(at->status());
    }

private:
    static constexpr std::size_t at_once = 32; // MultiGet's own batches are as large

    rocksdb::DB& db_;
    rocksdb::ReadOptions read_{};
    rocksdb::WriteOptions written_{};
    rocksdb::WriteOptions synced_{};
    rocksdb::WriteBatch batch_{};
    std::array<rocksdb::Slice, at_once> asked_{};
    std::array<rocksdb::PinnableSlice, at_once> found_{};
    std::array<rocksdb::Status, at_once> status_{};
};

class RocksDb final : public Engine {
public:
    explicit RocksDb(const EngineOptions& options) {
        rocksdb::DB* opened = nullptr;
        must(rocksdb::DB::Open(tuned(options), options.directory, &opened));
        db_.reset(opened);
    }

    std::unique_ptr<Session> session() override { return std::make_unique<RocksDbSession>(*db_); }

    void settle() override {
        must(db_->Flush({}));
        for (int quiet = 0; quiet < 2; quiet = busy() ? 0 : quiet + 1) // between two jobs none runs
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    void compact() override { must(db_->CompactRange({}, nullptr, nullptr)); }

private:
    bool busy() const {
        using Properties = rocksdb::DB::Properties;
        for (const std::string& name : {Properties::kMemTableFlushPending, Properties::kNumRunningFlushes,
                                        Properties::kCompactionPending, Properties::kNumRunningCompactions}) {
            std::uint64_t jobs = 0;
            if (db_->GetIntProperty(name, &jobs) && jobs != 0) return true;
        }
        return false;
    }

    std::unique_ptr<rocksdb::DB> db_{};
};

} // namespace

std::vector<Candidate> rocksdb_candidates() {
    Description description{
        .name = "rocksdb",
        .version = "RocksDB " + rocksdb::GetRocksVersionAsString(),
        .settings = "write buffers of 64 MiB, 3 of them; Bloom filters of 10 bits; data-block hash index; block cache "
                    "larger than data; 2 background jobs; dynamic levels; no compression, or lz4 (else snappy or zstd) "
                    "with 16 KiB blocks",
        .after_kill = "every put that has returned",
        .after_power = "a prefix of the puts that holds every synced one"};
#ifdef KVILT_BENCH_ROCKSDB_ASSERTS
    description.warning = "this library of RocksDB was built with assertions, which make it slower: name another build "
                          "with -DKVILT_BENCH_ROCKSDB_ROOT=DIRECTORY";
#endif
    return {
        {.description = std::move(description), .open = [](const EngineOptions& options) -> std::unique_ptr<Engine> {
             return std::make_unique<RocksDb>(options);
         }}};
}

} // namespace bench
