// A store of any composition as one interface, so that the history is compiled once and not once a composition.
#pragma once

#include <kvilt/env/environment.hpp>
#include <kvilt/store.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace history {

using kvilt::Bytes;
using kvilt::Result;
using Value = std::optional<std::string>;
using Visitor = std::function<kvilt::Visit(Bytes, Bytes)>;

// The newest state, or one of the snapshots that are kept.
inline constexpr std::size_t newest = ~std::size_t{0};

class Subject {
public:
    struct Scan {
        kvilt::Range range{};
        bool reverse = false;
        bool visits = false; // the form with a visitor, which only goes forwards
        std::size_t at = newest;
    };

    Subject() = default;
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;
    virtual ~Subject() = default;

    virtual std::string describe() const = 0;
    virtual bool scans() const = 0;
    virtual bool on_disk() const = 0;

    virtual Result<void> put(Bytes key, Bytes value, bool sync) = 0;
    virtual Result<void> erase(Bytes key, bool sync) = 0;
    virtual Result<void> apply(const kvilt::Batch& batch, bool sync) = 0;
    virtual Result<bool> put_if_absent(Bytes key, Bytes value) = 0;
    virtual Result<bool> compare_and_set(Bytes key, Bytes expected, Bytes desired) = 0;

    virtual Result<Value> get(Bytes key, std::size_t at) const = 0;
    virtual Result<std::vector<Value>> get_many(const std::vector<std::string>& keys) const = 0;
    virtual Result<bool> view(Bytes key, const std::function<void(Bytes)>& use) const = 0;
    virtual Result<void> scan(const Scan& scan, const Visitor& visit) const = 0;

    virtual void take_snapshot() = 0;
    virtual void release_snapshot(std::size_t at) = 0; // the last one takes its place

    // Those that a composition does not have do nothing.
    virtual Result<void> flush() = 0;
    virtual Result<void> compact() = 0;
    virtual Result<void> sync() = 0;
    virtual Result<std::uint64_t> verify() const = 0;
    virtual kvilt::Stats stats() const = 0;
    virtual Result<void> checkpoint(const std::string& directory) = 0;
    virtual Result<std::unique_ptr<Subject>> open_checkpoint(const std::string& directory) const = 0;
    virtual Result<void> close() = 0;
    virtual Result<void> reopen(bool close_first) = 0;
};

template <class Store>
class SubjectOf final : public Subject {
    static constexpr bool has_directory =
        Store::template has<kvilt::Capability::durable> || Store::template has<kvilt::Capability::tables>;
    static constexpr bool has_log = Store::template has<kvilt::Capability::durable>;
    static constexpr bool has_tables = Store::template has<kvilt::Capability::tables>;
    static constexpr bool has_scan = Store::template has<kvilt::Capability::ordered_keys> &&
                                     Store::template has<kvilt::Capability::ordered_placement>;

public:
    using Options = typename Store::Options;

    static Result<std::unique_ptr<Subject>> open(const Options& options, const std::string& directory,
                                                 const kvilt::Environment& environment) {
        auto made = std::make_unique<SubjectOf>(options, directory, environment);
        KVILT_TRY(made->open());
        return made;
    }
    SubjectOf(const Options& options, std::string directory, const kvilt::Environment& environment)
        : options_(options), directory_(std::move(directory)), environment_(environment) {}

    std::string describe() const override { return kvilt::describe<Store>(); }
    bool scans() const override { return has_scan; }
    bool on_disk() const override { return has_directory; }

    Result<void> put(Bytes key, Bytes value, bool sync) override {
        return store_->put(key, value, {.sync = sync && has_log});
    }
    Result<void> erase(Bytes key, bool sync) override { return store_->erase(key, {.sync = sync && has_log}); }
    Result<void> apply(const kvilt::Batch& batch, bool sync) override {
        return store_->apply(batch, {.sync = sync && has_log});
    }
    Result<bool> put_if_absent(Bytes key, Bytes value) override { return store_->put_if_absent(key, value); }
    Result<bool> compare_and_set(Bytes key, Bytes expected, Bytes desired) override {
        return store_->compare_and_set(key, expected, desired);
    }

    Result<Value> get(Bytes key, std::size_t at) const override {
        return at == newest ? store_->get(key) : snapshots_[at].get(key);
    }
    Result<std::vector<Value>> get_many(const std::vector<std::string>& keys) const override {
        return store_->get_many(std::span(keys));
    }
    Result<bool> view(Bytes key, const std::function<void(Bytes)>& use) const override {
        return store_->view(key, use);
    }
    Result<void> scan(const Scan& scan, const Visitor& visit) const override {
        if constexpr (has_scan) {
            if (scan.at == newest) return scan_in(*store_, scan, visit);
            return scan_in(snapshots_[scan.at], scan, visit);
        }
        return {};
    }

    void take_snapshot() override { snapshots_.push_back(store_->snapshot()); }
    void release_snapshot(std::size_t at) override {
        std::swap(snapshots_[at], snapshots_.back());
        snapshots_.pop_back();
    }

    Result<void> flush() override {
        if constexpr (has_tables) return store_->flush();
        return {};
    }
    Result<void> compact() override { return store_->compact(); }
    Result<void> sync() override {
        if constexpr (has_log) return store_->sync();
        return {};
    }
    Result<std::uint64_t> verify() const override {
        if constexpr (has_directory) return store_->verify();
        return 0;
    }
    kvilt::Stats stats() const override { return store_->stats(); }
    Result<void> checkpoint([[maybe_unused]] const std::string& directory) override {
        if constexpr (has_directory) return store_->checkpoint(directory);
        return {};
    }
    Result<std::unique_ptr<Subject>> open_checkpoint(const std::string& directory) const override {
        return open(options_, directory, environment_);
    }
    Result<void> close() override {
        snapshots_.clear();
        return store_->close();
    }
    Result<void> reopen(bool close_first) override {
        if constexpr (has_directory) {
            snapshots_.clear();
            KVILT_TRY(close_first ? store_->close() : save_what_a_dead_process_loses());
            store_.reset();
            return open();
        }
        return {};
    }

private:
    using Snapshot = decltype(std::declval<const Store&>().snapshot());

    Result<void> open() {
        if constexpr (has_directory) {
            KVILT_TRY_ASSIGN(opened, Store::open(directory_, options_, environment_));
            store_.emplace(std::move(opened));
        } else {
            KVILT_TRY_ASSIGN(opened, Store::open(options_));
            store_.emplace(std::move(opened));
        }
        return {};
    }

    Result<void> save_what_a_dead_process_loses() {
        if constexpr (Store::Composition::Log::survives_process)
            return {};
        else if constexpr (has_log)
            return sync();
        else
            return flush();
    }

    template <class Source>
    static Result<void> scan_in(const Source& source, const Scan& scan, const Visitor& visit) {
        if (scan.visits) return source.scan(scan.range, visit);
        auto walk = source.scan(scan.range);
        if (scan.reverse) walk = std::move(walk).reverse();
        for (auto [key, value] : walk)
            if (visit(key, value) == kvilt::Visit::stop) break;
        return {};
    }

    Options options_;
    std::string directory_;
    kvilt::Environment environment_;
    std::optional<Store> store_{};
    std::vector<Snapshot> snapshots_{};
};

} // namespace history
