// A store at work beside the oracle of what it must hold.
// docs/testing.md
#pragma once

#include <kvilt/env/memory.hpp>
#include <kvilt/sim/workload.hpp>
#include <kvilt/store.hpp>

#include <optional>
#include <string>
#include <utility>

namespace kvilt::sim {

// Members that return a string return an empty one, or the sentence of the promise that is broken.
template <class Store>
class StoreTrial {
public:
    using Log = typename Store::Composition::Log;
    static constexpr bool has_log = Store::template has<Capability::durable>;
    static constexpr bool has_tables = Store::template has<Capability::tables>;
    static constexpr bool survives_process = has_log && Log::survives_process;

    struct Options {
        typename Store::Options store{};
        std::uint64_t seed = 1;
        std::size_t value_bytes_max = 3000;
    };

    // `world` outlives it.
    StoreTrial(const Options& options, MemoryWorld& world)
        : options_(options), world_(&world), map_(options.store.partition), history_(map_.nodes().size(), engine_of()),
          workload_({.seed = options.seed, .value_bytes_max = options.value_bytes_max, .syncs = has_log}, engine_of()) {
    }
    StoreTrial(const StoreTrial&) = delete;
    StoreTrial& operator=(const StoreTrial&) = delete;
    ~StoreTrial() { snapshot_.reset(); }

    const History& history() const noexcept { return history_; }
    History& history() noexcept { return history_; }
    Workload& workload() noexcept { return workload_; }
    Store& store() noexcept { return *store_; }
    bool is_open() const noexcept { return store_.has_value(); }

    // What went on behind the writes, up to the last close.
    struct Work {
        std::uint64_t flushes = 0;
        std::uint64_t compactions = 0;
        std::uint64_t cleaned_segments = 0;
    };
    const Work& work() const noexcept { return work_; }

    Result<Store> reopen(MemoryWorld& world) const {
        return Store::open(directory, options_.store, world.environment());
    }

    std::string open() {
        auto opened = reopen(*world_);
        if (!opened) return says("opening fails", opened.error());
        store_.emplace(std::move(*opened));
        return check_content();
    }

    std::string close() {
        snapshot_.reset();
        const Stats stats = store_->stats();
        work_.flushes += stats.flushes;
        work_.compactions += stats.compactions;
        work_.cleaned_segments += stats.cleaned_segments;
        auto closed = store_->close();
        store_.reset();
        if (!closed) return says("close fails", closed.error());
        history_.secure();
        return {};
    }

    // The store is given up and opened again in the same world, as after the death of the process. What it then holds
    // is all that ever was.
    std::string recover() {
        snapshot_.reset();
        store_.reset();
        auto opened = reopen(*world_);
        if (!opened) return says("opening fails", opened.error());
        store_.emplace(std::move(*opened));
        Commits commits;
        std::string broken = judge(*store_, false, commits);
        if (broken.empty()) history_.rewind(commits);
        return broken;
    }

    // Whether a recovered store holds what it must; how many commits that are.
    std::string judge(const Store& store, bool power_lost, Commits& commits) const {
        Content found;
        if (std::string broken = read(store, found); !broken.empty()) return broken;
        const bool all = !power_lost && survives_process;
        return history_.judge(found, all ? history_.acknowledged() : history_.secured(), history_.begun(), commits);
    }

    // Of a write that failed, the running store shows all or nothing; which, is what the oracle believes from now on.
    std::string settle_failed_write() {
        if (history_.begun() == history_.acknowledged()) return check_content();
        Content found;
        if (std::string broken = read(*store_, found); !broken.empty()) return broken;
        const Batch failed = history_.last();
        history_.withdraw();
        if (difference(history_.content(), found).empty()) return {};
        history_.begin(failed);
        history_.acknowledge();
        const std::string other = difference(history_.content(), found);
        return other.empty() ? "" : "a write that failed is seen in part: " + other;
    }

    // One more action of the workload, which must succeed.
    std::string step() {
        const Action action = workload_.next();
        if (action.kind == Action::Kind::reopen) {
            if (std::string broken = close(); !broken.empty()) return broken;
            return open();
        }
        if (has_tables && action.kind == Action::Kind::background)
            if (std::string broken = read_for_a_while(); !broken.empty()) return broken;
        if (auto done = attempt(action); !done) return says(std::string(name_of(action.kind)) + " fails", done.error());
        if (action.kind == Action::Kind::compact) return check_content();
        if (action.kind == Action::Kind::checkpoint) return judge_checkpoint(*world_->kill());
        if (action.kind == Action::Kind::snapshot) return toggle_snapshot();
        return {};
    }

    // Any action but a reopening. A write that fails counts as begun.
    Result<void> attempt(const Action& action) {
        switch (action.kind) {
        case Action::Kind::write:
            history_.begin(action.batch);
            KVILT_TRY(commit(*store_, action.batch, action.synced));
            history_.acknowledge();
            if (action.synced) history_.secure();
            break;
        case Action::Kind::sync:
            if constexpr (has_log) {
                KVILT_TRY(store_->sync());
                history_.secure();
            }
            break;
        case Action::Kind::flush:
            if constexpr (has_tables) {
                KVILT_TRY(store_->flush());
                history_.secure();
            }
            break;
        case Action::Kind::compact:
            return store_->compact();
        case Action::Kind::checkpoint:
            return checkpoint();
        case Action::Kind::background:
            world_->run_pending();
            break;
        case Action::Kind::snapshot:
        case Action::Kind::reopen:
            break;
        }
        return {};
    }

