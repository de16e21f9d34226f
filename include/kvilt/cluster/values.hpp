// What a cell means to a reader who wants one value.
#pragma once

#include <kvilt/conflict/concept.hpp>

#include <optional>
#include <string>

namespace kvilt::cluster {

// Calls use(Bytes) with the value, or with the merge of several; false if there is none. Errc::siblings.
template <ConflictPolicy C, class Use>
Result<bool> use_value(const Cell& cell, Use&& use) {
    const std::size_t values = C::values(cell);
    if (values == 0) return false;
    if (values == 1) {
        C::for_each_value(cell, use);
        return true;
    }
    if constexpr (requires(std::string& room) { C::merged(cell, room); }) {
        std::string room;
        use(C::merged(cell, room));
        return true;
    } else {
        return failure(Errc::siblings, "read",
                       std::to_string(values) + " concurrent values: take them with fetch(), and put one with its "
                                                "context, or give conflict::VectorClock a merge");
    }
}

template <ConflictPolicy C>
Result<std::optional<std::string>> value_of(const Cell& cell) {
    std::optional<std::string> value;
    KVILT_TRY(use_value<C>(cell, [&](Bytes bytes) { value.emplace(bytes); }));
    return value;
}

} // namespace kvilt::cluster
