// Randomness as a seam: identities of stores, seeds.
#pragma once

#include <cstdint>

namespace kvilt {

// Thread-safe.
class Random {
public:
    Random() = default;
    Random(const Random&) = delete;
    Random& operator=(const Random&) = delete;
    virtual ~Random() = default;

    virtual std::uint64_t next() = 0;
};

} // namespace kvilt
