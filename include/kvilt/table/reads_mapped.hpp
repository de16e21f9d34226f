// Blocks of a table file read in place from a mapping.
#pragma once

#include <kvilt/core/prefetch.hpp>
#include <kvilt/table/file_parts.hpp>

#include <atomic>
#include <memory>

namespace kvilt::table_file {

// Bits that are only ever set; thread-safe.
class AtomicBits {
public:
    AtomicBits() = default;
    explicit AtomicBits(std::size_t count) : words_(new std::atomic<std::uint64_t>[count / 64 + 1]()) {}

    bool test(std::size_t bit) const noexcept {
        return (words_[bit / 64].load(std::memory_order_relaxed) >> bit % 64 & 1) != 0;
    }
    void set(std::size_t bit) const noexcept {
        words_[bit / 64].fetch_or(std::uint64_t{1} << bit % 64, std::memory_order_relaxed);
    }

private:
    std::unique_ptr<std::atomic<std::uint64_t>[]> words_;
};

// A block is checked when it is first touched. That is remembered for each block, and, for the entries that a locator
// names, for each page: whether every block that has bytes in it is checked. Thread-safe after prepare().
class MappedBlocks {
public:
    struct Pin {};
    static constexpr bool records_stay = true;
    static constexpr bool checked_once = true;

    template <class NoCache>
    explicit MappedBlocks(const NoCache&) noexcept {}

    Result<std::uint64_t> open(const TableContext& context, const std::string& path) {
        KVILT_TRY_ASSIGN(file, context.environment.files->open(path, OpenMode::read));
        KVILT_TRY_ASSIGN(bytes, file->size());
        if (bytes == 0) return bytes;
        KVILT_TRY_ASSIGN(mapping, file->map(MapMode::read));
        mapping_ = std::move(mapping);
        data_ = mapping_->data();
        mapping_->advise(Mapping::Advice::random, 0, mapping_->bytes()); // a look-up wants a block, not what is around
        return std::uint64_t{mapping_->bytes()};
    }

    // What stands from `offset` to the end of the file; lives as long as this.
    Result<Bytes> tail(const std::string&, std::uint64_t offset) {
        const Bytes bytes = mapping_->view().substr(offset);
        mapping_->advise(Mapping::Advice::will_need, offset, bytes.size());
        return bytes;
    }

    Result<void> prepare(const FileParts& parts) {
        checked_blocks_ = AtomicBits(parts.index.blocks());
        checked_pages_ = AtomicBits(parts.footer.data_bytes / page_bytes + 1);
        return {};
    }

    Result<BlockView> block(const FileParts& parts, std::size_t block, Pin&, reads::CacheUse = {}) const {
        if (!checked_blocks_.test(block)) KVILT_TRY(check(parts, block));
        return view(parts, block);
    }

    // Checks blocks from `first` on, of `bytes` or a little more, and says which one is next. None that are not in
    // memory: behind the last one, then.
    Result<std::size_t> check_ahead(const FileParts& parts, std::size_t first, std::size_t bytes) const {
        if (first >= parts.index.blocks()) return parts.index.blocks();
        const std::uint64_t begin = parts.index.place(first).offset;
        std::size_t last = first;
        std::uint64_t end = begin;
        while (last < parts.index.blocks() && end - begin < bytes) end = parts.index.end(last++);
        if (mapping_->advise(Mapping::Advice::will_need, begin, end - begin)) return parts.index.blocks();
        for (std::size_t block = first; block < last; ++block)
            if (!checked_blocks_.test(block)) KVILT_TRY(check(parts, block));
        for (std::uint64_t page = (begin + page_bytes - 1) / page_bytes; page < end / page_bytes; ++page)
            checked_pages_.set(page);
        return last;
    }

    void prefetch(const FileParts& parts, std::uint64_t address) const noexcept {
        if (address >= parts.footer.data_bytes) return;
        prefetch_lines(data_ + address, 3); // most entries end there
    }