    // Everything that the store holds. A scan must agree with the gets.
    std::string read(const Store& store, Content& content) const {
        for (const std::string& key : workload_.keys()) {
            auto value = store.get(key);
            if (!value) return says("get fails", value.error());
            if (*value) content.emplace(key, std::move(**value));
        }
        if constexpr (requires { store.scan(all()); }) {
            Content scanned;
            auto walked = store.scan(all(), [&](Bytes key, Bytes value) { scanned.emplace(key, value); });
            if (!walked) return says("scan fails", walked.error());
            if (const std::string other = difference(content, scanned); !other.empty())
                return "scan and get disagree: " + other;
        }
        return {};
    }

    // The open store holds what the oracle says.
    std::string check_content() const {
        Content found;
        if (std::string broken = read(*store_, found); !broken.empty()) return broken;
        const std::string other = difference(history_.content(), found);
        return other.empty() ? "" : "the running store is wrong: " + other;
    }

    // `content` is there after power is lost in `world`, whatever runs there.
    std::string judge_durable(const MemoryWorld& world, const Content& content, const std::string& what) const {
        auto after = world.crash(CrashChoice::nothing_unsynced());
        auto store = reopen(*after);
        if (!store) return what + " is not durable: opening fails: " + store.error().message();
        Content found;
        if (std::string broken = read(*store, found); !broken.empty()) return broken;
        const std::string other = difference(content, found);
        return other.empty() ? "" : what + " is not durable: " + other;
    }

    // A store that was recovered with `content` takes writes, and has them again when it is opened anew.
    std::string go_on(MemoryWorld& world, Store store, Content content, std::uint64_t draw) const {
        Workload later({.value_bytes_max = options_.value_bytes_max, .values_before = later_values}, engine_of());
        for (unsigned n = 0; n < 4; ++n) {
            const Batch batch = later.batch(mix(draw, n));
            if (auto done = commit(store, batch, has_log && n == 2); !done)
                return says("a write after recovery fails", done.error());
            batch.for_each([&](const LogRecord& record) { apply(content, record); });
        }
        Content found;
        if (std::string broken = read(store, found); !broken.empty()) return broken;
        if (const std::string other = difference(content, found); !other.empty())
            return "what is written after recovery is not read: " + other;
        if (auto closed = store.close(); !closed) return says("close after recovery fails", closed.error());
        return judge_durable(world, content, "what was written after recovery and closed");
    }

    // The newest checkpoint that was made opens in `world` with what it is of.
    std::string judge_checkpoint(MemoryWorld& world) const {
        if (copy_.empty()) return {};
        auto store = Store::open(copy_, options_.store, world.environment());
        if (!store) return "opening a checkpoint fails: " + store.error().message();
        Content found;
        if (std::string broken = read(*store, found); !broken.empty()) return broken;
        const std::string other = difference(copied_, found);
        return other.empty() ? "" : "the checkpoint is wrong: " + other;
    }

    static Result<void> commit(Store& store, const Batch& batch, bool synced) {
        const WriteOptions options{.sync = synced};
        if (batch.count() != 1) return store.apply(batch, options);
        Result<void> result;
        batch.for_each([&](const LogRecord& record) {
            result = record.kind() == Kind::put ? store.put(record.key(), record.value(), options)
                                                : store.erase(record.key(), options);
        });
        return result;
    }

private:
    static constexpr const char* directory = "store";
    static constexpr std::uint64_t later_values = 1'000'000'000; // more than a campaign writes

    // There is one engine, and so one history of commits, for each node.
    History::ShardOf engine_of() const {
        return [this](Bytes key) { return std::size_t{map_.owner(map_.shard_of(key)).number}; };
    }

    // So much, while nothing is written, that tables may be merged for it.
    std::string read_for_a_while() {
        for (int times = 0; times < 3; ++times) {
            if (std::string broken = check_content(); !broken.empty()) return broken;
            world_->run_pending();
        }
        return {};
    }

    static std::string says(const std::string& what, const Error& error) { return what + ": " + error.message(); }

    Result<void> checkpoint() {
        const std::string copy = "copy-" + std::to_string(++copies_);
        KVILT_TRY(store_->checkpoint(copy));
        copy_ = copy;
        copied_ = history_.content();
        return {};
    }

    std::string toggle_snapshot() {
        if constexpr (requires { store_->snapshot(); }) {
            if (snapshot_) {
                for (const std::string& key : workload_.keys()) {
                    auto value = snapshot_->get(key);
                    if (!value) return says("get from a snapshot fails", value.error());
                    const auto wanted = seen_.find(key);
                    if (wanted == seen_.end() ? value->has_value() : *value != wanted->second)
                        return "a snapshot has changed at key " + key;
                }
                snapshot_.reset();
            } else {
                snapshot_.emplace(store_->snapshot());
                seen_ = history_.content();
            }
        }
        return {};
    }
    template <class S>
    struct SnapshotOf {
        using type = int;
    };
    template <class S>
        requires requires(S& store) { store.snapshot(); }
    struct SnapshotOf<S> {
        using type = decltype(std::declval<S&>().snapshot());
    };

    Options options_;
    MemoryWorld* world_;
    typename Store::Composition::Partition::Map map_;
    History history_;
    Workload workload_;
    std::optional<Store> store_{};
    std::optional<typename SnapshotOf<Store>::type> snapshot_{}; // goes before the store does
    Content seen_{};
    std::string copy_{};
    Content copied_{};
    unsigned copies_ = 0;
    Work work_{};
};

} // namespace kvilt::sim
