// A cursor over one table file.
#pragma once

#include <kvilt/core/result.hpp>
#include <kvilt/table/reader.hpp>

namespace kvilt {

// Over every version of every key: by key ascending, sequence descending. For one thread at a time; the reader must
// outlive it. Holds its block. An error ends it: not valid, and status() says why.
template <filter::FilterPolicy Filter, compression::CompressionPolicy Compression, reads::ReadsPolicy Reads,
          ThreadsTag Threads>
class TableReader<Filter, Compression, Reads, Threads>::Cursor {
public:
    explicit Cursor(const TableReader& reader) noexcept;

    void seek(Bytes key); // the newest version of the first key at or above
    void seek_first();
    void next();
    void seek_before(Bytes key); // the oldest version of the last key below
    void seek_last();
    void previous();

    bool valid() const noexcept;
    const Record& record() const noexcept; // stays until the cursor moves
    Result<void> status() const;
};

} // namespace kvilt
