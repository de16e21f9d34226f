// The contract of the conflict slot: the stamp of a cell, the join of two cells of one key, and what a write makes of
// what was there. A decider: no I/O. docs/policies/conflict.md
#pragma once

#include <kvilt/core/node.hpp>
#include <kvilt/core/policy.hpp>
#include <kvilt/core/record.hpp>

#include <string>

namespace kvilt {

// What the one who stamps a write knows of itself. `time` is of the policy's clock, if it has a `Clock`
// (core/hybrid_clock.hpp); otherwise the last sequence of the engine that the write goes to. `incarnation` is the
// number of the node's life: what it stamped in a former one may have been lost with power and must not be stamped
// again. A life that ended with everything synced may go on under its number.
struct WriteStamp {
    NodeId node{};
    std::uint32_t incarnation = 0;
    std::uint64_t time = 0;
};

// Copies that take writes on their own agree by a join. Between nodes a cell has Kind::put always: whether there is a
// value, several, or none any more (a ring tombstone, which must outlive the local compaction) is told by its stamp.
//
//   static constexpr bool total_order          of two cells one always wins
//   static constexpr std::size_t stamp_bytes   what each record carries for it at least; 0: none, its order is the
//                                              sequence of the one engine that it is in
//   Where stamp_bytes != 0:
//   Cell join(const Cell& a, const Cell& b, std::string& room)
//       commutative, associative, idempotent: the one function of reads, writes, read repair and anti-entropy. The
//       bytes of the result lie in `a`, in `b` or in `room`, which is overwritten. Arguments are well formed and not
//       in `room`.
//   bool covers(const Cell& a, const Cell& b)  join(a, b) says what `a` says
//   std::size_t values(const Cell&)            0: erased; more than 1: siblings, either with Capability::siblings or
//                                              with Bytes merged(const Cell&, std::string& room), for readers
//   void for_each_value(const Cell&, visit)    visit(Bytes), in an order that is the same everywhere
//   std::string context(const Cell&)           what a client hands back with the write that is to replace this
//   bool well_formed(const Cell&)              for what comes from a disk or a network
//   static constexpr bool needs_present        write() must be told what is there: it runs at a replica, under its lock
//   Result<Cell> write(const Cell* present, Bytes context, const WriteStamp&, Kind, Bytes value, std::string& room)
//       what the write leaves behind; `present` is null where there is nothing. Its bytes lie in `present`, in
//       `value` or in `room`. Errc::conflict if the policy refuses.
//   std::uint64_t time(const Cell&)            of its stamp where it has one, for the clock to see; else 0
// Where a join may drop an acknowledged write, also bool loses(const Cell& present, const Cell& incoming), to be
// counted. Laws: laws/conflict.hpp. Models: Overwrite, LastWriteWins, Version, VectorClock.
template <class C>
concept ConflictPolicy = Policy<C> && C::slot == Slot::conflict && requires {
    { C::total_order } -> std::convertible_to<bool>;
    { C::stamp_bytes } -> std::convertible_to<std::size_t>;
} && (C::stamp_bytes == 0 || requires(const Cell& cell, const WriteStamp& stamp, Bytes bytes, std::string& room) {
                             { C::join(cell, cell, room) } -> std::same_as<Cell>;
                             { C::covers(cell, cell) } -> std::same_as<bool>;
                             { C::values(cell) } -> std::same_as<std::size_t>;
                             C::for_each_value(cell, [](Bytes) {});
                             { C::context(cell) } -> std::same_as<std::string>;
                             { C::well_formed(cell) } -> std::same_as<bool>;
                             { C::needs_present } -> std::convertible_to<bool>;
                             { C::write(&cell, bytes, stamp, Kind::put, bytes, room) } -> std::same_as<Result<Cell>>;
                             { C::time(cell) } -> std::same_as<std::uint64_t>;
                         });

} // namespace kvilt
