// XXH3 of the xxHash library, compiled inline: checksums of files and hashes of keys.
#pragma once

#include <kvilt/core/bytes.hpp>

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace kvilt {

inline std::uint64_t checksum64(Bytes bytes, std::uint64_t seed) noexcept {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

// The hash of a key in every index, filter and partition. Stored in files: part of their format.
inline std::uint64_t hash_key(Bytes key) noexcept { return XXH3_64bits(key.data(), key.size()); }

// Turns the places that make a seed (identity, generation, position) into one well-mixed number (splitmix64's finish).
constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b = 0) noexcept {
    std::uint64_t x = a + 0x9e3779b97f4a7c15ULL * (b + 1);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

} // namespace kvilt
