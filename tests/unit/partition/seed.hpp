// The seed of the random tests of this room.
#pragma once

#include <cstdint>
#include <cstdlib>

inline std::uint64_t seed() {
    const char* given = std::getenv("KVILT_SEED");
    return given == nullptr ? 20'240'607 : std::strtoull(given, nullptr, 10);
}
