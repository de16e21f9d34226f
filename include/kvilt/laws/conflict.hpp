// The laws of the conflict slot, for any model of it.
#pragma once

#include <kvilt/laws/conflict_trial.hpp>

#include <functional>
#include <initializer_list>
#include <string>
#include <vector>

namespace kvilt::laws {

namespace detail {

inline bool lies_in(Bytes part, Bytes whole) noexcept {
    const std::less_equal<const char*> not_above;
    return part.empty() ||
           (not_above(whole.data(), part.data()) && not_above(part.data() + part.size(), whole.data() + whole.size()));
}

inline bool lies_in_one(Bytes part, std::initializer_list<Bytes> places) noexcept {
    return std::any_of(places.begin(), places.end(), [part](Bytes place) { return lies_in(part, place); });
}

template <ConflictPolicy C>
std::vector<std::string> values_of(const Cell& cell) {
    std::vector<std::string> values;
    C::for_each_value(cell, [&values](Bytes value) { values.emplace_back(value); });
    return values;
}

template <ConflictPolicy C>
std::string check_cell(const Cell& cell) {
    std::string room;
    if (!C::well_formed(cell)) return "a cell is not well formed";
    if (C::well_formed({Kind::tombstone, cell.stamp, cell.value}))
        return "a tombstone is well formed, but the engine would drop it";
    if (cell.stamp.size() < C::stamp_bytes) return "a stamp has less than stamp_bytes";
    const std::vector<std::string> values = values_of<C>(cell);
    if (values.size() != C::values(cell)) return "values() is not the number of values that are visited";
    if (C::total_order && values.size() > 1) return "there are siblings in a total order";
    if (values.size() > 1 && !KeepsSiblings<C>) return "there are siblings without the capability and without merged()";
    if (!same_cell(C::join(cell, cell, room), cell)) return "join is not idempotent";
    if (!C::covers(cell, cell)) return "a cell does not cover itself";
    return {};
}

template <ConflictPolicy C>
std::string check_pair(const Cell& a, const Cell& b) {
    std::string room, other_room, third_room;
    const Cell ab = C::join(a, b, room);
    if (!same_cell(ab, C::join(b, a, other_room))) return "join is not commutative";
    if (!C::well_formed(ab)) return "a join is not well formed";
    if (!lies_in_one(ab.stamp, {a.stamp, b.stamp, room}) || !lies_in_one(ab.value, {a.value, b.value, room}))
        return "the bytes of a join lie in neither cell and not in the room";
    if (C::total_order && !same_cell(ab, a) && !same_cell(ab, b)) return "join makes a third cell in a total order";
    if (!same_cell(C::join(ab, a, third_room), ab) || !same_cell(C::join(ab, b, third_room), ab))
        return "join forgets what it has joined";
    if (C::covers(a, b) != same_cell(ab, a)) return "covers contradicts join";
    if (!C::covers(ab, a) || !C::covers(ab, b)) return "a join does not cover what it has joined";
    if (C::values(a) == 0 && C::covers(a, b) && C::values(ab) != 0)
        return "what is erased is back after a join with what the erase covers";
    if (C::time(ab) < std::max(C::time(a), C::time(b))) return "the time of a join is before one that it has joined";
    const std::vector<std::string> of_a = values_of<C>(a), of_b = values_of<C>(b);
    for (const std::string& value : values_of<C>(ab))
        if (std::find(of_a.begin(), of_a.end(), value) == of_a.end() &&
            std::find(of_b.begin(), of_b.end(), value) == of_b.end())
            return "a join has a value that neither had";
    if constexpr (requires { C::loses(a, b); })
        if (C::loses(a, b) != (same_cell(ab, a) && !same_cell(a, b))) return "loses contradicts join";
    return {};
}

template <ConflictPolicy C>
std::string check_triple(const Cell& a, const Cell& b, const Cell& c) {
    std::string rooms[4];
    const Cell left = C::join(C::join(a, b, rooms[0]), c, rooms[1]);
    const Cell right = C::join(a, C::join(b, c, rooms[2]), rooms[3]);
    return same_cell(left, right) ? "" : "join is not associative";
}

} // namespace detail

// Empty if the laws hold among `samples`: cells of one key, at most a few dozen (every triple is joined). Otherwise a
// sentence with the law that is broken.
template <ConflictPolicy C>
    requires(C::stamp_bytes != 0)
std::string check_conflict(const std::vector<OwnedCell>& samples) {
    std::string wrong;
    for (const OwnedCell& a : samples) {
        if (wrong = detail::check_cell<C>(a.cell()); !wrong.empty()) return wrong;
        for (const OwnedCell& b : samples)
            if (wrong = detail::check_pair<C>(a.cell(), b.cell()); !wrong.empty()) return wrong;
    }
    for (const OwnedCell& a : samples)
        for (const OwnedCell& b : samples)
            for (const OwnedCell& c : samples)
                if (wrong = detail::check_triple<C>(a.cell(), b.cell(), c.cell()); !wrong.empty()) return wrong;
    return {};
}

// The same among cells that random writes leave at several replicas; meanwhile a write must cover what it was told of,
// and where siblings are kept none may vanish or come back. Without a stamp there must be a single order.
template <ConflictPolicy C>
std::string check_conflict(std::uint64_t seed = 1) {
    if (C::total_order != C::provides.has(Capability::total_order))
        return "total_order contradicts the capability total_order";
    if constexpr (C::stamp_bytes == 0) {
        return C::total_order ? "" : "without a stamp there is no join, so there must be a total order";
    } else {
        ConflictTrial<C> trial({.seed = seed, .crashes = true});
        std::string wrong = trial.run();
        if (!wrong.empty()) return wrong;
        wrong = check_conflict<C>(trial.samples());
        return wrong.empty() ? wrong : wrong + " (seed " + std::to_string(seed) + ")";
    }
}

} // namespace kvilt::laws
