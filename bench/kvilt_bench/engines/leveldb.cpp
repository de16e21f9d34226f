// LevelDB, with its documentation's advice: a larger write buffer, a cache, Bloom filters.
#include "all.hpp"
#include <chrono>
#include <filesystem>
#include <leveldb/cache.h>
#include <leveldb/db.h>
#include <leveldb/filter_policy.h>
#include <leveldb/write_batch.h>
#include <stdexcept>
#include <thread>

namespace bench {

namespace {

void must(const leveldb::Status& status) {
    if (!status.ok()) throw std::runtime_error("LevelDB: " + status.ToString());
}

leveldb::Slice slice(Bytes bytes) { return {bytes.data(), bytes.size()}; }
Bytes bytes(const leveldb::Slice& slice) { return {slice.data(), slice.size()}; }

class LevelDbSession final : public Session {
public:
    explicit LevelDbSession(leveldb::DB& db) : db_(db) { synced_.sync = true; }

    void put(Bytes key, Bytes value) override { must(db_.Put(written_, slice(key), slice(value))); }
    void put_synced(Bytes key, Bytes value) override { must(db_.Put(synced_, slice(key), slice(value))); }
    void put_batch(std::span<const Entry> entries) override {
        batch_.Clear();
        for (const Entry& entry : entries) batch_.Put(slice(entry.key), slice(entry.value));
        must(db_.Write(written_, &batch_));
    }
    void remove(Bytes key) override { must(db_.Delete(written_, slice(key))); }

    bool get(Bytes key, std::string& value) override {
        const leveldb::Status status = db_.Get(read_, slice(key), &value);
        if (status.IsNotFound()) return false;
        must(status);
        return true;
    }

    void scan(Bytes from, Direction direction, std::size_t count, Sum& sum) override {
        const std::unique_ptr<leveldb::Iterator> at(db_.NewIterator(read_));
        const bool forward = direction == Direction::forward;
        if (!from.empty())
            at->Seek(slice(from));
        else
            forward ? at->SeekToFirst() : at->SeekToLast();
        if (!forward && !from.empty()) {
            if (!at->Valid())
                at->SeekToLast();
            else if (bytes(at->key()) != from)
                at->Prev();
        }
        for (; count != 0 && at->Valid(); --count, forward ? at->Next() : at->Prev())
            sum.add(bytes(at->key()), bytes(at->value()));
        must(at->status());
    }

private:
    leveldb::DB& db_;
    leveldb::ReadOptions read_{};
    leveldb::WriteOptions written_{};
    leveldb::WriteOptions synced_{};
    leveldb::WriteBatch batch_{};
};

class LevelDb final : public Engine {
public:
    explicit LevelDb(const EngineOptions& wanted)
        : directory_(wanted.directory), cache_(leveldb::NewLRUCache(cache_bytes(wanted))),
          filter_(leveldb::NewBloomFilterPolicy(10)) {
        leveldb::Options options;
        options.create_if_missing = true;
        options.write_buffer_size = write_buffer_bytes(wanted);
        options.max_file_size = 64 << 20;
        options.compression = wanted.compressed ? leveldb::kSnappyCompression : leveldb::kNoCompression;
        options.block_cache = cache_.get();
        options.filter_policy = filter_.get();
        options.max_open_files = 10'000;
        leveldb::DB* opened = nullptr;
        must(leveldb::DB::Open(options, wanted.directory, &opened));
        db_.reset(opened);
    }

    std::unique_ptr<Session> session() override { return std::make_unique<LevelDbSession>(*db_); }

    // It says nothing of what is to be done: it is idle when for a while no file has come, grown or gone.
    void settle() override {
        const leveldb::Slice none("~~"); // behind all keys: what is in memory is written, and nothing merged
        db_->CompactRange(&none, &none);
        std::string before;
        for (int quiet = 0; quiet < 5;) {
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            std::string now = files_and_sizes();
            quiet = now == before ? quiet + 1 : 0;
            before = std::move(now);
        }
    }
    void compact() override { db_->CompactRange(nullptr, nullptr); }

private:
    std::string files_and_sizes() const {
        std::string text;
        std::error_code vanished;
        for (const auto& file : std::filesystem::directory_iterator(directory_))
            text.append(file.path().filename()).append(" ").append(std::to_string(file.file_size(vanished)));
        return text;
    }

    std::string directory_;
    std::unique_ptr<leveldb::Cache> cache_;
    std::unique_ptr<const leveldb::FilterPolicy> filter_;
    std::unique_ptr<leveldb::DB> db_{};
};

} // namespace

std::vector<Candidate> leveldb_candidates() {
    return {{.description = {.name = "leveldb",
                             .version = "LevelDB " + std::to_string(leveldb::kMajorVersion) + "." +
                                        std::to_string(leveldb::kMinorVersion),
                             .settings = "write buffer and files of 64 MiB, Bloom filters of 10 bits, block cache "
                                         "larger than data, no compression, or snappy",
                             .after_kill = "every put that has returned",
                             .after_power = "a prefix of the puts that holds every synced one"},
             .open = [](const EngineOptions& options) -> std::unique_ptr<Engine> {
                 return std::make_unique<LevelDb>(options);
             }}};
}

} // namespace bench
