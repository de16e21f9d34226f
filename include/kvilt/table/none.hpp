// No tables: what the log and the index hold is all there is.
#pragma once

#include <kvilt/table/concept.hpp>

namespace kvilt::table {

// Provides: nothing. Needs: nothing. Segments are cleaned instead of flushed.
struct None {
    using Options = NoOptions;
    static constexpr Slot slot = Slot::table;
    static constexpr std::string_view name = "table::None";
    static constexpr std::string_view format = "none";
    static constexpr Capabilities provides{};
    static constexpr Capabilities needs{};
    static constexpr bool present = false;
    static Result<void> validate(const Options&) { return {}; }
};

} // namespace kvilt::table
