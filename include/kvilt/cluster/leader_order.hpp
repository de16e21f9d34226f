// The order that a leader gives to its writes, as the stamps of a ring with leaders.
// docs/formats/stamps.md
#pragma once

#include <kvilt/cluster/position.hpp>
#include <kvilt/conflict/concept.hpp>
#include <kvilt/replication/concept.hpp>

#include <string>

namespace kvilt::cluster {

// Takes the place of the store's own conflict policy C in the engines of such a ring: where one node orders the writes
// of a key, nothing need be joined. Of C it keeps whether a write must name what it replaces. That is exact here.
// Stamp: u64 term | u64 sequence | u8 flags, of which 1 says erased. Context: the first 16 bytes.
template <ConflictPolicy C>
struct LeaderOrder {
    using Options = typename C::Options;
    static constexpr Slot slot = Slot::conflict;
    static constexpr std::string_view name = C::name;
    static constexpr std::string_view format = "leader_order/1";
    static constexpr Capabilities provides = C::provides;
    static constexpr Capabilities needs = C::needs;
    static constexpr bool total_order = true;
    static constexpr std::size_t stamp_bytes = Position::bytes + 1;
    static constexpr bool compares = C::total_order && requires { requires C::needs_present; };
    static constexpr bool needs_present = compares;
    static Result<void> validate(const Options& options) { return C::validate(options); }

    static Cell join(const Cell& a, const Cell& b, std::string&) noexcept { return covers(a, b) ? a : b; }
    static bool covers(const Cell& a, const Cell& b) noexcept { return position(a) >= position(b); }
    static bool loses(const Cell& present, const Cell& incoming) noexcept { return !covers(incoming, present); }

    static std::size_t values(const Cell& cell) noexcept { return erased(cell) ? 0 : 1; }
    template <class Visit>
    static void for_each_value(const Cell& cell, Visit&& visit) {
        if (!erased(cell)) visit(cell.value);
    }

    static std::string context(const Cell& cell) { return compares ? std::string(named(cell)) : std::string(); }
    static std::uint64_t time(const Cell&) noexcept { return 0; }
    static Position position(const Cell& cell) noexcept {
        return {coding::load<std::uint64_t>(cell.stamp.data()), coding::load<std::uint64_t>(cell.stamp.data() + 8)};
    }

    static bool well_formed(const Cell& cell) noexcept {
        if (cell.kind != Kind::put || cell.stamp.size() != stamp_bytes) return false;
        if (position(cell).term == 0 || position(cell).sequence == 0) return false;
        const auto flags = static_cast<std::uint8_t>(cell.stamp.back());
        return flags == 0 ? cell.value.size() <= value_bytes_max : flags == 1 && cell.value.empty();
    }

    // Whether a write with this context may replace `present`. Errc::conflict.
    static Result<void> check(const Cell* present, Bytes context) {
        if constexpr (!compares) {
            if (!context.empty())
                return failure(Errc::invalid_argument, "write",
                               "a context was given, but " + std::string(C::name) + " has none: leave it empty");
            return {};
        } else {
            if (!context.empty() && context.size() != Position::bytes)
                return failure(Errc::invalid_argument, "write",
                               "the context is none that a read returned; hand it back unchanged, or leave it empty");
            const Bytes there = present == nullptr ? Bytes() : named(*present);
            if (context.empty() ? present == nullptr || erased(*present) : context == there) return {};
            return failure(Errc::conflict, "write",
                           "the present version is " + described(there) + ", the write names " + described(context) +
                               "; read again and write with the context of that read");
        }
    }

    static Cell make(Position at, Kind kind, Bytes value, std::string& room) {
        const bool erases = kind == Kind::tombstone;
        room.clear();
        at.append_to(room);
        room.push_back(erases ? '\1' : '\0');
        return {Kind::put, room, erases ? Bytes() : value};
    }

    // Of a leader in the term `by.incarnation`, whose next sequence is `by.time` + 1.
    static Result<Cell> write(const Cell* present, Bytes context, const WriteStamp& by, Kind kind, Bytes value,
                              std::string& room) {
        KVILT_TRY(check(present, context));
        return make({by.incarnation, by.time + 1}, kind, value, room);
    }

private:
    static Bytes named(const Cell& cell) noexcept { return cell.stamp.substr(0, Position::bytes); }
    static bool erased(const Cell& cell) noexcept { return cell.stamp.back() != 0; }

    // "7 of term 2"
    static std::string described(Bytes context) {
        if (context.empty()) return "none";
        return std::to_string(coding::load<std::uint64_t>(context.data() + 8)) + " of term " +
               std::to_string(coding::load<std::uint64_t>(context.data()));
    }
};

namespace detail {
template <ConflictPolicy C, ReplicationKind kind>
struct OrderOf {
    using type = C;
};
template <ConflictPolicy C>
struct OrderOf<C, ReplicationKind::leader> {
    using type = LeaderOrder<C>;
};
} // namespace detail

// What the engines of a ring keep with each record, where the store's conflict policy is C.
template <ConflictPolicy C, ReplicationPolicy R>
using OrderOf = typename detail::OrderOf<C, R::kind>::type;

} // namespace kvilt::cluster
