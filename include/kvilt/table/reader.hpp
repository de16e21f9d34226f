// Reads one table file.
// docs/formats/table.md
#pragma once

#include <kvilt/table/file_parts.hpp>
#include <kvilt/table/reads.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace kvilt {

// Immutable but for what is read at first use, and thread-safe under threads::Many. Compression with mapped reads is
// refused by compose/rules.def.
template <filter::FilterPolicy Filter, compression::CompressionPolicy Compression, reads::ReadsPolicy Reads,
          ThreadsTag Threads = threads::Many>
class TableReader {
    using Blocks = typename Reads::template Blocks<Compression, Threads>;
    using BlockView = table_file::BlockView;

public:
    using Cache = typename Reads::template Cache<Threads>;
    using Pin = typename Blocks::Pin; // keeps a block in memory; empty for Mapped
    static constexpr bool records_stay = Blocks::records_stay;
    static constexpr bool checked_once = Blocks::checked_once; // a block, when it is first touched

    struct Found {
        Record record{};
        Pin pin{}; // the record's bytes live as long as this and the reader
    };

    // Checks the footer, and that the file is the one that the manifest means: opening many costs no more for being
    // large. `cache` may be null for Mapped.
    static Result<std::shared_ptr<TableReader>> open(const TableContext& context, const TableFile& file,
                                                     std::shared_ptr<Cache> cache) {
        std::shared_ptr<TableReader> reader(new TableReader(context, file, std::move(cache)));
        KVILT_TRY(reader->parts_.open(context, file, Compression::kind, reader->blocks_));
        return reader;
    }
    TableReader(const TableReader&) = delete;
    TableReader& operator=(const TableReader&) = delete;
    ~TableReader() {
        if (obsolete_.load(std::memory_order_acquire)) remove_if_possible(*context_.environment.files, parts_.path);
    }

    // Reads and checks properties, index and filter, unless that is done: once for each file, by whom it is used first.
    // find() and cursors do it themselves. Where it fails they do too, and it is tried again.
    Result<void> load() const {
        if (loaded_.load(std::memory_order_acquire)) [[likely]]
            return {};
        return load_now();
    }

    // The newest version of `key` at or below `at`, tombstones included. `hash` is hash_key(key).
    Result<bool> find(Bytes key, std::uint64_t hash, Sequence at, Found& found) const {
        KVILT_TRY(load());
        if constexpr (Filter::locates) {
            if (filter_) return find_located(key, hash, at, found);
        } else {
            if (filter_ && !filter_->may_contain(hash)) return false;
        }
        return find_by_index(key, at, found);
    }

    // For many finds at once: fetches what find touches first; then, some keys later, what it touches next. True: it
    // seems to be here.
    void prefetch(std::uint64_t hash) const noexcept {
        if (loaded_.load(std::memory_order_acquire) && filter_) filter_->prefetch(hash);
    }
    bool prefetch_entry(std::uint64_t hash) const noexcept {
        if (!loaded_.load(std::memory_order_acquire) || !filter_) return true;
        if constexpr (Filter::locates)
            return filter_->find(hash, [&](std::uint64_t address) {
                blocks_.prefetch(parts_, address * table_file::entry_unit);
                return true;
            });
        else
            return filter_->may_contain(hash);
    }

    // Checks about `bytes` of blocks before a read touches them, those in memory only, and moves `block` behind them.
    // True: there are more. On an error the reads that come to the block fail as they would have.
    Result<bool> check_ahead(std::size_t& block, std::size_t bytes) const
        requires checked_once
    {
        KVILT_TRY(load());
        KVILT_TRY_ASSIGN(next, blocks_.check_ahead(parts_, block, bytes));
        block = next;
        return block < parts_.index.blocks();
    }

    // Over every version of every key: reader_cursor.hpp.
    class Cursor;

    const TableFile& file() const noexcept { return file_; }
    bool single_version() const noexcept { return parts_.footer.single_version; } // no key comes twice

