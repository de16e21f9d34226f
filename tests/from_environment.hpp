// What is asked of random tests from outside: docs/testing.md, "Campaigns".
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>

inline std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

// Of so many crash points, failing calls or seeds one is tried.
inline std::uint64_t crash_every() { return std::max<std::uint64_t>(1, from_environment("KVILT_CRASH_EVERY", 1)); }
