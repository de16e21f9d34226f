// Several sorted sources read as one: memtables and runs by a reader, runs by a compaction.
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/core/record.hpp>
#include <kvilt/core/result.hpp>

#include <algorithm>
#include <bit>
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
        : sources_(std::move(sources)), count_(sources_.size()), leaves_(std::bit_ceil(count_)),
          losers_(count_ > 1 ? leaves_ : 0), ahead_(losers_.size()), winner_(sources_.data()) {}

    Merge(Merge&&) noexcept = default; // a copy would follow the other's winner
    Merge& operator=(Merge&&) noexcept = default;

    // Sources that can take three steps to a key (see table/concept.hpp) take each of them side by side.
    void seek(Bytes key) {
        if constexpr (requires(Source& source) { source.aim(key); }) {
            for (Source& source : sources_) source.aim(key);
            for (Source& source : sources_) source.near(key);
            start(true, [key](Source& source) { source.land(key); });
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
        winner_->next();
        replay();
    }
    void previous() {
        if (forwards_) return turn();
        winner_->previous();
        replay();
    }

    bool valid() const noexcept { return valid_; }
    decltype(auto) record() const { return std::as_const(*winner_).record(); } // stays until the merge moves
    std::size_t source() const noexcept { return place_of_winner(); }          // which one the record is of
    const Result<void>& status() const noexcept { return status_; }

private:
    // What decides nearly every match, apart from the source's own memory: the first sixteen bytes of its key, since
    // eight are all alike where keys are decimal numbers or share a prefix. Backwards they are inverted. A source at
    // its end has the highest.
    struct Player {
        std::uint64_t first = highest;
        std::uint64_t second = highest;
        std::size_t source = nobody;

        bool ties(const Player& other) const noexcept { return ((first ^ other.first) | (second ^ other.second)) == 0; }
    };
    static constexpr std::uint64_t highest = ~std::uint64_t{0};
    static constexpr std::size_t nobody = ~std::size_t{0};

    template <class Position>
    void start(bool forwards, Position position) {
        forwards_ = forwards;
        status_ = {};
        for (Source& source : sources_) position(source);
        build();
    }

    // Every source but the winner stands at its first record beyond the present one; one step back, each stands at its
    // last before it. A source at its end comes back from there.
    void turn() {
        forwards_ = !forwards_;
        for (Source& source : sources_) {
            if (source.valid())
                forwards_ ? source.next() : source.previous();
            else
                forwards_ ? source.seek_first() : source.seek_last();
        }
        build();
    }

    // As it stands now. Places beyond the last source stay at their end.
    Player player(std::size_t at) {
        if (holds(at)) return player(at, sources_[at].record().key);
        if (at < count_)
            if (auto status = sources_[at].status(); !status && status_) status_ = std::move(status);
        return {.source = at};
    }
    [[gnu::always_inline]] Player player(std::size_t at, Bytes key) const noexcept {
        const std::uint64_t inverted = forwards_ ? 0 : highest;
        const std::uint64_t second = key.size() > 8 ? coding::head({key.data() + 8, key.size() - 8}) : 0;
        return {coding::head(key) ^ inverted, second ^ inverted, at};
    }

    // What a source will be when it has moved on is worked out as soon as it has moved, so that the next match does not
    // wait for its memory.
    void look_ahead(std::size_t at) {
        if constexpr (requires(Source& source) { source.look_ahead(true); }) {
            const Record* const record = sources_[at].valid() ? sources_[at].look_ahead(forwards_) : nullptr;
            ahead_[at] = record == nullptr ? Player{.source = nobody} : player(at, record->key);
        }
    }

    // Leaves are numbered from `leaves_` on, node n has the children 2n and 2n+1; each inner node keeps the loser of
    // its match, and the winner goes up. Leaves are a power of two, so that every way up is of one length.
    void build() {
        if (count_ > 1) {
            std::fill(ahead_.begin(), ahead_.end(), Player{});
            settle(play(1));
        } else if (count_ == 1) {
            settle();
        }
    }
    Player play(std::size_t node) {
        if (node >= leaves_) return player(node - leaves_);
        Player winner = play(2 * node);
        losers_[node] = play(2 * node + 1);
        match(losers_[node], winner);
        return winner;
    }

    [[gnu::always_inline]] void replay() { count_ == 1 ? settle() : climb(); }
    // The winner has moved: it plays against the losers on its way to the root.
    void climb() {
        const std::size_t moved = place_of_winner();
        Player winner = ahead_[moved];
        if (winner.source == nobody) [[unlikely]]
            winner = player(moved);
        for (std::size_t node = (moved + leaves_) / 2; node > 0; node /= 2) match(losers_[node], winner);
        settle(winner);
        look_ahead(moved);
    }
    // Who wins is as good as random where sources hold alike many: no branch depends on it.
    [[gnu::always_inline]] void match(Player& loser, Player& winner) const {
        std::uint64_t turns = static_cast<std::uint64_t>(loser.first < winner.first) |
                              (static_cast<std::uint64_t>(loser.first == winner.first) &
                               static_cast<std::uint64_t>(loser.second < winner.second));
        if (loser.ties(winner)) [[unlikely]]
            turns = before(loser.source, winner.source) ? 1 : 0;
        const std::uint64_t all = 0 - turns;
        exchange(loser.first, winner.first, all);
        exchange(loser.second, winner.second, all);
        exchange(loser.source, winner.source, all);
    }
    static void exchange(std::uint64_t& a, std::uint64_t& b, std::uint64_t which) noexcept {
        const std::uint64_t bits = (a ^ b) & which;
        a ^= bits;
        b ^= bits;
    }

    void settle(const Player& winner) {
        const bool at_end = (winner.first & winner.second) == highest && !holds(winner.source);
        if (!at_end) [[likely]]
            winner_ = sources_.data() + winner.source;
        valid_ = !at_end && status_.has_value();
    }
    [[gnu::always_inline]] void settle() { // a single source
        valid_ = winner_->valid();
        if (!valid_) [[unlikely]]
            status_ = winner_->status();
    }
    std::size_t place_of_winner() const noexcept { return static_cast<std::size_t>(winner_ - sources_.data()); }

    bool holds(std::size_t at) const { return at < count_ && sources_[at].valid(); }

    // Of two whose players tie.
    bool before(std::size_t a, std::size_t b) const {
        if (!holds(a) || !holds(b)) return holds(a);
        const Record& left = sources_[a].record();
        const Record& right = sources_[b].record();
        if (const int order = left.key.compare(right.key); order != 0) return (order < 0) == forwards_;
        if (left.sequence != right.sequence) return (left.sequence > right.sequence) == forwards_;
        return (a < b) == forwards_;
    }

    std::vector<Source> sources_;
    std::size_t count_; // of them
    std::size_t leaves_;
    std::vector<Player> losers_; // by node; 0 is not used; none for a single source
    std::vector<Player> ahead_;  // by source, each when it will have moved; nobody where that is not known
    Source* winner_;             // among the sources
    bool forwards_ = true;
    bool valid_ = false;
    Result<void> status_{};
};

} // namespace kvilt
