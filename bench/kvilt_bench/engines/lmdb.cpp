// LMDB, with the flags that its documentation names for speed where a power cut may cost the last transactions.
#include "all.hpp"
#include <lmdb.h>
#include <stdexcept>
#include <utility>

namespace bench {

namespace {

void must(int code) {
    if (code != MDB_SUCCESS) throw std::runtime_error(std::string("LMDB: ") + ::mdb_strerror(code));
}

MDB_val val(Bytes bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }
Bytes bytes(const MDB_val& val) { return {static_cast<const char*>(val.mv_data), val.mv_size}; }

// Ends the transaction unless it was committed.
class Writing {
public:
    explicit Writing(MDB_env* env) { must(::mdb_txn_begin(env, nullptr, 0, &txn_)); }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;
    ~Writing() {
        if (txn_ != nullptr) ::mdb_txn_abort(txn_);
    }

    MDB_txn* txn() const { return txn_; }
    void commit() { must(::mdb_txn_commit(std::exchange(txn_, nullptr))); }

private:
    MDB_txn* txn_ = nullptr;
};

class LmdbSession final : public Session {
public:
    LmdbSession(MDB_env* env, MDB_dbi dbi) : env_(env), dbi_(dbi) {
        must(::mdb_txn_begin(env_, nullptr, MDB_RDONLY, &read_));
        must(::mdb_cursor_open(read_, dbi_, &cursor_));
        ::mdb_txn_reset(read_);
    }
    ~LmdbSession() override {
        ::mdb_cursor_close(cursor_);
        ::mdb_txn_abort(read_);
    }

    void put(Bytes key, Bytes value) override {
        Writing writing(env_);
        put_into(writing, key, value);
        writing.commit();
    }
    void put_synced(Bytes key, Bytes value) override {
        put(key, value);
        must(::mdb_env_sync(env_, 1));
    }
    void put_batch(std::span<const Entry> entries) override {
        Writing writing(env_);
        for (const Entry& entry : entries) put_into(writing, entry.key, entry.value);
        writing.commit();
    }
    void remove(Bytes key) override {
        Writing writing(env_);
        MDB_val wanted = val(key);
        if (const int code = ::mdb_del(writing.txn(), dbi_, &wanted, nullptr); code != MDB_NOTFOUND) must(code);
        writing.commit();
    }

    bool get(Bytes key, std::string& value) override {
        const Reading reading(read_);
        return get_in(key, value);
    }
    std::size_t get_many(std::span<const Bytes> keys, std::span<std::string> values) override {
        const Reading reading(read_);
        std::size_t found = 0;
        for (std::size_t n = 0; n < keys.size(); ++n) found += get_in(keys[n], values[n]);
        return found;
    }

    void scan(Bytes from, Direction direction, std::size_t count, Sum& sum) override {
        const Reading reading(read_);
        must(::mdb_cursor_renew(read_, cursor_));
        const bool forward = direction == Direction::forward;
        MDB_val key = val(from);
        MDB_val value{};
        int code = ::mdb_cursor_get(cursor_, &key, &value,
                                    !from.empty() ? MDB_SET_RANGE
                                    : forward     ? MDB_FIRST
                                                  : MDB_LAST);
        if (!forward && !from.empty()) {
            if (code == MDB_NOTFOUND)
                code = ::mdb_cursor_get(cursor_, &key, &value, MDB_LAST);
            else if (code == MDB_SUCCESS && bytes(key) != from)
                code = ::mdb_cursor_get(cursor_, &key, &value, MDB_PREV);
        }
        for (; count != 0 && code == MDB_SUCCESS; --count) {
            sum.add(bytes(key), bytes(value));
            code = ::mdb_cursor_get(cursor_, &key, &value, forward ? MDB_NEXT : MDB_PREV);
        }
        if (code != MDB_NOTFOUND) must(code);
    }

private:
    // The newest state for as long as it lives; begun anew without allocating.
    class Reading {
    public:
        explicit Reading(MDB_txn* txn) : txn_(txn) { must(::mdb_txn_renew(txn_)); }
        Reading(const Reading&) = delete;
        Reading& operator=(const Reading&) = delete;
        ~Reading() { ::mdb_txn_reset(txn_); }

    private:
        MDB_txn* txn_;
    };

    void put_into(const Writing& writing, Bytes key, Bytes value) {
        MDB_val put_key = val(key);
        MDB_val put_value = val(value);
        must(::mdb_put(writing.txn(), dbi_, &put_key, &put_value, 0));
    }
    bool get_in(Bytes key, std::string& value) {
        MDB_val wanted = val(key);
        MDB_val found{};
        const int code = ::mdb_get(read_, dbi_, &wanted, &found);
        if (code == MDB_NOTFOUND) return false;
        must(code);
        value.assign(bytes(found));
        return true;
    }

    MDB_env* env_;
    MDB_dbi dbi_;
    MDB_txn* read_ = nullptr;
    MDB_cursor* cursor_ = nullptr;
};

class Lmdb final : public Engine {
public:
    explicit Lmdb(const EngineOptions& options) {
        must(::mdb_env_create(&env_));
        try {
            open(options);
        } catch (...) {
            ::mdb_env_close(env_);
            throw;
        }
    }
    ~Lmdb() override { ::mdb_env_close(env_); }

    std::unique_ptr<Session> session() override { return std::make_unique<LmdbSession>(env_, dbi_); }
    void settle() override {} // nothing is done in the background

private:
    void open(const EngineOptions& options) {
        // The file is sparse: what is mapped beyond the data costs nothing.
        constexpr std::size_t least = std::size_t{4} << 30;
        must(::mdb_env_set_mapsize(env_, std::max(least, 8 * options.entries * (16 + options.value_bytes))));
        must(::mdb_env_set_maxreaders(env_, 64));
        unsigned flags = MDB_WRITEMAP | MDB_NOSYNC | MDB_NOTLS;
        if (options.memory_bytes_max != 0) flags |= MDB_NORDAHEAD; // its advice for data beyond memory
        must(::mdb_env_open(env_, options.directory.c_str(), flags, 0644));
        Writing writing(env_);
        must(::mdb_dbi_open(writing.txn(), nullptr, 0, &dbi_));
        writing.commit();
    }

    MDB_env* env_ = nullptr;
    MDB_dbi dbi_ = 0;
};

} // namespace

std::vector<Candidate> lmdb_candidates() {
    int major = 0;
    int minor = 0;
    int patch = 0;
    ::mdb_version(&major, &minor, &patch);
    return {
        {.description = {.name = "lmdb",
                         .version = "LMDB " + std::to_string(major) + "." + std::to_string(minor) + "." +
                                    std::to_string(patch),
                         .settings = "MDB_WRITEMAP, MDB_NOSYNC, MDB_NOTLS; a transaction for each put, one for each "
                                     "batch, a renewed one for each get; never compressed",
                         .after_kill = "every put that has returned",
                         .after_power = "whatever reached the disk: without a sync the database may be damaged"},
         .open = [](const EngineOptions& options) -> std::unique_ptr<Engine> {
             return std::make_unique<Lmdb>(options);
         }}};
}

} // namespace bench
