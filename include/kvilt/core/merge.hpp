// Several sorted sources read as one: memtables and runs by a reader, runs by a compaction.
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/core/record.hpp>
#include <kvilt/core/result.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace kvilt {

// A loser tree over cursors. Forwards it yields every record of every source by key ascending, within a key by sequence
// descending, and of equal records first that of the source with the lower index: give the newest source first.
// Backwards it yields exactly the mirror of that: key descending, sequence ascending, higher index first. It may change
// direction at any record.
//
// Source: seek(key), seek_first(), next(), seek_before(key), seek_last(), previous(), valid(), record(), status(), as
// table/concept.hpp describes them; movable. Its record stays until it moves itself.
// An error of one source ends the merge: what the others hold may be hidden by what cannot be read.
// One source costs no comparison, two cost one a record, k cost log2(k). For one thread at a time.
template <class Source>
class Merge {
public:
    explicit Merge(std::vector<Source> sources)
        : sources_(std::move(sources)), heads_(sources_.size()), losers_(sources_.size()) {}

    // Sources that can take three steps to a key (see table/concept.hpp) take each of them side by side.
    void seek(Bytes key) {
        if constexpr (requires(Source& source) { source.aim(key); }) {
            for (Source& source : sources_) source.aim(key);
            for (Source& source : sources_) source.near(key);
            start(true, [](Source& source) { source.land(); });
        } else {
            start(true, [key](Source& source) { source.seek(key); });
        }
    }
    void seek_first() {
        start(true, [](Source& source) { source.seek_first(); });
    }
    void seek_before(Bytes key) {
        start(false, [key](Source& source) { source.seek_before(key); });
    }
    void seek_last() {
        start(false, [](Source& source) { source.seek_last(); });
    }

    // Requires valid().
    void next() {
        if (!forwards_) return turn();
        sources_[winner_].next();
        replay();
    }
    void previous() {
        if (forwards_) return turn();
        sources_[winner_].previous();
        replay();
    }

    bool valid() const noexcept { return valid_; }
    decltype(auto) record() const { return sources_[winner_].record(); } // stays until the merge moves
    std::size_t source() const noexcept { return winner_; }              // which one the record is of
    const Result<void>& status() const noexcept { return status_; }

private:
    // What decides nearly every comparison, apart from the source's own memory. Sixteen bytes of key, since eight are
    // all alike where keys are decimal numbers or share a prefix.
    struct Head {
        bool valid = false;
        std::uint64_t first = 0;
        std::uint64_t second = 0;
        Bytes key{};
        Sequence sequence = 0;
    };

    template <class Position>
    void start(bool forwards, Position position) {
        forwards_ = forwards;
        status_ = {};
        for (std::size_t at = 0; at < sources_.size(); ++at) {
            position(sources_[at]);
            load(at);
        }
        build();
    }

    // Every source but the winner stands at its first record beyond the present one; one step back, each stands at its
    // last before it. A source at its end comes back from there.
    void turn() {
        forwards_ = !forwards_;
        for (std::size_t at = 0; at < sources_.size(); ++at) {
            Source& source = sources_[at];
            if (source.valid())
                forwards_ ? source.next() : source.previous();
            else
                forwards_ ? source.seek_first() : source.seek_last();
            load(at);
        }
        build();
    }

    void load(std::size_t at) {
        Head& head = heads_[at];
        head.valid = sources_[at].valid();
        if (!head.valid) {
            if (auto status = sources_[at].status(); !status && status_) status_ = std::move(status);
            return;
        }
        if (sources_.size() == 1) return;
        const Record& record = sources_[at].record();
        head.key = record.key;
        head.sequence = record.sequence;
        head.first = coding::head(record.key);
        head.second = record.key.size() > 8 ? coding::head(record.key.substr(8)) : 0;
    }

    // Leaves are numbered from `k` on, node n has the children 2n and 2n+1; each inner node keeps the loser of its
    // match, and the winner goes up.
    void build() {
        const std::size_t count = sources_.size();
        if (count == 0) return;
        winner_ = count == 1 ? 0 : play(1);
        settle();
    }
    std::size_t play(std::size_t node) {
        const std::size_t count = sources_.size();
        if (node >= count) return node - count;
        std::size_t left = play(2 * node);
        std::size_t right = play(2 * node + 1);
        if (!before(left, right)) std::swap(left, right);
        losers_[node] = right;
        return left;
    }

    // The winner has moved: it plays against the losers on its way to the root.
    void replay() {
        load(winner_);
        std::size_t winner = winner_;
        for (std::size_t node = (winner + sources_.size()) / 2; node > 0; node /= 2)
            if (before(losers_[node], winner)) std::swap(losers_[node], winner);
        winner_ = winner;
        settle();
    }
    void settle() { valid_ = heads_[winner_].valid && status_.has_value(); }

    bool before(std::size_t a, std::size_t b) const noexcept {
        const Head& left = heads_[a];
        const Head& right = heads_[b];
        if (!left.valid || !right.valid) return left.valid;
        if (left.first != right.first) return (left.first < right.first) == forwards_;
        if (left.second != right.second) return (left.second < right.second) == forwards_;
        if (const int order = left.key.compare(right.key); order != 0) return (order < 0) == forwards_;
        if (left.sequence != right.sequence) return (left.sequence > right.sequence) == forwards_;
        return (a < b) == forwards_;
    }

    std::vector<Source> sources_;
    std::vector<Head> heads_;
    std::vector<std::size_t> losers_; // by node; 0 is not used
    std::size_t winner_ = 0;
    bool forwards_ = true;
    bool valid_ = false;
    Result<void> status_{};
};

} // namespace kvilt
