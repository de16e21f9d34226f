// What a register may answer: the sequential object that histories of one key are judged by.
// docs/testing.md
#pragma once

#include <kvilt/sim/operations.hpp>

#include <concepts>
#include <optional>

namespace kvilt::sim {

// The sequential object of a linearizability check; a user's own object of any kind, as long as its answers can be
// told by the numbers of an Operation.
//
//   State                                      with == ; cheap to copy
//   State initial()
//   std::uint64_t print(const State&)          a hash: equal for equal states
//   optional<State> after(const State&, op)    the state behind it; nothing if its answer is wrong here. Of an
//                                              operation without answer: nothing if it would change nothing here.
//   bool observes(op)                          an answered one that changes no state, whatever the state is
//   bool matters(op, all)                      false for one without answer that no other can have noticed
//   Where it can, for speed:
//   optional<State> needs(op)                  the one state in which the answer of an answered one is right
//   optional<State> leaves(op)                 the one state behind it, wherever it is placed
template <class M>
concept SequentialModel = requires(const typename M::State& state, const Operation& operation, const Operations& all) {
    { M::initial() } -> std::same_as<typename M::State>;
    { M::print(state) } -> std::same_as<std::uint64_t>;
    { M::after(state, operation) } -> std::same_as<std::optional<typename M::State>>;
    { M::observes(operation) } -> std::same_as<bool>;
    { M::matters(operation, all) } -> std::same_as<bool>;
    { state == state } -> std::convertible_to<bool>;
};

// Reads, writes, erases, and compare-and-set: a plain register where there are none of the latter.
struct RegisterModel {
    using State = ValueId;

    static State initial() noexcept { return no_value; }
    static std::uint64_t print(State state) noexcept { return state; }

    static std::optional<State> after(State state, const Operation& operation) noexcept {
        const bool answered = operation.outcome == Operation::Outcome::ok;
        switch (operation.kind) {
        case Operation::Kind::read:
            return state == operation.value ? std::optional(state) : std::nullopt;
        case Operation::Kind::compare_and_set:
            if ((state == operation.expected) != (operation.swapped || !answered)) return std::nullopt;
            return operation.swapped || !answered ? operation.value : state;
        default:
            return operation.leaves();
        }
    }

    static bool observes(const Operation& operation) noexcept {
        return operation.outcome == Operation::Outcome::ok && !operation.changes();
    }

    static std::optional<State> needs(const Operation& operation) noexcept {
        if (operation.outcome != Operation::Outcome::ok || !operation.swapped) return std::nullopt;
        if (operation.kind == Operation::Kind::read) return operation.value;
        if (operation.kind == Operation::Kind::compare_and_set) return operation.expected;
        return std::nullopt;
    }
    static std::optional<State> leaves(const Operation& operation) noexcept {
        return operation.changes() ? std::optional(operation.leaves()) : std::nullopt;
    }

    // One whose value was neither read nor expected can be left out of every order, but for a compare-and-set that
    // was told that something else was there.
    static bool matters(const Operation& operation, const Operations& all) noexcept {
        const ValueId left = operation.leaves();
        for (const Operation& other : all) {
            const bool answered = other.outcome == Operation::Outcome::ok;
            if (other.kind == Operation::Kind::read && answered && other.value == left) return true;
            if (other.kind == Operation::Kind::compare_and_set && (other.expected == left) == other.swapped)
                return true;
        }
        return false;
    }
};

static_assert(SequentialModel<RegisterModel>);

} // namespace kvilt::sim
