// SQLite: one table that is a B-tree of keys and values, with a write-ahead log.
#ifdef KVILT_BENCH_SQLITE

#include "all.hpp"
#include <algorithm>
#include <chrono>
#include <sqlite3.h>
#include <stdexcept>
#include <thread>

namespace bench {
namespace {

constexpr int pages_until_checkpoint = 16'384; // of 4 KiB: as much log as the others have write buffer

// Another's transaction lasts microseconds, or as long as a sync: a few turns first, then sleep. Never given up.
int wait_for_others(void*, int times) {
    constexpr int turns = 100;
    if (times < turns)
        std::this_thread::yield();
    else
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    return 1;
}

class Connection {
public:
    explicit Connection(const EngineOptions& options) {
        const std::string path = options.directory + "/data.sqlite";
        // No mutex: a connection is one thread's.
        const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
        const int error = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
        try {
            must(error, "open");
            sqlite3_busy_handler(handle_, wait_for_others, nullptr);
            set_up(options);
        } catch (...) {
            sqlite3_close_v2(handle_);
            throw;
        }
    }
    ~Connection() { sqlite3_close_v2(handle_); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    sqlite3* handle() const noexcept { return handle_; }

    void must(int error, const char* call) const {
        if (error != SQLITE_OK)
            throw std::runtime_error(std::string("SQLite, ") + call + ": " + sqlite3_errmsg(handle_));
    }
    void run(const std::string& statement) const {
        must(sqlite3_exec(handle_, statement.c_str(), nullptr, nullptr, nullptr), statement.c_str());
    }

private:
    void set_up(const EngineOptions& options) const {
        run("PRAGMA journal_mode=WAL");
        run("PRAGMA synchronous=NORMAL");
        run("PRAGMA wal_autocheckpoint=" + std::to_string(pages_until_checkpoint));
        run("PRAGMA temp_store=MEMORY");
        run("PRAGMA cache_size=-" + std::to_string(cache_bytes(options) >> 10)); // in KiB
        // Beyond memory the map would hold pages that the limit does not see.
        const std::size_t mapped = options.memory_bytes_max == 0 ? cache_bytes(options) * 2 : 0;
        run("PRAGMA mmap_size=" + std::to_string(mapped));
        run("CREATE TABLE IF NOT EXISTS data(key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID");
    }

    sqlite3* handle_ = nullptr;
};

// Prepared once, run again and again.
class Statement {
public:
    Statement(const Connection& connection, const char* text) : connection_(connection) {
        connection.must(
            sqlite3_prepare_v3(connection.handle(), text, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr), text);
    }
    ~Statement() { sqlite3_finalize(statement_); }
    Statement(const Statement&) = delete;
    Statement& operator=(const Statement&) = delete;

    // Of bytes that stay until the run ends.
    Statement& bind(int place, Bytes bytes) {
        connection_.must(sqlite3_bind_blob64(statement_, place, bytes.data(), bytes.size(), SQLITE_STATIC),
                         "bind_blob64");
        return *this;
    }
    Statement& bind(int place, std::size_t number) {
        connection_.must(sqlite3_bind_int64(statement_, place, static_cast<sqlite3_int64>(number)), "bind_int64");
        return *this;
    }

    // To its end; each row is visited.
    void run(auto visit) {
        int state = sqlite3_step(statement_);
        for (; state == SQLITE_ROW; state = sqlite3_step(statement_)) visit();
        if (state != SQLITE_DONE) {
            const std::string why = sqlite3_errmsg(connection_.handle());
            sqlite3_reset(statement_);
            throw std::runtime_error(std::string("SQLite, ") + sqlite3_sql(statement_) + ": " + why);
        }
        connection_.must(sqlite3_reset(statement_), "reset");
    }
    void run() {
        run([] {});
    }

    Bytes column(int place) {
        const void* data = sqlite3_column_blob(statement_, place); // first, then its size
        return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, place))};
    }

private:
    const Connection& connection_;
    sqlite3_stmt* statement_ = nullptr;
};

class SqliteSession : public Session {
public:
    explicit SqliteSession(const EngineOptions& options) : connection_(options) {}

