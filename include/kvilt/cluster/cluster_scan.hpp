// A scan over a ring: pages of shards, joined over the homes that a read asks.
#pragma once

#include <kvilt/cluster/member.hpp>
#include <kvilt/cluster/page_operation.hpp>
#include <kvilt/cluster/values.hpp>
#include <kvilt/core/range.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// Not a snapshot: each page is as its homes were when it was read. Where placement keeps order, one shard after the
// other; else all at once, merged. Movable, for one thread at a time; ends before the store does.
template <class Ring>
class ClusterScan {
public:
    using Coordinator = typename Ring::Coordinator;
    using Page = KeyPage;
    using C = typename Ring::Conflict;

    ClusterScan(std::optional<Coordinator>& coordinator, Range range)
        : coordinator_(&*coordinator), range_(std::move(range)) {}

    // Before the first next().
    void reverse() noexcept { reverse_ = !reverse_; }

    bool next() {
        if (!begun_) begin();
        if (present_ != nullptr) ++present_->at;
        present_ = nullptr;
        while (present_ == nullptr && status_) {
            const bool ready = ordered ? load_next_shard() : load_all();
            if (!ready) return false;
            for (Cursor& cursor : cursors_)
                if (cursor.at < cursor.page.pairs.size() && (present_ == nullptr || before(cursor, *present_)))
                    present_ = &cursor;
        }
        return present_ != nullptr && status_.has_value() && inside();
    }

    Bytes key() const noexcept { return present_->page.pairs[present_->at].first; }
    Bytes value() const noexcept { return present_->page.pairs[present_->at].second; }
    const Result<void>& status() const noexcept { return status_; }

private:
    static constexpr bool ordered = Ring::Partition::Map::ordered;
    static constexpr std::size_t page_bytes = ordered ? 64 * 1024 : 4 * 1024;

    struct Cursor {
        ShardId shard = 0;
        std::optional<std::string> from{}; // of the next page
        Page page{};
        std::size_t at = 0;
    };

    void begin() {
        begun_ = true;
        const std::size_t shards = coordinator_->placed().shards();
        const std::string first = reverse_ ? range_.to.value_or("") : range_.from;
        for (ShardId shard = 0; shard < shards; ++shard)
            waiting_.push_back({reverse_ ? static_cast<ShardId>(shards - 1 - shard) : shard, first, {}, 0});
        if (range_.empty()) waiting_.clear();
        if (!ordered) cursors_.swap(waiting_);
    }

    // One shard at a time. False: all have been walked.
    bool load_next_shard() {
        for (;;) {
            if (cursors_.empty()) {
                if (walked_ == waiting_.size()) return false;
                cursors_.push_back(std::move(waiting_[walked_++]));
            }
            if (!load(cursors_.front())) return false;
            if (cursors_.front().at < cursors_.front().page.pairs.size()) return true;
            cursors_.clear();
        }
    }

    bool load_all() {
        bool any = false;
        for (Cursor& cursor : cursors_) {
            if (!load(cursor)) return false;
            any = any || cursor.at < cursor.page.pairs.size();
        }
        return any;
    }

    // Until the cursor has a pair, or its shard has none. False: an error.
    bool load(Cursor& cursor) {
        while (cursor.at == cursor.page.pairs.size() && cursor.from) {
            typename Ring::Pages operation(*coordinator_, {cursor.shard, *cursor.from, reverse_, page_bytes});
            status_ = operation.run();
            if (!status_) return false;
            auto page = operation.page([](const Cell& cell) { return value_of<C>(cell); });
            if (!page) {
                status_ = std::unexpected(std::move(page).error());
                return false;
            }
            cursor.page = std::move(*page);
            cursor.from = std::move(cursor.page.next);
            cursor.at = 0;
        }
        return true;
    }

    bool before(const Cursor& a, const Cursor& b) const noexcept {
        const std::string& left = a.page.pairs[a.at].first;
        const std::string& right = b.page.pairs[b.at].first;
        return reverse_ ? left > right : left < right;
    }
    bool inside() const noexcept { return reverse_ ? key() >= range_.from : range_.before_end(key()); }

    Coordinator* coordinator_;
    Range range_;
    bool reverse_ = false;
    bool begun_ = false;
    std::vector<Cursor> waiting_{};
    std::size_t walked_ = 0;
    std::vector<Cursor> cursors_{};
    Cursor* present_ = nullptr;
    Result<void> status_{};
};

} // namespace kvilt::cluster
