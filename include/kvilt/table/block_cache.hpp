// A cache of unpacked blocks, shared by all files of one store.
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/threads.hpp>

#include <cstdint>

namespace kvilt {

struct BlockCacheStats {
    std::uint64_t bytes = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
};

template <ThreadsTag Threads>
class BlockCache {
public:
    explicit BlockCache(std::size_t bytes_max);
    BlockCacheStats stats() const;
};

} // namespace kvilt
