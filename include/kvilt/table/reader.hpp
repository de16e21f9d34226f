// Reads one table file.
#pragma once

#include <kvilt/table/compression.hpp>
#include <kvilt/table/concept.hpp>
#include <kvilt/table/filter.hpp>
#include <kvilt/table/format.hpp>
#include <kvilt/table/reads.hpp>

namespace kvilt {

// Immutable and thread-safe under threads::Many.
template <filter::FilterPolicy Filter, compression::CompressionPolicy Compression, reads::ReadsPolicy Reads,
          ThreadsTag Threads = threads::Many>
class TableReader {
public:
    using Cache = typename Reads::template Cache<Threads>;
    struct Pin {}; // keeps a block in memory; empty for Mapped

    struct Found {
        Record record{};
        Pin pin{}; // the record's bytes live as long as this and the reader
    };

    // Checks footer, properties, index and filter, and that the file is the one that the manifest means. `cache` may be
    // null for Mapped.
    static Result<std::shared_ptr<TableReader>> open(const TableContext& context, const TableFile& file,
                                                     std::shared_ptr<Cache> cache);
    TableReader(const TableReader&) = delete;
    TableReader& operator=(const TableReader&) = delete;
    ~TableReader();

    // The newest version of `key` at or below `at`, tombstones included. `hash` is hash_key(key).
    Result<bool> find(Bytes key, std::uint64_t hash, Sequence at, Found& found) const;
    void prefetch(std::uint64_t hash) const noexcept; // what find will touch first

    // Over every version of every key; movable. The reader must outlive it.
    //   explicit Cursor(const TableReader&);  seek(key) seek_first() next() seek_before(key) seek_last() previous()
    //   bool valid() const; Record record() const; Result<void> status() const;
    class Cursor;

    const TableFile& file() const noexcept;
    Result<std::uint64_t> verify() const; // reads and checks every byte; bytes checked
    void obsolete() noexcept;             // the file is removed from disk with this object
};

} // namespace kvilt
