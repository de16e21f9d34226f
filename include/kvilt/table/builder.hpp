// Writes one table file.
// docs/formats/table.md
#pragma once

#include <kvilt/table/block_builder.hpp>
#include <kvilt/table/format.hpp>
#include <kvilt/table/index.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace kvilt {

namespace table_file {

// Appends to a file in writes that are as large as a huge page, and begin where one would: file systems that keep what
// is written at once in one piece of memory can map it as one
// (docs/decisions/0022-tables-are-written-in-huge-pages.md). A file that is not finished is removed at the end.
class OutputFile {
public:
    static constexpr std::size_t write_bytes = 2_MiB; // but for the last one

    OutputFile(FileSystem& files, std::string path, std::unique_ptr<File> file)
        : files_(&files), path_(std::move(path)), file_(std::move(file)) {}
    OutputFile(OutputFile&&) noexcept = default;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile() {
        if (file_ == nullptr) return;
        file_.reset();
        remove_if_possible(*files_, path_);
    }

    std::uint64_t bytes() const noexcept { return written_ + buffer_.size(); }

    Result<void> append(Bytes bytes) {
        while (!bytes.empty()) {
            const std::size_t count = std::min(bytes.size(), write_bytes - buffer_.size());
            buffer_.append(bytes.substr(0, count));
            bytes.remove_prefix(count);
            if (buffer_.size() == write_bytes) KVILT_TRY(flush());
        }
        return {};
    }

    Result<void> pad_to(std::size_t alignment) {
        return append(std::string(round_up(bytes(), alignment) - bytes(), '\0'));
    }

    Result<void> finish() {
        KVILT_TRY(flush());
        KVILT_TRY(file_->sync());
        KVILT_TRY(file_->close());
        file_.reset();
        return {};
    }

private:
    Result<void> flush() {
        if (buffer_.empty()) return {};
        KVILT_TRY(file_->write_at(written_, buffer_));
        written_ += buffer_.size();
        buffer_.clear();
        return {};
    }

    FileSystem* files_;
    std::string path_;
    std::unique_ptr<File> file_; // null once finished
    std::string buffer_;         // grows to what a piece takes: small tables are many
    std::uint64_t written_ = 0;
};

} // namespace table_file

// Takes records by key ascending and sequence descending, and writes them in large pieces. For one thread at a time.
// Destroyed unfinished it removes its file. After an error only destruction is left.
template <filter::FilterPolicy Filter, compression::CompressionPolicy Compression>
class TableBuilder {
public:
    // Errc::exists if there is a file of this number already: numbers are never used twice.
    static Result<TableBuilder> create(const TableContext& context, std::uint64_t number,
                                       const TableFileOptions& options = {}) {
        const std::size_t block_bytes = options.block_bytes != 0 ? options.block_bytes : default_block_bytes;
        if (block_bytes < TableFileOptions::block_bytes_min || block_bytes > TableFileOptions::block_bytes_max)
            return failure(Errc::invalid_option, "create table",
                           "block_bytes is " + std::to_string(block_bytes) + "; it must be 512 to 262144");
        std::string path = table_path(context, number);
        KVILT_TRY_ASSIGN(file, context.environment.files->open(path, OpenMode::create));
        return TableBuilder(context.identity, number, block_bytes,
                            {*context.environment.files, std::move(path), std::move(file)});
    }

    // Errc::invalid_argument for a record out of order or over its limits. Copies what it needs.
    Result<void> add(const Record& record) {
        const int order = properties_.entries == 0 ? 1 : record.key.compare(key_last_);
        KVILT_TRY(check(record, order));
        if (!block_.fits(record)) KVILT_TRY(write_block());
        if (block_.empty() && index_.blocks() > 0)
            separator_ = record.key.substr(0, table_file::common_prefix(key_last_, record.key) + 1);
        const std::uint64_t address = address_ + block_.add(record);
        if (order != 0) {
            filter_.add(hash_key(record.key), address / table_file::entry_unit);
            key_last_ = record.key;
        } else {
            single_version_ = false;
        }
        count(record);
        return {};
    }

    std::uint64_t number() const noexcept { return number_; }
    // The file's so far, without filter and index.
    std::uint64_t bytes() const noexcept { return output_.bytes() + block_.entries_bytes(); }
    std::uint64_t entries() const noexcept { return properties_.entries; }

    // At least one record must have been added. The file is synced; its name only by the caller's sync_directory. Level
    // and run of the answer are 0.
    Result<TableFile> finish();

private:
    static constexpr std::size_t default_block_bytes = Compression::kind == compression::Kind::none ? 4_KiB : 16_KiB;

    TableBuilder(std::uint64_t identity, std::uint64_t number, std::size_t block_bytes, table_file::OutputFile output)
        : identity_(identity), number_(number), output_(std::move(output)), block_(block_bytes) {}

