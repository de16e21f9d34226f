// The contract of the conflict slot: the stamp of a record and the join of two records of one key.
// A decider: no I/O. docs/policies/conflict.md
#pragma once

#include <kvilt/core/policy.hpp>
#include <kvilt/core/record.hpp>

namespace kvilt {

// `join` is commutative, associative and idempotent; reads, compaction and repair call the same one. Its result lives
// as long as its arguments. `stamp_bytes` is what each record carries for it on disk.
// `total_order`: of two records one always wins, so a read may stop at the newest.
// Laws: laws/conflict.hpp. Models: Overwrite.
template <class C>
concept ConflictPolicy = Policy<C> && C::slot == Slot::conflict && requires(const Record& a, const Record& b) {
    { C::total_order } -> std::convertible_to<bool>;
    { C::stamp_bytes } -> std::convertible_to<std::size_t>;
    { C::join(a, b) } -> std::same_as<Record>;
};

} // namespace kvilt
