// Keeps every concurrent write: a write replaces what its context covers, and nothing else.
// docs/policies/conflict.md, docs/formats/stamps.md
#pragma once

#include <kvilt/conflict/concept.hpp>
#include <kvilt/conflict/vector_clock_join.hpp>

#include <span>
#include <type_traits>
#include <vector>

namespace kvilt::conflict {

// Makes one value of several concurrent ones: commutative, associative, idempotent. laws/merge.hpp tries it.
template <class M>
concept MergeFunction = requires(std::span<const Bytes> siblings) {
    { M::merge(siblings) } -> std::same_as<std::string>;
};

// Dotted version vectors: the stamp holds a vector of all writes that are known, and for each value the one write that
// made it. No acknowledged value vanishes unless a write or erase whose context covered it replaced it. A vector has an
// entry for each node, and life of a node, that has coordinated a write of the key; none is ever pruned.
// A write without a context is legal: where something is present it makes a sibling. With a Merge a reader of several
// siblings is given their merge; a write with the context of that read stores it.
// Provides: siblings, without Merge. Needs: replicated.
// Source: Preguica, Baquero, Almeida, Fonte, Goncalves 2010 and 2012.
template <class Merge = void>
struct VectorClock {
    static_assert(std::is_void_v<Merge> || MergeFunction<Merge>,
                  "kvilt: the Merge of conflict::VectorClock<Merge> must have a function "
                  "`static std::string merge(std::span<const kvilt::Bytes> siblings)`");

    using Options = NoOptions;
    static constexpr Slot slot = Slot::conflict;
    static constexpr std::string_view name = "conflict::VectorClock";
    static constexpr std::string_view format = "vector_clock/1"; // a Merge leaves nothing on disk
    static constexpr bool merges = !std::is_void_v<Merge>;
    static constexpr Capabilities provides = merges ? Capabilities{} : Capabilities{Capability::siblings};
    static constexpr Capabilities needs{Capability::replicated};
    static constexpr bool total_order = false;
    static constexpr std::size_t stamp_bytes = 1;
    static constexpr bool needs_present = true;
    static Result<void> validate(const Options&) { return {}; }

    // A join cannot refuse, so a write keeps to a part of what a record can hold: copies of eight nodes that took
    // writes apart can always be joined.
    static constexpr std::size_t siblings_max = 100;
    static constexpr std::size_t siblings_value_bytes_max = value_bytes_max / 8;
    static constexpr std::size_t written_stamp_bytes_max = stamp_bytes_max / 16; // joined dots may need longer varints
    static constexpr std::size_t erased_stamp_bytes_max = stamp_bytes_max / 2;   // what is over its limit can be erased

    // Allocates only where both sides have something of their own and `room` is too small for the result.
    static Cell join(const Cell& a, const Cell& b, std::string& room) {
        if (a.stamp == b.stamp && a.value == b.value) return a;
        const detail::Side left(a), right(b);
        const detail::Judge judged = detail::judge(left, right);
        if (judged.a_stands) return a;
        if (judged.b_stands) return b;
        return detail::written(left, right, {}, judged, room);
    }
    static bool covers(const Cell& a, const Cell& b) noexcept {
        return detail::judge(detail::Side(a), detail::Side(b)).a_stands;
    }

    static std::size_t values(const Cell& cell) noexcept {
        std::size_t count = 0;
        for_each_value(cell, [&count](Bytes) noexcept { ++count; });
        return count;
    }
    template <class Visit>
    static void for_each_value(const Cell& cell, Visit&& visit) {
        for (detail::SiblingCursor at(detail::StampParts(cell.stamp).dots, cell.value); !at.done(); at.next())
            visit(at.value());
    }

    static std::string context(const Cell& cell) { return std::string(detail::StampParts(cell.stamp).vector); }
    static std::uint64_t time(const Cell&) noexcept { return 0; }
    static bool well_formed(const Cell& cell) noexcept { return detail::well_formed_cell(cell); }

    // `by.time` is any number that is not below the counters which this life of the node has given to the key, even if
    // it has forgotten the key since: the sequence of its engine. 0 will do where no tombstone is ever dropped.
    // An erase leaves the context alone, as an empty set of siblings. Without a context it is refused where something
    // is present: it would cover nothing, or what nobody has read.
    static Result<Cell> write(const Cell* present, Bytes context, const WriteStamp& by, Kind kind, Bytes value,
                              std::string& room) {
        if (!detail::well_formed_vector(context))
            return failure(Errc::invalid_argument, "write",
                           "the context is none that a read returned; hand it back unchanged, or leave it empty");
        const Cell there = present != nullptr ? *present : Cell{};
        const detail::Actor own = detail::actor_of(by.node, by.incarnation);
        const std::uint64_t given = std::max(detail::counter_of(detail::StampParts(there.stamp).vector, own), by.time);
        if (const std::uint64_t told = detail::counter_of(context, own); told > given)
            return failure(Errc::conflict, "write",
                           "the context knows write " + std::to_string(told) + " of node " +
                               std::to_string(by.node.number) + ", which has made no more than " +
                               std::to_string(given) + "; read again and write with the context of that read");
        if (given >= detail::counter_max)
            return failure(Errc::full, "write", "the counter of this node for the key is spent; take another key");
        if (kind == Kind::tombstone && context.empty() && values(there) != 0)
            return failure(Errc::conflict, "erase",
                           "without a context it would erase what nobody has read; read, then erase with that context");
        const detail::Side left(there), right(context);
        const detail::Added added =
            kind == Kind::put ? detail::Added{.actor = own, .counter = given + 1, .value = value} : detail::Added{};
        const detail::Judge judged = detail::judge(left, right, added);
        KVILT_TRY(judge_limits(judged, kind));
        return detail::written(left, right, added, judged, room);
    }

    // The one value that a reader is given of a cell that is not erased.
    static Bytes merged(const Cell& cell, std::string& room)
        requires merges
    {
        std::vector<Bytes> siblings;
        for_each_value(cell, [&siblings](Bytes value) { siblings.push_back(value); });
        if (siblings.size() == 1) return siblings.front();
        room = Merge::merge(std::span<const Bytes>(siblings));
        return room;
    }

private:
    static Result<void> judge_limits(const detail::Judge& judged, Kind kind) {
        const std::size_t bytes_max = kind == Kind::put ? written_stamp_bytes_max : erased_stamp_bytes_max;
        if (kind == Kind::put && judged.siblings > siblings_max)
            return failure(Errc::siblings, "write",
                           "the key has " + std::to_string(judged.siblings - 1) +
                               " concurrent values that this write does not replace, and at most " +
                               std::to_string(siblings_max) + " are kept; fetch them and write one with their context");
        if (kind == Kind::put && judged.value_bytes > siblings_value_bytes_max)
            return failure(Errc::invalid_argument, "write",
                           "the concurrent values of a key may have " + std::to_string(siblings_value_bytes_max) +
                               " bytes together, and would have " + std::to_string(judged.value_bytes) +
                               "; split the value, or fetch and write one with their context");
        if (judged.stamp_bytes() > bytes_max)
            return failure(Errc::full, "write",
                           "the vector of the key would have " + std::to_string(judged.entries) +
                               " entries, one for each life of a node that wrote it, and take " +
                               std::to_string(judged.stamp_bytes()) + " bytes of " + std::to_string(bytes_max) +
                               "; erase the key and write another");
        return {};
    }
};

} // namespace kvilt::conflict
