// A cursor over one table file.
#pragma once

#include <kvilt/core/prefetch.hpp>
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
        land(key);
    }

    // The same in three steps, each of which fetches what the next one looks at: to be taken beside other cursors.
    void aim(Bytes key) {
        number_ = nowhere;
        if (!begin()) return;
        number_ = block_for(key);
        reader_->blocks_.prefetch_heads(reader_->parts_, number_);
    }
    void near(Bytes key) {
        if (number_ == nowhere || !enter(number_)) return;
        at_ = block_.guess(key);
        block_.prefetch(std::min(at_, block_.count() - 1));
        valid_ = true; // so far
    }
    void land(Bytes key) {
        if (!valid_) return;
        if (const std::size_t at = block_.lower_bound(key, at_); at < block_.count())
            stand(at);
        else
            enter_first(number_ + 1);
    }

    // To the oldest version of the last key below `key`.
    void seek_before(Bytes key) {
        if (!begin() || !enter(block_for(key))) return;
        const std::size_t at = block_.lower_bound(key);
        if (at > 0)
            stand(at - 1);
        else
            enter_last(number_);
    }

    void seek_first() {
        if (begin()) enter_first(0);
    }
    void seek_last() {
        if (begin()) enter_last(blocks());
    }

    void next() {
        fetch_ahead(reach_);
        if (at_ + 1 < block_.count()) [[likely]]
            stand(at_ + 1, end_); // entries lie back to back
        else
            walk_into(number_ + 1);
    }

    void previous() {
        fetch_ahead(-reach_);
        if (at_ > 0)
            stand(at_ - 1);
        else
            walk_back();
    }

    // The record that next(), or previous(), is to come to, if it is in this block; else null. Stays until then. For
    // who compares it while others move.
    const Record* look_ahead(bool forwards) noexcept {
        const std::size_t there = forwards ? at_ + 1 : at_ - 1;
        if (there >= block_.count()) return nullptr;
        ahead_end_ = read_entry(forwards ? end_ : block_.entry_at(block_.offset(there)), ahead_);
        ahead_at_ = there;
        return ahead_end_ == nullptr ? nullptr : &ahead_;
    }

    bool valid() const noexcept { return valid_; }

    // Stays until the cursor moves. Only where valid().
    const Record& record() const noexcept { return record_; }

    Result<void> status() const { return status_; }

private:
    // Processors fetch ahead by themselves only up to the end of a page. Blocks follow one another, so this is of the
    // next ones in time: four entries on, if they are large.
    static std::ptrdiff_t reach_of(const BlockView& block) noexcept {
        constexpr std::ptrdiff_t least = 1024;
        return std::max(least, 4 * (block.entries_end() - block.entry_at(0)) / static_cast<int>(block.count()));
    }
    static constexpr std::size_t nowhere = ~std::size_t{0};
    void fetch_ahead(std::ptrdiff_t distance) const noexcept {
        const auto there = reinterpret_cast<std::uintptr_t>(record_.key.data()) + static_cast<std::uintptr_t>(distance);
        prefetch_lines(there, 3); // perhaps beyond the file
    }

    [[gnu::noinline]] void walk_into(std::size_t number) {
        read_ahead(number, blocks() - number, true);
        enter_first(number);
    }
    [[gnu::noinline]] void walk_back() {
        read_ahead(number_, number_, false);
        enter_last(number_);
    }
    // A walk that leaves block after block has twice as much read ahead as it has come, up to 128 blocks; for data that
    // are not in memory. Of `left` blocks on this side of `here`.
    void read_ahead(std::size_t here, std::size_t left, bool forwards) noexcept {
        constexpr std::size_t begins_after = 4;
        constexpr std::size_t blocks_max = 64;
        const std::size_t come = std::min(++walked_, blocks_max);
        if (walked_ < begins_after || (walked_ & (come - 1)) != 0 || left == 0) return;
        const std::size_t count = std::min(left, 2 * come);
        const std::size_t first = forwards ? here : here - count;
        reader_->blocks_.read_ahead(reader_->parts_, first, first + count);
    }

    std::size_t blocks() const noexcept { return reader_->parts_.index.blocks(); }
    std::size_t block_for(Bytes key) const noexcept {
        return reader_->parts_.index.find(key, reader_->parts_.footer.single_version);
    }

    // Before anything is asked of the file.
    bool begin() {
        walked_ = 0;
        valid_ = false;
        auto loaded = reader_->load();
        if (loaded) [[likely]]
            return true;
        status_ = std::move(loaded);
        return false;
    }

    bool enter(std::size_t number) {
        status_ = {};
        auto block = reader_->blocks_.block(reader_->parts_, number, pin_, use_);
        if (block) {
            block_ = *block;
            reach_ = reach_of(block_);
            number_ = number;
            ahead_at_ = nowhere;
            return true;
        }
        status_ = std::unexpected(std::move(block).error());
        valid_ = false;
        return false;
    }
    void enter_first(std::size_t number) {
        valid_ = false;
        if (number >= blocks() || !enter(number)) return;
        block_.prefetch(0); // the heads of the block before were longer than a step
        stand(0);
    }
    void enter_last(std::size_t number_after) {
        valid_ = false;
        if (number_after > 0 && enter(number_after - 1)) stand(block_.count() - 1);
    }
    void stand(std::size_t at) { stand(at, block_.entry_at(block_.offset(at))); }
    [[gnu::always_inline]] void stand(std::size_t at, const char* entry) {
        at_ = at;
        if (ahead_at_ == at) {
            record_ = ahead_;
            end_ = ahead_end_;
        } else {
            end_ = read_entry(entry, record_);
        }
        valid_ = end_ != nullptr;
        if (!valid_) [[unlikely]] // it was an entry when its block was checked
            status_ = reader_->parts_.damaged(reader_->parts_.index.place(number_).offset, "an entry has changed");
    }
    [[gnu::always_inline]] const char* read_entry(const char* at, Record& record) const noexcept {
        return table_file::entry::read(at, block_.entries_end(), record);
    }

    const TableReader* reader_;
    reads::CacheUse use_;
    Pin pin_{};
    BlockView block_{};
    std::ptrdiff_t reach_ = 0;
    std::size_t number_ = 0;
    std::size_t walked_ = 0; // blocks left behind one after the other
    std::size_t at_ = 0;
    const char* end_ = nullptr; // of the entry at at_
    Record record_{};
    std::size_t ahead_at_ = nowhere; // which entry look_ahead() has read
    const char* ahead_end_ = nullptr;
    Record ahead_{};
    Result<void> status_{};
    bool valid_ = false;
};

} // namespace kvilt
