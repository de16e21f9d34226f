// The contract of the replication slot: how many copies of a key there are, and what a write and a read ask of them.
// A decider: no I/O. docs/policies/replication.md
#pragma once

#include <kvilt/core/level.hpp>
#include <kvilt/core/policy.hpp>

namespace kvilt {

// What a write does. It is sent to every home of the key; `needed` must have it before it counts.
struct WritePlan {
    std::size_t needed = 1;
    bool version_first = false; // the newest version is read before, from `versions_needed`
    std::size_t versions_needed = 0;
    bool stand_ins = false; // a healthy node takes the place of a home that does not answer, and counts
};

// What a read does. `needed` homes must answer.
struct ReadPlan {
    std::size_t needed = 1;
    bool write_back = false;          // what is returned is on `write_back_needed` homes before
    bool agreement_is_enough = false; // unless all that answered say the same already
    std::size_t write_back_needed = 0;
    bool repair = false; // homes that answered with less are told afterwards
    bool stand_ins = false;
};

enum class ReplicationKind : std::uint8_t {
    none,   // one copy
    quorum, // copies take writes on their own, and a conflict policy joins them
    leader, // one of the copies orders the writes
};

// `copies` is the number of homes of a key.
//   static Result<WritePlan> write_plan(Level, const Options&)    Errc::invalid_argument for a level that cannot be had
//   static Result<ReadPlan> read_plan(Level, const Options&)      here: never a weaker answer instead
//   template <Level> static constexpr bool offers                 the same, for the compiler
// Models: None, Quorum.
template <class R>
concept ReplicationPolicy = Policy<R> && R::slot == Slot::replication && requires(const typename R::Options& options) {
    { R::copies } -> std::convertible_to<std::size_t>;
    { R::kind } -> std::convertible_to<ReplicationKind>;
    requires R::copies >= 1;
    requires R::kind == ReplicationKind::none || requires {
        { R::write_plan(Level::standard, options) } -> std::same_as<Result<WritePlan>>;
        { R::read_plan(Level::standard, options) } -> std::same_as<Result<ReadPlan>>;
        { R::template offers<Level::standard> } -> std::convertible_to<bool>;
    };
};

} // namespace kvilt