    // Reads the whole file anew, past the cache, and checks every byte and the order of the whole; bytes checked.
    Result<std::uint64_t> verify() const {
        Blocks blocks{std::shared_ptr<Cache>()};
        table_file::FileParts parts;
        KVILT_TRY(parts.open(context_, file_, Compression::kind, blocks));
        KVILT_TRY(parts.load(file_, blocks));
        KVILT_TRY(blocks.prepare(parts));
        TableFile counted;
        std::string key_before;
        for (std::size_t number = 0; number < parts.index.blocks(); ++number) {
            Pin pin;
            KVILT_TRY_ASSIGN(block, blocks.verify(parts, number, pin));
            const Bytes separator = parts.index.separator(number);
            if (separator > block.record(0).key || (number > 0 && separator < key_before))
                return parts.damaged(parts.index.place(number).offset, "its index has another separator");
            count(block, counted);
            key_before = block.record(block.count() - 1).key;
        }
        if (counted.entries != file_.entries || counted.tombstones != file_.tombstones)
            return parts.damaged("it has not as many entries as it says");
        return file_.bytes;
    }

    // The file is removed from disk with this object.
    void obsolete() noexcept { obsolete_.store(true, std::memory_order_release); }

private:
    TableReader(const TableContext& context, const TableFile& file, std::shared_ptr<Cache> cache)
        : context_(context), file_(file), blocks_(std::move(cache)) {}

    [[gnu::noinline]] Result<void> load_now() const {
        const std::lock_guard lock(loading_);
        if (loaded_.load(std::memory_order_relaxed)) return {};
        KVILT_TRY_ASSIGN(filter_bytes, parts_.load(file_, blocks_));
        filter_ = Filter::View::open(parts_.footer.filter, filter_bytes);
        KVILT_TRY(blocks_.prepare(parts_));
        loaded_.store(true, std::memory_order_release);
        return {};
    }

    Result<bool> find_located(Bytes key, std::uint64_t hash, Sequence at, Found& found) const
        requires Filter::locates
    {
        Result<void> read;
        Record record;
        const bool hit = filter_->find(hash, [&](std::uint64_t address) {
            blocks_.prefetch(parts_, address * table_file::entry_unit);
            read = blocks_.entry(parts_, address * table_file::entry_unit, record, found.pin);
            return !read || record.key == key;
        });
        if (!read) return std::unexpected(std::move(read).error());
        if (!hit) return false;
        if (record.sequence <= at) {
            found.record = record;
            return true;
        }
        return parts_.footer.single_version ? Result<bool>(false) : find_by_index(key, at, found);
    }

    Result<bool> find_by_index(Bytes key, Sequence at, Found& found) const {
        const std::size_t first = parts_.index.find(key, parts_.footer.single_version);
        for (std::size_t number = first; number < parts_.index.blocks(); ++number) {
            KVILT_TRY_ASSIGN(block, blocks_.block(parts_, number, found.pin));
            for (std::size_t i = number == first ? block.lower_bound(key) : 0; i < block.count(); ++i) {
                const Record record = block.record(i);
                if (record.key != key) return false;
                if (record.sequence > at) continue;
                found.record = record;
                return true;
            }
        }
        return false;
    }

    static void count(const BlockView& block, TableFile& counted) noexcept {
        counted.entries += block.count();
        for (std::size_t i = 0; i < block.count(); ++i)
            counted.tombstones += block.record(i).cell.kind == Kind::tombstone ? 1 : 0;
    }

    TableContext context_;
    TableFile file_;
    mutable Blocks blocks_;                               // changed after open() by load_now() alone, as the next two
    mutable table_file::FileParts parts_;                 // path and footer stay as open() left them
    mutable std::optional<typename Filter::View> filter_; // empty if the file has a filter of another kind, or none
    mutable typename Threads::template Atomic<bool> loaded_{false};
    [[no_unique_address]] mutable typename Threads::Mutex loading_{};
    std::atomic<bool> obsolete_{false};
};

} // namespace kvilt
