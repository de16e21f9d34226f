// The oracle: std::map, too plain to be wrong. docs/policies/memtable.md
#pragma once

#include <kvilt/memtable/options.hpp>

#include <cassert>
#include <iterator>
#include <map>
#include <string>

namespace kvilt::memtable {

// For tests of what is built on a memtable. Copies every key. One thread.
// Provides: ordered_keys, versions. Needs: nothing.
struct Reference {
    using Threads = threads::One;
    using Options = memtable::Options;

    static constexpr Slot slot = Slot::memtable;
    static constexpr std::string_view name = "memtable::Reference";
    static constexpr std::string_view format = "";
    static constexpr Capabilities provides{Capability::ordered_keys, Capability::versions};
    static constexpr Capabilities needs{};
    static Result<void> validate(const Options& options) { return validate_options(options); }

    class Index {
        using Map = std::map<std::string, LogRecord*, std::less<>>;

    public:
        class Cursor;

        Index(const Options&, Epochs<Threads>&) {}

        LogRecord* put(LogRecord* record) {
            const auto [at, fresh] = heads_.try_emplace(std::string(record->key()), nullptr);
            if (fresh) key_bytes_ += at->first.size();
            record->set_older(at->second);
            return std::exchange(at->second, record);
        }

        LogRecord* find(Bytes key) const {
            const auto at = heads_.find(key);
            return at == heads_.end() ? nullptr : at->second;
        }

        void replace(LogRecord* head, LogRecord* with) {
            const auto at = heads_.find(head->key());
            assert(at != heads_.end() && at->second == head);
            at->second = with;
        }

        void erase(LogRecord* head) {
            const auto at = heads_.find(head->key());
            assert(at != heads_.end() && at->second == head);
            key_bytes_ -= at->first.size();
            heads_.erase(at);
        }

        std::size_t count() const { return heads_.size(); }

        // An estimate: nodes and keys.
        std::size_t bytes_used() const { return heads_.size() * (sizeof(Map::value_type) + 32) + key_bytes_; }

    private:
        Map heads_;
        std::size_t key_bytes_ = 0;
    };
};

// Finds its place anew by key at every step, so that no change of the map can invalidate it.
class Reference::Index::Cursor {
public:
    explicit Cursor(const Index& index) : heads_(index.heads_) {}

    void seek(Bytes key) { set(heads_.lower_bound(key)); }
    void seek_before(Bytes key) { set_before(heads_.lower_bound(key)); }
    void seek_first() { set(heads_.begin()); }
    void seek_last() { set_before(heads_.end()); }
    void next() { set(heads_.upper_bound(key_)); }
    void previous() { set_before(heads_.lower_bound(key_)); }

    bool valid() const { return record_ != nullptr; }
    LogRecord* record() const { return record_; }

private:
    void set(Map::const_iterator at) {
        if (at == heads_.end()) {
            record_ = nullptr;
            return;
        }
        key_ = at->first;
        record_ = at->second;
    }
    void set_before(Map::const_iterator at) { set(at == heads_.begin() ? heads_.end() : std::prev(at)); }

    const Map& heads_;
    std::string key_;
    LogRecord* record_ = nullptr;
};

static_assert(MemTablePolicy<Reference>);

} // namespace kvilt::memtable
