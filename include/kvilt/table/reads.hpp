// How the blocks of a table file come to memory.
#pragma once

#include <kvilt/core/threads.hpp>
#include <kvilt/table/block_cache.hpp>
#include <kvilt/table/reads_cached.hpp>
#include <kvilt/table/reads_mapped.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>

namespace kvilt::reads {

// Stands where a cache is named but none is kept.
struct NoCache {
    explicit NoCache(std::size_t = 0) noexcept {}
    BlockCacheStats stats() const noexcept { return {}; }
};

// Files are mapped and read in place; the kernel's page cache is the cache. Blocks are checked when first touched, or
// before, by an idle worker. A device's own read error is a signal (SIGBUS) here, not a Result: use Cached where that
// matters. No compression.
struct Mapped {
    static constexpr std::string_view name = "reads::Mapped";
    static constexpr bool mapped = true;
    template <ThreadsTag Threads>
    using Cache = NoCache;
    template <class Compression, ThreadsTag Threads>
    using Blocks = table_file::MappedBlocks;
};

// Blocks are read by calls into a cache of checked, unpacked blocks of bounded size.
struct Cached {
    static constexpr std::string_view name = "reads::Cached";
    static constexpr bool mapped = false;
    template <ThreadsTag Threads>
    using Cache = BlockCache<Threads>;
    template <class Compression, ThreadsTag Threads>
    using Blocks = table_file::CachedBlocks<Compression, Threads>;
};

template <class R>
concept ReadsPolicy = requires {
    { R::name } -> std::convertible_to<std::string_view>;
    { R::mapped } -> std::convertible_to<bool>;
    typename R::template Cache<threads::One>;
};

} // namespace kvilt::reads
