// One copy of each key.
#pragma once

#include <kvilt/replication/concept.hpp>

namespace kvilt::replication {

// One copy is its own leader, and each of its reads sees every write before it.
// Provides: leader, linearizable, reads_see_writes. Needs: nothing.
struct None {
    using Options = NoOptions;
    static constexpr Slot slot = Slot::replication;
    static constexpr std::string_view name = "replication::None";
    static constexpr std::string_view format = "";
    static constexpr Capabilities provides{Capability::leader, Capability::linearizable, Capability::reads_see_writes};
    static constexpr Capabilities needs{};
    static constexpr ReplicationKind kind = ReplicationKind::none;
    static constexpr std::size_t copies = 1;
    static Result<void> validate(const Options&) { return {}; }
};

} // namespace kvilt::replication