    void put(Bytes key, Bytes value) override {
        synchronous(false);
        set(key, value);
    }
    void put_synced(Bytes key, Bytes value) override {
        synchronous(true);
        set(key, value);
    }
    void put_batch(std::span<const Entry> entries) override {
        synchronous(false);
        begin_write_.run();
        try {
            for (const Entry& entry : entries) set(entry.key, entry.value);
            commit_.run();
        } catch (...) {
            rollback_.run();
            throw;
        }
    }
    void remove(Bytes key) override {
        synchronous(false);
        delete_.bind(1, key).run();
    }

    bool get(Bytes key, std::string& value) override {
        bool found = false;
        get_.bind(1, key).run([&] {
            value.assign(get_.column(0));
            found = true;
        });
        return found;
    }
    // In one transaction: locks are taken once.
    std::size_t get_many(std::span<const Bytes> keys, std::span<std::string> values) override {
        begin_read_.run();
        std::size_t found = 0;
        for (std::size_t n = 0; n < keys.size(); ++n) found += get(keys[n], values[n]);
        commit_.run();
        return found;
    }

    void scan(Bytes from, Direction direction, std::size_t count, Sum& sum) override {
        const bool forward = direction == Direction::forward;
        Statement& statement = from.empty() ? (forward ? first_ : last_) : (forward ? up_ : down_);
        if (!from.empty()) statement.bind(2, from);
        statement.bind(1, count).run([&] { sum.add(statement.column(0), statement.column(1)); });
    }

private:
    void set(Bytes key, Bytes value) { set_.bind(1, key).bind(2, value).run(); }

    // Does a commit wait for the device? Of this connection only.
    void synchronous(bool wanted) {
        if (wanted == synchronous_) return;
        connection_.run(wanted ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
        synchronous_ = wanted;
    }

    Connection connection_;
    bool synchronous_ = false;
    Statement set_{connection_,
                   "INSERT INTO data VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value"};
    Statement delete_{connection_, "DELETE FROM data WHERE key = ?1"};
    Statement get_{connection_, "SELECT value FROM data WHERE key = ?1"};
    Statement first_{connection_, "SELECT key, value FROM data ORDER BY key LIMIT ?1"};
    Statement last_{connection_, "SELECT key, value FROM data ORDER BY key DESC LIMIT ?1"};
    Statement up_{connection_, "SELECT key, value FROM data WHERE key >= ?2 ORDER BY key LIMIT ?1"};
    Statement down_{connection_, "SELECT key, value FROM data WHERE key <= ?2 ORDER BY key DESC LIMIT ?1"};
    Statement begin_write_{connection_, "BEGIN IMMEDIATE"};
    Statement begin_read_{connection_, "BEGIN"};
    Statement commit_{connection_, "COMMIT"};
    Statement rollback_{connection_, "ROLLBACK"};
};

class Sqlite : public Engine {
public:
    explicit Sqlite(const EngineOptions& options) : options_(options), connection_(options) {}

    std::unique_ptr<Session> session() override { return std::make_unique<SqliteSession>(options_); }

    void settle() override { connection_.run("PRAGMA wal_checkpoint(TRUNCATE)"); }
    void compact() override {
        connection_.run("VACUUM");
        settle();
    }

private:
    EngineOptions options_;
    Connection connection_; // keeps the log when the last session ends
};

} // namespace

std::vector<Candidate> sqlite_candidates() {
    Description description{
        .name = "sqlite",
        .version = std::string("SQLite ") + sqlite3_libversion(),
        .settings = "WITHOUT ROWID, write-ahead log, synchronous=NORMAL (FULL where a put is synced), a connection and "
                    "prepared statements a thread, cache and map larger than data, checkpoint at 64 MiB of log",
        .after_kill = "every put that has returned",
        .after_power = "a prefix of the puts that holds every synced one"};
    return {{std::move(description), [](const EngineOptions& options) -> std::unique_ptr<Engine> {
                 return std::make_unique<Sqlite>(options);
             }}};
}

} // namespace bench

#endif
