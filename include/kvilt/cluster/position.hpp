// Where a copy stands in the order of its leaders: the last write that it has, and the terms on the way there.
// docs/decisions/0011-leader-and-followers.md
#pragma once

#include <kvilt/core/coding.hpp>

#include <algorithm>
#include <compare>
#include <optional>
#include <string>
#include <vector>

namespace kvilt::cluster {

// The writes of a group are numbered without gaps; a term has one leader at most. So a position names one write, and
// everything that came before it.
struct Position {
    std::uint64_t term = 0;
    std::uint64_t sequence = 0;

    static constexpr std::size_t bytes = 16;
    void append_to(std::string& to) const {
        coding::append(to, term);
        coding::append(to, sequence);
    }
    static Position read(coding::Reader& from) noexcept {
        const auto term = from.fixed<std::uint64_t>();
        return {term, from.fixed<std::uint64_t>()};
    }

    friend auto operator<=>(const Position&, const Position&) = default;
};

// The terms whose writes a copy has, each with its first sequence.
//   u64 term | u64 first, for each, ascending
class History {
public:
    bool empty() const noexcept { return terms_.empty(); }

    void begin(std::uint64_t term, std::uint64_t first) {
        if (terms_.empty() || terms_.back().term < term) terms_.push_back({term, first});
        if (terms_.size() > terms_max) terms_.erase(terms_.begin());
    }

    // Whether a copy that stands at `end` has come by `at`.
    bool contains(Position at, Position end) const noexcept {
        if (at == Position{}) return true;
        for (std::size_t n = 0; n < terms_.size(); ++n)
            if (terms_[n].term == at.term) return terms_[n].first <= at.sequence && at.sequence <= last(n, end);
        return false;
    }

    // The last position that two copies have both come by, who stand at `end` and `other_end`. Nothing if it is older
    // than what the two remember.
    std::optional<Position> common(Position end, const History& other, Position other_end) const noexcept {
        for (std::size_t n = terms_.size(); n-- != 0;)
            for (std::size_t m = other.terms_.size(); m-- != 0;)
                if (terms_[n].term == other.terms_[m].term)
                    return Position{terms_[n].term, std::min(last(n, end), other.last(m, other_end))};
        if (from_the_beginning() && other.from_the_beginning()) return Position{};
        return std::nullopt;
    }

    // They are those of a copy that stands at `end`.
    void cut(Position end) {
        while (!terms_.empty() && terms_.back().first > end.sequence) terms_.pop_back();
    }

    std::string text() const {
        std::string text;
        for (const Term& term : terms_) Position{term.term, term.first}.append_to(text);
        return text;
    }
    // False: malformed.
    bool read(Bytes text) {
        terms_.clear();
        coding::Reader reader(text);
        while (!reader.rest().empty()) {
            const Position read = Position::read(reader);
            if (!reader.ok() || (!terms_.empty() && terms_.back().term >= read.term)) return false;
            terms_.push_back({read.term, read.sequence});
        }
        return true;
    }

private:
    struct Term {
        std::uint64_t term;
        std::uint64_t first;
    };
    static constexpr std::size_t terms_max = 1024; // who has slept for longer is given everything anew

    std::uint64_t last(std::size_t n, Position end) const noexcept {
        return n + 1 < terms_.size() ? terms_[n + 1].first - 1 : end.sequence;
    }
    bool from_the_beginning() const noexcept { return terms_.empty() || terms_.front().first == 1; }

    std::vector<Term> terms_{};
};

// What a node says of itself in every answer about a group.
struct Standing {
    bool done = false;          // what was asked
    std::uint64_t promised = 0; // the greatest term that it has promised to obey
    std::uint32_t leader = 0;   // of that term, once it is elected
    Position position{};
    bool leads = false; // that term
    bool torn = false;  // it has more than its position says, out of order

    // u8 flags | u64 promised | u32 leader | position
    std::string text() const {
        std::string text(1, static_cast<char>((done ? 1 : 0) | (leads ? 2 : 0) | (torn ? 4 : 0)));
        coding::append(text, promised);
        coding::append(text, leader);
        position.append_to(text);
        return text;
    }
    static std::optional<Standing> read(Bytes text) {
        coding::Reader reader(text);
        const auto flags = reader.fixed<std::uint8_t>();
        Standing standing{.done = (flags & 1) != 0, .leads = (flags & 2) != 0, .torn = (flags & 4) != 0};
        standing.promised = reader.fixed<std::uint64_t>();
        standing.leader = reader.fixed<std::uint32_t>();
        standing.position = Position::read(reader);
        if (!reader.done()) return std::nullopt;
        return standing;
    }

    // Whether what was read of it between this and `later` was in order.
    bool in_order_until(const Standing& later) const noexcept {
        return !torn && !later.torn && position.term == later.position.term;
    }

    // Whether it has, in order, what the leader of `at.term` wrote up to `at`.
    bool has(Position at) const noexcept {
        return !torn && position.term == at.term && promised == at.term && position.sequence >= at.sequence;
    }
};

} // namespace kvilt::cluster
