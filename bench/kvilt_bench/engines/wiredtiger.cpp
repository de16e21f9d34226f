// WiredTiger: a B-tree in a cache of its own, with a log.
#ifdef KVILT_BENCH_WIREDTIGER

#include "all.hpp"
#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <thread>
#include <utility>
#include <wiredtiger.h>

namespace bench {
namespace {

constexpr const char* table = "table:data";

void must(int error, const char* call) {
    if (error != 0) throw std::runtime_error(std::string("WiredTiger, ") + call + ": " + wiredtiger_strerror(error));
}

WT_ITEM item(Bytes bytes) {
    WT_ITEM made{};
    made.data = bytes.data();
    made.size = bytes.size();
    return made;
}

Bytes bytes(const WT_ITEM& item) { return {static_cast<const char*>(item.data), item.size}; }

class WiredTigerSession : public Session {
public:
    WiredTigerSession(WT_CONNECTION& connection, std::atomic<int>& open) : open_(open) {
        must(connection.open_session(&connection, nullptr, nullptr, &session_), "open_session");
        // Puts do not ask first what is there, and removes need not find.
        must(session_->open_cursor(session_, table, nullptr, "raw,overwrite=true", &cursor_), "open_cursor");
        ++open_;
    }
    ~WiredTigerSession() override {
        session_->close(session_, nullptr);
        --open_;
    }

    void put(Bytes key, Bytes value) override {
        again([&] { return insert(key, value); }, "insert");
    }
    // Commits do not sync (transaction_sync has the method "none"), whatever is said to a single one.
    void put_synced(Bytes key, Bytes value) override {
        put(key, value);
        must(session_->log_flush(session_, "sync=on"), "log_flush");
    }
    void put_batch(std::span<const Entry> entries) override {
        again(
            [&] {
                must(session_->begin_transaction(session_, nullptr), "begin_transaction");
                for (const Entry& entry : entries)
                    if (const int error = insert(entry.key, entry.value); error != 0) {
                        session_->rollback_transaction(session_, nullptr);
                        return error;
                    }
                return session_->commit_transaction(session_, nullptr);
            },
            "commit_transaction");
    }
    void remove(Bytes key) override {
        again(
            [&] {
                const WT_ITEM wanted = item(key);
                cursor_->set_key(cursor_, &wanted);
                const int error = cursor_->remove(cursor_);
                return error == WT_NOTFOUND ? 0 : error;
            },
            "remove");
        reset();
    }

    bool get(Bytes key, std::string& value) override {
        const bool found = find(key, value);
        reset();
        return found;
    }
    // There is no call for many keys; in one transaction they share a snapshot, which is most of what such a call
    // saves.
    std::size_t get_many(std::span<const Bytes> keys, std::span<std::string> values) override {
        must(session_->begin_transaction(session_, "isolation=snapshot"), "begin_transaction");
        std::size_t found = 0;
        for (std::size_t n = 0; n < keys.size(); ++n) found += find(keys[n], values[n]);
        must(session_->commit_transaction(session_, nullptr), "commit_transaction");
        reset();
        return found;
    }

    void scan(Bytes from, Direction direction, std::size_t count, Sum& sum) override {
        const auto step = direction == Direction::forward ? cursor_->next : cursor_->prev;
        int error = seek(from, direction, step);
        while (error == 0 && count != 0) {
            WT_ITEM key{};
            WT_ITEM value{};
            must(cursor_->get_key(cursor_, &key), "get_key");
            must(cursor_->get_value(cursor_, &value), "get_value");
            sum.add(bytes(key), bytes(value));
            if (--count != 0) error = step(cursor_);
        }
        if (error != WT_NOTFOUND) must(error, "next, prev");
        reset();
    }

private:
    using Step = int (*)(WT_CURSOR*);

    int insert(Bytes key, Bytes value) {
        const WT_ITEM wanted = item(key);
        const WT_ITEM content = item(value);
        cursor_->set_key(cursor_, &wanted);
        cursor_->set_value(cursor_, &content);
        return cursor_->insert(cursor_);
    }

    bool find(Bytes key, std::string& value) {
        const WT_ITEM wanted = item(key);
        cursor_->set_key(cursor_, &wanted);
        const int error = cursor_->search(cursor_);
        if (error == WT_NOTFOUND) return false;
        must(error, "search");
        WT_ITEM content{};
        must(cursor_->get_value(cursor_, &content), "get_value");
        value.assign(bytes(content));
        return true;
    }

