// The contract of the replication slot: how many copies of a key there are and who must answer.
// A decider: no I/O. docs/policies/replication.md
#pragma once

#include <kvilt/core/policy.hpp>

namespace kvilt {

// `copies` is the number of nodes in a placement. Plans of writes and reads over a placement join the contract with
// the first replicated model.
// Models: None.
template <class R>
concept ReplicationPolicy = Policy<R> && R::slot == Slot::replication && requires {
    { R::copies } -> std::convertible_to<std::size_t>;
    requires R::copies >= 1;
};

} // namespace kvilt
