// Writes one table file.
#pragma once

#include <kvilt/table/compression.hpp>
#include <kvilt/table/concept.hpp>
#include <kvilt/table/filter.hpp>
#include <kvilt/table/format.hpp>

namespace kvilt {

// Takes records by key ascending and sequence descending, and writes them in large pieces. For one thread at a time.
// Destroyed unfinished it removes its file. After an error only destruction is left.
template <filter::FilterPolicy Filter, compression::CompressionPolicy Compression>
class TableBuilder {
public:
    // Errc::exists if there is a file of this number already: numbers are never used twice.
    static Result<TableBuilder> create(const TableContext& context, std::uint64_t number,
                                       const TableFileOptions& options = {});
    TableBuilder(TableBuilder&&) noexcept;
    TableBuilder& operator=(TableBuilder&&) = delete;
    ~TableBuilder();

    // Errc::invalid_argument for a record out of order or over its limits. Copies what it needs.
    Result<void> add(const Record& record);

    std::uint64_t number() const noexcept;
    std::uint64_t bytes() const noexcept; // the file's so far, without filter and index
    std::uint64_t entries() const noexcept;

    // At least one record must have been added. The file is synced; its name only by the caller's sync_directory. Level
    // and run of the answer are 0.
    Result<TableFile> finish();
};

} // namespace kvilt