    // Somebody walks, and will come to [first, last). To ask takes as long as tens of steps: where it was in vain every
    // time, most walks do without.
    void read_ahead(const FileParts& parts, std::size_t first, std::size_t last) const noexcept {
        const unsigned in_vain = asked_in_vain_.load(std::memory_order_relaxed);
        if (in_vain >= 2 * asks_one_in && in_vain % asks_one_in != 0) {
            asked_in_vain_.store(in_vain + 1, std::memory_order_relaxed);
            return;
        }
        const std::uint64_t begin = parts.index.place(first).offset;
        const bool asked = mapping_->advise(Mapping::Advice::will_need, begin, parts.index.end(last - 1) - begin);
        asked_in_vain_.store(asked ? 0 : in_vain + 1, std::memory_order_relaxed);
    }

    // What a search for a key in a block looks at first.
    void prefetch_heads(const FileParts& parts, std::size_t block) const noexcept {
        const std::uint64_t end = parts.index.end(block);
        const std::uint64_t bytes = BlockTrailer::bytes + BlockView::tail_bytes(parts.index.place(block).count);
        for (std::uint64_t at = end - std::min(end, bytes); at < end; at += cache_line_bytes) prefetch_line(data_ + at);
    }

    // The entry at an address that a filter gave.
    Result<void> entry(const FileParts& parts, std::uint64_t address, Record& record, Pin&) const {
        if (address >= parts.footer.data_bytes) return parts.damaged(address, "its filter points past the data");
        if (!checked_pages_.test(address / page_bytes)) KVILT_TRY(check_at(parts, address));
        if (entry::read(data_ + address, data_ + parts.footer.data_bytes, record) == nullptr)
            return parts.damaged(address, "its filter points at no entry");
        return {};
    }

    // Reads and checks the block, whether it was checked before or not.
    Result<BlockView> verify(const FileParts& parts, std::size_t block, Pin&) const {
        KVILT_TRY(check(parts, block));
        return view(parts, block);
    }

private:
    static constexpr std::size_t page_bytes = 4096;
    static constexpr unsigned asks_one_in = 16; // a power of two, for the count runs over

    BlockView view(const FileParts& parts, std::size_t block) const noexcept {
        const BlockPlace place = parts.index.place(block);
        return {{data_ + place.offset, parts.index.end(block) - place.offset - BlockTrailer::bytes},
                place.count,
                place.skip};
    }

    Result<void> check(const FileParts& parts, std::size_t block) const {
        const std::uint64_t offset = parts.index.place(block).offset;
        const Bytes stored(data_ + offset, parts.index.end(block) - offset);
        for (std::size_t at = 0; at < std::min(stored.size(), page_bytes); at += cache_line_bytes)
            prefetch_line(stored.data() + stored.size() - 1 - at); // the trailer is read first
        KVILT_TRY(parts.check_stored(block, stored));
        if (const char* why = view(parts, block).malformed()) return parts.damaged(offset, why);
        checked_blocks_.set(block);
        return {};
    }

    // The block of that address; those that share its page may not be in memory.
    Result<void> check_at(const FileParts& parts, std::uint64_t address) const {
        const std::size_t block = parts.index.block_at(address);
        if (!checked_blocks_.test(block)) KVILT_TRY(check(parts, block));
        const std::uint64_t begin = address & ~std::uint64_t{page_bytes - 1};
        const auto unchecked = [&](std::size_t other) { return !checked_blocks_.test(other); };
        for (std::size_t before = block; before > 0 && parts.index.place(before).offset > begin; --before)
            if (unchecked(before - 1)) return {};
        for (std::size_t after = block + 1;
             after < parts.index.blocks() && parts.index.place(after).offset < begin + page_bytes; ++after)
            if (unchecked(after)) return {};
        checked_pages_.set(address / page_bytes);
        return {};
    }

    std::unique_ptr<Mapping> mapping_;
    const char* data_ = nullptr;
    AtomicBits checked_blocks_;
    AtomicBits checked_pages_;
    mutable std::atomic<unsigned> asked_in_vain_{0}; // in a row, or not asked; of two at once one may not be counted
};

} // namespace kvilt::table_file