    int seek(Bytes from, Direction direction, Step step) {
        if (from.empty()) return step(cursor_); // without a position: to the very first or last
        const WT_ITEM wanted = item(from);
        cursor_->set_key(cursor_, &wanted);
        int met = 0;
        const int error = cursor_->search_near(cursor_, &met);
        const bool aside = direction == Direction::forward ? met < 0 : met > 0;
        return error == 0 && aside ? step(cursor_) : error;
    }

    // A position pins its page and keeps the snapshot that it was found in.
    void reset() { must(cursor_->reset(cursor_), "reset"); }

    // Until no other thread's transaction is in the way.
    void again(auto attempt, const char* call) {
        for (;;) {
            const int error = attempt();
            if (error != WT_ROLLBACK) return must(error, call);
            std::this_thread::yield();
        }
    }

    std::atomic<int>& open_;
    WT_SESSION* session_ = nullptr;
    WT_CURSOR* cursor_ = nullptr;
};

class WiredTiger : public Engine {
public:
    explicit WiredTiger(const EngineOptions& options)
        : directory_(options.directory), configuration_(configuration(options)) {
        open();
        try {
            create(options.compressed);
        } catch (...) {
            connection_->close(connection_, nullptr);
            throw;
        }
    }
    ~WiredTiger() override {
        if (connection_ != nullptr) connection_->close(connection_, nullptr);
    }

    std::unique_ptr<Session> session() override { return std::make_unique<WiredTigerSession>(*connection_, sessions_); }

    // Pages are read several times faster when they come from disk than while what was inserted hangs on them in lists,
    // and nothing but eviction or a new start turns the one into the other. So it begins anew, and reads all once.
    void settle() override {
        with_session([](WT_SESSION& session) { must(session.checkpoint(&session, nullptr), "checkpoint"); });
        if (sessions_ != 0) return;
        WT_CONNECTION* const ended = std::exchange(connection_, nullptr);
        must(ended->close(ended, nullptr), "close");
        open();
        Sum all;
        WiredTigerSession(*connection_, sessions_)
            .scan({}, Direction::forward, std::numeric_limits<std::size_t>::max(), all);
    }

private:
    static std::string configuration(const EngineOptions& options) {
        // A fifth of the cache may be dirty before writers are made to evict, so all of a fill is to fit into that.
        const std::size_t roomy = std::max(cache_bytes(options), options.entries * (options.value_bytes + 128) * 6);
        const std::size_t cache = options.memory_bytes_max == 0 ? roomy : cache_bytes(options);
        std::string text = "create,statistics=(none),log=(enabled=true,archive=true,file_max=100MB)"
                           ",transaction_sync=(enabled=true,method=none),checkpoint=(wait=60,log_size=2GB)"
                           ",cache_size=" +
                           std::to_string(cache);
        if (options.compressed) text += ",extensions=(libwiredtiger_snappy.so)";
        return text;
    }

    void open() {
        must(wiredtiger_open(directory_.c_str(), nullptr, configuration_.c_str(), &connection_), "wiredtiger_open");
    }

    void create(bool compressed) {
        std::string text = "key_format=u,value_format=u,prefix_compression=false,split_pct=90,leaf_page_max=32KB"
                           ",memory_page_max=10MB";
        if (compressed) text += ",block_compressor=snappy";
        with_session([&](WT_SESSION& session) { must(session.create(&session, table, text.c_str()), "create"); });
    }

    void with_session(auto work) {
        WT_SESSION* session = nullptr;
        must(connection_->open_session(connection_, nullptr, nullptr, &session), "open_session");
        try {
            work(*session);
        } catch (...) {
            session->close(session, nullptr);
            throw;
        }
        must(session->close(session, nullptr), "close");
    }

    std::string directory_;
    std::string configuration_;
    std::atomic<int> sessions_{0};
    WT_CONNECTION* connection_ = nullptr;
};

} // namespace

std::vector<Candidate> wiredtiger_candidates() {
    int major = 0;
    int minor = 0;
    int patch = 0;
    static_cast<void>(wiredtiger_version(&major, &minor, &patch));
    Description description{
        .name = "wiredtiger",
        .version = "WiredTiger " + std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch),
        .settings = "B-tree, cache of six times the data, log handed to the kernel at each commit without a sync, "
                    "checkpoints "
                    "each minute, pages of 32 KiB without prefix compression; settled by a new start",
        .after_kill = "every put that has returned",
        .after_power = "a prefix of the puts that holds every synced one"};
    return {{std::move(description), [](const EngineOptions& options) -> std::unique_ptr<Engine> {
                 return std::make_unique<WiredTiger>(options);
             }}};
}

} // namespace bench

#endif
