// The later write wins. Its stamp is the sequence that every record has, so it costs no byte.
#pragma once

#include <kvilt/conflict/concept.hpp>

namespace kvilt::conflict {

// Right wherever one place orders the writes of a key.
// Provides: total_order. Needs: nothing; a rule refuses it for copies that take writes on their own.
struct Overwrite {
    using Options = NoOptions;
    static constexpr Slot slot = Slot::conflict;
    static constexpr std::string_view name = "conflict::Overwrite";
    static constexpr std::string_view format = "overwrite";
    static constexpr Capabilities provides{Capability::total_order};
    static constexpr Capabilities needs{};
    static constexpr bool total_order = true;
    static constexpr std::size_t stamp_bytes = 0;
    static Result<void> validate(const Options&) { return {}; }
};

} // namespace kvilt::conflict
