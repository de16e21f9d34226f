// A frozen generation as a flush takes it: every version of every key, by key ascending and sequence descending.
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/engine/state.hpp>

#include <algorithm>
#include <vector>

namespace kvilt::engine {

// Ordered indexes are walked.
template <class P>
class GenerationSource {
public:
    explicit GenerationSource(const Generation<P>& generation) : cursor_(generation.index) {
        cursor_.seek_first();
        load();
    }
    bool valid() const noexcept { return record_ != nullptr; }
    Record record() const noexcept { return record_->record(); }
    void next() {
        record_ = record_->older();
        if (record_ != nullptr) return;
        cursor_.next();
        load();
    }

private:
    void load() { record_ = cursor_.valid() ? cursor_.record() : nullptr; }

    typename P::Index::Cursor cursor_;
    const LogRecord* record_ = nullptr;
};

// Unordered ones are sorted, by the first sixteen bytes of their keys as far as these decide.
template <class P>
    requires(!P::ordered)
class GenerationSource<P> {
public:
    explicit GenerationSource(const Generation<P>& generation) {
        heads_.reserve(generation.index.count());
        generation.index.for_each([this](const LogRecord* record) {
            const Bytes key = record->key();
            heads_.push_back({coding::head(key), key.size() > 8 ? coding::head(key.substr(8)) : 0, record});
        });
        std::sort(heads_.begin(), heads_.end(), [](const Head& a, const Head& b) {
            if (a.first != b.first) return a.first < b.first;
            if (a.second != b.second) return a.second < b.second;
            return a.record->key() < b.record->key();
        });
        load();
    }
    bool valid() const noexcept { return record_ != nullptr; }
    Record record() const noexcept { return record_->record(); }
    void next() {
        record_ = record_->older();
        if (record_ != nullptr) return;
        ++at_;
        load();
    }

private:
    struct Head {
        std::uint64_t first;
        std::uint64_t second;
        const LogRecord* record;
    };

    void load() { record_ = at_ < heads_.size() ? heads_[at_].record : nullptr; }

    std::vector<Head> heads_{};
    std::size_t at_ = 0;
    const LogRecord* record_ = nullptr;
};

} // namespace kvilt::engine
