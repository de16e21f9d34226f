// Which versions of a key outlive a flush or a compaction.
#pragma once

#include <kvilt/core/record.hpp>
#include <kvilt/core/result.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::table {

// Snapshots cut the sequences into stripes: (.., s1], (s1, s2], .. (sn, ..). Readers of one stripe see the same version
// of a key, its newest there, so the others go. A tombstone goes too when it hides nothing: no older version is kept
// beside it, and no older run may hold its key. For one thread at a time.
class Retention {
public:
    // `snapshots` ascending.
    explicit Retention(std::vector<Sequence> snapshots) : snapshots_(std::move(snapshots)) {}

    // Takes the records of a merge in forward order, and hands on those to keep, in order.
    //   oldest(key) -> bool            no run older than the merge's inputs may hold the key; asked for tombstones only
    //   emit(const Record&) -> Result<void>
    template <class Oldest, class Emit>
    Result<void> take(const Record& record, Oldest&& oldest, Emit&& emit) {
        const std::size_t stripe = stripe_of(record.sequence);
        if (!same_key(record.key)) {
            key_.assign(record.key);
            started_ = true;
            holding_ = false; // a tombstone that had nothing left to hide
        } else if (stripe == stripe_) {
            return {};
        }
        stripe_ = stripe;
        if (record.cell.kind == Kind::tombstone && oldest(record.key)) {
            hold(record); // instead of a newer one: this one hides as much
            return {};
        }
        if (holding_) {
            holding_ = false;
            KVILT_TRY(emit(Record{key_, held_sequence_, {.kind = Kind::tombstone, .stamp = held_stamp_}}));
        }
        return emit(record);
    }

    // Whether `key` is that of the record taken last.
    bool same_key(Bytes key) const noexcept { return started_ && key == key_; }

private:
    // The number of snapshots below `sequence`.
    std::size_t stripe_of(Sequence sequence) const noexcept {
        if (snapshots_.empty() || sequence > snapshots_.back()) return snapshots_.size();
        return static_cast<std::size_t>(std::lower_bound(snapshots_.begin(), snapshots_.end(), sequence) -
                                        snapshots_.begin());
    }
    void hold(const Record& tombstone) {
        holding_ = true;
        held_sequence_ = tombstone.sequence;
        held_stamp_.assign(tombstone.cell.stamp);
    }

    std::vector<Sequence> snapshots_;
    std::string key_{};
    std::size_t stripe_ = 0;
    bool started_ = false;
    bool holding_ = false;
    Sequence held_sequence_ = 0;
    std::string held_stamp_{};
};

} // namespace kvilt::table