    // `order` is that of the record's key to the one before.
    Result<void> check(const Record& record, int order) const {
        const Cell& cell = record.cell;
        if (record.key.size() > key_bytes_max + key_prefix_bytes_max || cell.value.size() > value_bytes_max ||
            cell.stamp.size() > stamp_bytes_max || record.sequence > sequence_max)
            return failure(Errc::invalid_argument, "build table", "a key, value, stamp or sequence is over its limit");
        if (order < 0 || (order == 0 && record.sequence >= sequence_last_))
            return failure(Errc::invalid_argument, "build table",
                           "records must come by key ascending and sequence descending");
        return {};
    }

    void count(const Record& record) {
        if (properties_.entries++ == 0) properties_.key_first = record.key;
        properties_.tombstones += record.cell.kind == Kind::tombstone ? 1 : 0;
        properties_.sequence_lowest = std::min(properties_.sequence_lowest, record.sequence);
        properties_.sequence_highest = std::max(properties_.sequence_highest, record.sequence);
        sequence_last_ = record.sequence;
    }

    std::uint64_t seed_here() const noexcept { return table_file::seed(identity_, number_, output_.bytes()); }

    Result<void> write_block();

    // Appends a section whose checksum goes into the footer.
    Result<std::uint64_t> append(Bytes section) {
        const std::uint64_t checksum = checksum64(section, seed_here());
        KVILT_TRY(output_.append(section));
        return checksum;
    }

    std::uint64_t identity_;
    std::uint64_t number_;
    table_file::OutputFile output_;
    table_file::BlockBuilder block_;
    table_file::IndexBuilder index_;
    typename Filter::Builder filter_;
    table_file::Properties properties_;
    std::uint64_t address_ = 0; // of the block being built
    std::string separator_;     // of the block being built
    std::string packed_;
    std::string key_last_;
    Sequence sequence_last_ = 0;
    bool single_version_ = true;
};

template <filter::FilterPolicy Filter, compression::CompressionPolicy Compression>
Result<void> TableBuilder<Filter, Compression>::write_block() {
    using table_file::BlockTrailer;
    const std::uint64_t offset = output_.bytes();
    if (offset >= table_file::file_bytes_max)
        return failure(Errc::full, "build table", "a table file is limited to 8 TiB");
    BlockTrailer trailer;
    std::string* stored = &block_.finish(trailer);
    if constexpr (Compression::kind != compression::Kind::none) {
        const std::size_t worth = trailer.body_bytes - trailer.body_bytes / 8;
        if (Compression::compress(*stored, packed_) && packed_.size() <= worth) {
            trailer.compression = Compression::kind;
            trailer.payload_bytes = packed_.size();
            stored = &packed_;
        }
    }
    stored->resize(BlockTrailer::padded(trailer.payload_bytes, trailer.body_bytes) + BlockTrailer::bytes);
    trailer.write(stored->data(), stored->size(), seed_here());
    KVILT_TRY(output_.append(*stored));
    index_.add({offset, trailer.count, trailer.skip}, address_, separator_);
    address_ += trailer.body_bytes + BlockTrailer::bytes;
    block_.clear();
    return {};
}

template <filter::FilterPolicy Filter, compression::CompressionPolicy Compression>
Result<TableFile> TableBuilder<Filter, Compression>::finish() {
    if (properties_.entries == 0)
        return failure(Errc::invalid_argument, "build table", "a table file has at least one record");
    KVILT_TRY(write_block());
    table_file::Footer footer;
    footer.compression = Compression::kind;
    footer.single_version = single_version_;
    footer.number = number_;
    footer.identity = identity_;
    footer.data_bytes = output_.bytes();
    KVILT_TRY(output_.pad_to(table_file::filter_alignment));
    const filter::Built built = filter_.finish();
    footer.filter = built.kind;
    footer.filter_bytes = built.bytes.size();
    KVILT_TRY_ASSIGN(filter_checksum, append(built.bytes));
    footer.filter_checksum = filter_checksum;
    const std::string index = index_.finish(Compression::kind != compression::Kind::none);
    if (index.empty()) return failure(Errc::full, "build table", "a table file is limited to 4 GiB of separators");
    footer.index_bytes = index.size();
    KVILT_TRY_ASSIGN(index_checksum, append(index));
    footer.index_checksum = index_checksum;
    properties_.key_last = key_last_;
    const std::string properties = properties_.encode();
    footer.properties_bytes = properties.size();
    KVILT_TRY_ASSIGN(properties_checksum, append(properties));
    footer.properties_checksum = properties_checksum;
    std::string end;
    footer.append_to(end);
    KVILT_TRY(output_.append(end));
    const std::uint64_t bytes = output_.bytes();
    KVILT_TRY(output_.finish());
    return properties_.table_file(number_, bytes);
}

} // namespace kvilt
