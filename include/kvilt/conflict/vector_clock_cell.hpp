// The cells of VectorClock as they are walked in place: a vector of what is known, and the siblings that are there.
// docs/formats/stamps.md
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/core/node.hpp>
#include <kvilt/core/record.hpp>

#include <algorithm>
#include <bit>

// stamp   varint bytes of the vector | vector | for each sibling, by dot: varint index, varint behind, varint bytes
// vector  for each actor, ascending: varint node, varint incarnation, varint counter
// value   the siblings back to back
// The dot of a sibling is (actor at index, its counter - behind).
namespace kvilt::conflict::detail {

// node << 32 | incarnation: a node that may have forgotten what it did is another actor afterwards.
using Actor = std::uint64_t;
inline constexpr Actor no_actor = ~Actor{0};
inline constexpr std::uint64_t counter_max = ~std::uint64_t{0} >> 1;

constexpr Actor actor_of(NodeId node, std::uint32_t incarnation) noexcept {
    return Actor{node.number} << 32 | incarnation;
}

constexpr std::size_t varint_bytes(std::uint64_t value) noexcept {
    return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}
constexpr std::size_t entry_bytes(Actor actor, std::uint64_t counter) noexcept {
    return varint_bytes(actor >> 32) + varint_bytes(actor & 0xffff'ffff) + varint_bytes(counter);
}

// From entry to entry of a vector; behind the last the actor is no_actor. Safe on any bytes.
class VectorCursor {
public:
    explicit VectorCursor(Bytes vector) noexcept : rest_(vector) { next(); }

    Actor actor() const noexcept { return actor_; }
    std::uint64_t counter() const noexcept { return counter_; }
    std::size_t index() const noexcept { return index_; }

    void next() noexcept {
        ++index_;
        const bool more = !rest_.rest().empty();
        const std::uint64_t node = rest_.varint(), incarnation = rest_.varint();
        counter_ = rest_.varint();
        actor_ = more && rest_.ok() ? node << 32 | incarnation : no_actor;
    }

private:
    coding::Reader rest_;
    Actor actor_ = no_actor;
    std::uint64_t counter_ = 0;
    std::size_t index_ = ~std::size_t{0};
};

// From sibling to sibling. Safe on any bytes.
class SiblingCursor {
public:
    SiblingCursor(Bytes dots, Bytes values) noexcept : dots_(dots), values_(values) { next(); }

    bool done() const noexcept { return done_; }
    std::uint64_t index() const noexcept { return index_; }
    std::uint64_t behind() const noexcept { return behind_; }
    Bytes value() const noexcept { return value_; }

    void next() noexcept {
        done_ = dots_.rest().empty();
        index_ = dots_.varint();
        behind_ = dots_.varint();
        value_ = values_.bytes(dots_.varint());
    }

private:
    coding::Reader dots_;
    coding::Reader values_;
    Bytes value_{};
    std::uint64_t index_ = 0;
    std::uint64_t behind_ = 0;
    bool done_ = true;
};

// The two parts of a stamp.
struct StampParts {
    explicit StampParts(Bytes stamp) noexcept {
        coding::Reader reader(stamp);
        vector = reader.sized_bytes();
        dots = reader.rest();
    }
    Bytes vector{};
    Bytes dots{};
};

// One side of a join: its vector, and beside each entry the siblings with dots of that actor. A cell that is not there
// is Cell{}.
class Side {
public:
    explicit Side(const Cell& cell) noexcept : Side(StampParts(cell.stamp), cell.value) {}
    explicit Side(Bytes vector) noexcept : vector_(vector), siblings_({}, {}) {}

    Actor actor() const noexcept { return vector_.actor(); }
    std::uint64_t counter(Actor actor) const noexcept { return vector_.actor() == actor ? vector_.counter() : 0; }
    // The counter of the next dot of that actor; none: above all.
    std::uint64_t dot(Actor actor) const noexcept {
        const bool there = vector_.actor() == actor && !siblings_.done() && siblings_.index() == vector_.index();
        return there ? vector_.counter() - siblings_.behind() : no_dot;
    }
    Bytes value() const noexcept { return siblings_.value(); }
    void next_sibling() noexcept { siblings_.next(); }
    void leave(Actor actor) noexcept {
        if (vector_.actor() == actor) vector_.next();
    }

    static constexpr std::uint64_t no_dot = ~std::uint64_t{0};

private:
    Side(const StampParts& parts, Bytes value) noexcept : vector_(parts.vector), siblings_(parts.dots, value) {}

    VectorCursor vector_;
    SiblingCursor siblings_;
};

// A sibling that a write adds: its dot is above all of its actor's.
struct Added {
    Actor actor = no_actor;
    std::uint64_t counter = 0;
    Bytes value{};
};

template <class Visit>
void walk_siblings(Side& a, Side& b, Actor actor, Visit& visit) {
    const std::uint64_t in_a = a.counter(actor), in_b = b.counter(actor);
    while (true) {
        const std::uint64_t dot_a = a.dot(actor), dot_b = b.dot(actor), dot = std::min(dot_a, dot_b);
        if (dot == Side::no_dot) return;
        if (dot_a == dot_b)
            visit.sibling(dot, std::max(a.value(), b.value()), a.value() >= b.value(), b.value() >= a.value());
        else if (dot_a < dot_b)
            dot > in_b ? visit.sibling(dot, a.value(), true, false) : visit.dropped(true);
        else
            dot > in_a ? visit.sibling(dot, b.value(), false, true) : visit.dropped(false);
        if (dot_a == dot) a.next_sibling();
        if (dot_b == dot) b.next_sibling();
    }
}

// Visits what the join of `a` and `b` says, with `added`, in the order in which a stamp says it:
//   visit.entry(actor, counter, counter in a, counter in b)
//   visit.sibling(counter of the dot, value, whether it is a's as it stands, whether it is b's)
//   visit.dropped(whether it was a's)
// A sibling stays if both have it, or if the other's vector does not know its dot. One dot with two values is a broken
// promise of some node; the greater value stays, everywhere.
template <class Visit>
void walk(Side a, Side b, Added added, Visit& visit) {
    while (true) {
        const Actor actor = std::min({a.actor(), b.actor(), added.actor});
        if (actor == no_actor) return;
        const std::uint64_t in_a = a.counter(actor), in_b = b.counter(actor);
        visit.entry(actor, std::max({in_a, in_b, actor == added.actor ? added.counter : 0}), in_a, in_b);
        walk_siblings(a, b, actor, visit);
        if (actor == added.actor) {
            visit.sibling(added.counter, added.value, false, false);
            added.actor = no_actor;
        }
        a.leave(actor);
        b.leave(actor);
    }
}

// The greatest counter of that actor in a vector; 0: none.
inline std::uint64_t counter_of(Bytes vector, Actor actor) noexcept {
    VectorCursor at(vector);
    while (at.actor() < actor) at.next();
    return at.actor() == actor ? at.counter() : 0;
}

// Equal cells have equal bytes, so that copies can be compared by checksum: a varint is as short as it can be.
inline bool take_strictly(coding::Reader& from, std::uint64_t& value) noexcept {
    const std::size_t before = from.rest().size();
    value = from.varint();
    return from.ok() && before - from.rest().size() == varint_bytes(value);
}

inline bool well_formed_vector(Bytes vector) noexcept {
    coding::Reader rest(vector);
    Actor least = 0;
    while (!rest.rest().empty()) {
        std::uint64_t node = 0, incarnation = 0, counter = 0;
        if (!take_strictly(rest, node) || !take_strictly(rest, incarnation) || !take_strictly(rest, counter))
            return false;
        if (node >= no_node.number || incarnation > 0xffff'ffff || counter == 0 || counter > counter_max) return false;
        const Actor actor = node << 32 | incarnation;
        if (actor < least) return false;
        least = actor + 1;
    }
    return true;
}

inline bool well_formed_cell(const Cell& cell) noexcept {
    if (cell.kind != Kind::put || cell.stamp.size() > stamp_bytes_max || cell.value.size() > value_bytes_max)
        return false;
    coding::Reader rest(cell.stamp);
    std::uint64_t vector_bytes = 0;
    if (!take_strictly(rest, vector_bytes)) return false;
    const Bytes vector = rest.bytes(vector_bytes);
    if (!rest.ok() || !well_formed_vector(vector)) return false;
    VectorCursor at(vector);
    std::uint64_t value_left = cell.value.size(), last_dot = 0;
    while (!rest.rest().empty()) {
        std::uint64_t index = 0, behind = 0, bytes = 0;
        if (!take_strictly(rest, index) || !take_strictly(rest, behind) || !take_strictly(rest, bytes)) return false;
        for (; at.index() < index && at.actor() != no_actor; at.next()) last_dot = 0;
        if (at.index() != index || at.actor() == no_actor || behind >= at.counter()) return false;
        if (at.counter() - behind <= last_dot || bytes > value_left) return false;
        last_dot = at.counter() - behind;
        value_left -= bytes;
    }
    return value_left == 0;
}

} // namespace kvilt::conflict::detail
