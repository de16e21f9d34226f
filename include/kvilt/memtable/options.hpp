// The options that all memtables share. docs/policies/memtable.md
#pragma once

#include <kvilt/memtable/concept.hpp>

namespace kvilt::memtable {

struct Options {
    // Records and index together. Over tables the memtable is frozen when it has grown to this; for a cache it is the
    // budget.
    std::size_t bytes_max = 64_MiB;
    // Distinct keys; 0 is no bound.
    std::size_t entries_max = 0;
};

inline constexpr std::size_t bytes_max_least = 64_KiB; // the first log segment

inline Result<void> validate_options(const Options& options) {
    if (options.bytes_max >= bytes_max_least) return {};
    return failure(Errc::invalid_option, "open",
                   "memtable.bytes_max is " + std::to_string(options.bytes_max) +
                       ", which cannot hold one log segment; give at least 64_KiB (65536)");
}

} // namespace kvilt::memtable
