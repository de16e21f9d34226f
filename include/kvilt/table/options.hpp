// The sizes of tables.
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/result.hpp>

#include <cstddef>

namespace kvilt::table {

struct Options {
    std::size_t file_bytes_max = 64_MiB; // a file is closed at the first key beyond; 4 KiB to 1 GiB
    std::size_t level_bytes_base =
        512_MiB;                          // what level 1 may hold in a single run; each level below, `ratio` times more
    std::size_t block_bytes = 0;          // of a block in new files; 0: 4 KiB, and 16 KiB where compressed
    std::size_t cache_bytes_max = 64_MiB; // of unpacked blocks, with reads::Cached
    // Runs become one when reads have paid for it (with threads::Many), which is looked at after so many look-ups of a
    // thread in several runs; 0: never. docs/decisions/0023
    std::size_t merge_after_reads = 16 << 10;
};

inline Result<void> check_options(const Options& options) {
    if (options.file_bytes_max < 4_KiB || options.file_bytes_max > 1_GiB)
        return failure(Errc::invalid_option, "table options", "file_bytes_max must be from 4 KiB to 1 GiB");
    if (options.level_bytes_base < options.file_bytes_max)
        return failure(Errc::invalid_option, "table options",
                       "level_bytes_base is below file_bytes_max: a level holds one file at least");
    const std::size_t block = options.block_bytes;
    if (block != 0 && (block < 512 || block > 256_KiB || (block & (block - 1)) != 0))
        return failure(Errc::invalid_option, "table options",
                       "block_bytes must be 0 or a power of two from 512 to 256 KiB");
    if (options.cache_bytes_max < 64_KiB)
        return failure(Errc::invalid_option, "table options", "cache_bytes_max must be 64 KiB or more");
    return {};
}

} // namespace kvilt::table
