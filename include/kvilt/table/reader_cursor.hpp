// A cursor over one table file.
#pragma once

#include <kvilt/table/reader.hpp>

namespace kvilt {

// Over every version of every key: by key ascending, sequence descending. For one thread at a time; the reader must
// outlive it. Holds its block. An error ends it: not valid, and status() says why, until it is positioned anew.
template <filter::FilterPolicy Filter, compression::CompressionPolicy Compression, reads::ReadsPolicy Reads,
          ThreadsTag Threads>
class TableReader<Filter, Compression, Reads, Threads>::Cursor {
public:
    explicit Cursor(const TableReader& reader, reads::CacheUse use = reads::CacheUse::fill) noexcept
        : reader_(&reader), use_(use) {}

    // To the newest version of the first key at or above `key`.
    void seek(Bytes key) {
        aim(key);
        near(key);
        land();
    }

    // The same in three steps, each of which fetches what the next one looks at: to be taken beside other cursors.
    void aim(Bytes key) noexcept {
        number_ = block_for(key);
        reader_->blocks_.prefetch_heads(reader_->parts_, number_);
    }
    void near(Bytes key) {
        if (!enter(number_)) return;
        at_ = block_.lower_bound(key);
        if (at_ < block_.count()) block_.prefetch(at_);
        valid_ = true; // so far
    }
    void land() {
        if (!valid_) return;
        if (at_ < block_.count())
            stand(at_);
        else
            enter_first(number_ + 1);
    }

    // To the oldest version of the last key below `key`.
    void seek_before(Bytes key) {
        if (!enter(block_for(key))) return;
        const std::size_t at = block_.lower_bound(key);
        if (at > 0)
            stand(at - 1);
        else
            enter_last(number_);
    }

    void seek_first() { enter_first(0); }
    void seek_last() { enter_last(blocks()); }

    void next() {
        fetch_ahead(reach);
        if (at_ + 1 < block_.count())
            stand(at_ + 1);
        else
            enter_first(number_ + 1);
    }

    void previous() {
        fetch_ahead(-reach);
        if (at_ > 0)
            stand(at_ - 1);
        else
            enter_last(number_);
    }

    bool valid() const noexcept { return valid_; }

    // Stays until the cursor moves. Only where valid().
    const Record& record() const noexcept { return record_; }

    Result<void> status() const { return status_; }

private:
    // Processors fetch ahead by themselves only up to the end of a page. Blocks follow one another, so this is of the
    // next ones in time.
    static constexpr std::ptrdiff_t reach = 1024;
    void fetch_ahead(std::ptrdiff_t distance) const noexcept {
        const auto there = reinterpret_cast<std::uintptr_t>(record_.key.data()) + static_cast<std::uintptr_t>(distance);
        for (std::uintptr_t line = 0; line < 3; ++line) // perhaps beyond the file: nothing is read
            __builtin_prefetch(reinterpret_cast<const void*>(there + 64 * line));
    }

    std::size_t blocks() const noexcept { return reader_->parts_.index.blocks(); }
    std::size_t block_for(Bytes key) const noexcept {
        return reader_->parts_.index.find(key, reader_->parts_.footer.single_version);
    }

    bool enter(std::size_t number) {
        status_ = {};
        auto block = reader_->blocks_.block(reader_->parts_, number, pin_, use_);
        if (block) {
            block_ = *block;
            number_ = number;
            return true;
        }
        status_ = std::unexpected(std::move(block).error());
        valid_ = false;
        return false;
    }
    void enter_first(std::size_t number) {
        valid_ = false;
        if (number < blocks() && enter(number)) stand(0);
    }
    void enter_last(std::size_t number_after) {
        valid_ = false;
        if (number_after > 0 && enter(number_after - 1)) stand(block_.count() - 1);
    }
    void stand(std::size_t at) noexcept {
        at_ = at;
        record_ = block_.record(at);
        valid_ = true;
    }

    const TableReader* reader_;
    reads::CacheUse use_;
    Pin pin_{};
    BlockView block_{};
    std::size_t number_ = 0;
    std::size_t at_ = 0;
    Record record_{};
    Result<void> status_{};
    bool valid_ = false;
};

} // namespace kvilt
