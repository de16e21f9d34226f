// How what a follower lacks is told: by its leader to whoever asks, and by that one to the follower.
// docs/decisions/0011-leader-and-followers.md
#pragma once

#include <kvilt/cluster/position.hpp>

#include <optional>
#include <string>

namespace kvilt::cluster {

// A place in a walk over the shards of a group, which are numbered from 0; behind the last one it has ended.
struct Cursor {
    std::uint32_t shard = 0;
    std::string key{};
    friend bool operator==(const Cursor&, const Cursor&) = default;

    void append_to(std::string& to) const {
        coding::append(to, shard);
        coding::append_sized(to, key);
    }
    static Cursor read(coding::Reader& from) {
        const auto shard = from.fixed<std::uint32_t>();
        return {shard, std::string(from.sized_bytes())};
    }
};

// What a leader answers to `missing`.
struct Missing {
    bool whole = false;    // `cells` lead from the follower's position to `to`; else pages are to be asked for
    bool replaces = false; // by pages: what the follower has and the leader has not goes
    Position to{};         // of the leader, before the first page
    Bytes history{};       // of the leader, at `to`
    Cursor next{};         // of a page: where the next one begins
    Bytes cells{};

    // u8 flags | position | sized history | cursor | cells
    std::string text() const {
        std::string text(1, static_cast<char>((whole ? 1 : 0) | (replaces ? 2 : 0)));
        to.append_to(text);
        coding::append_sized(text, history);
        next.append_to(text);
        text.append(cells);
        return text;
    }
    static std::optional<Missing> read(Bytes text) {
        coding::Reader reader(text);
        const auto flags = reader.fixed<std::uint8_t>();
        Missing missing{.whole = (flags & 1) != 0, .replaces = (flags & 2) != 0};
        missing.to = Position::read(reader);
        missing.history = reader.sized_bytes();
        missing.next = Cursor::read(reader);
        missing.cells = reader.rest();
        if (!reader.ok()) return std::nullopt;
        return missing;
    }
};

// What a follower is given. A session has a number that no other has; its pages come one after the other, or not at
// all.
struct Supply {
    enum class Step : std::uint8_t {
        whole, // all that lies between `from` and `to`: in order before and behind it
        begin, // of a session: until its end the follower has no order. It stands at `from`, torn or not; `to` and
               // `history` are the leader's
        page,  // from `first` to `next`
        end,   // whole, from where the session has led
    };
    Step step = Step::whole;
    bool replaces = false;
    bool torn = false;
    std::uint64_t session = 0;
    std::uint64_t after = 0; // the session whose end this one goes on from, or 0
    Position from{};
    Position to{};
    Cursor first{};
    Cursor next{};
    Bytes history{};

    // u8 step | u8 flags | u64 session | u64 after | position | position | cursor | cursor | sized history
    std::string text() const {
        std::string text(1, static_cast<char>(step));
        text.push_back(static_cast<char>((replaces ? 1 : 0) | (torn ? 2 : 0)));
        coding::append(text, session);
        coding::append(text, after);
        from.append_to(text);
        to.append_to(text);
        first.append_to(text);
        next.append_to(text);
        coding::append_sized(text, history);
        return text;
    }
    static std::optional<Supply> read(Bytes text) {
        coding::Reader reader(text);
        Supply supply;
        const auto step = reader.fixed<std::uint8_t>();
        supply.step = static_cast<Step>(step);
        const auto flags = reader.fixed<std::uint8_t>();
        supply.replaces = (flags & 1) != 0;
        supply.torn = (flags & 2) != 0;
        supply.session = reader.fixed<std::uint64_t>();
        supply.after = reader.fixed<std::uint64_t>();
        supply.from = Position::read(reader);
        supply.to = Position::read(reader);
        supply.first = Cursor::read(reader);
        supply.next = Cursor::read(reader);
        supply.history = reader.sized_bytes();
        if (!reader.done() || step > static_cast<std::uint8_t>(Step::end)) return std::nullopt;
        return supply;
    }
};

} // namespace kvilt::cluster
