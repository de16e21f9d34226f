// Collects entries into the body of a block.
#pragma once

#include <kvilt/table/block.hpp>

#include <string>
#include <vector>

namespace kvilt::table_file {

// For one thread at a time. Records come by key ascending and sequence descending: the caller's duty.
class BlockBuilder {
public:
    explicit BlockBuilder(std::size_t block_bytes) noexcept : block_bytes_(block_bytes) {}

    bool empty() const noexcept { return offsets_.empty(); }
    std::size_t count() const noexcept { return offsets_.size(); }
    std::size_t entries_bytes() const noexcept { return entries_.size(); }

    // Whether the block stays within its size with `record` in it. An empty block takes any.
    bool fits(const Record& record) const noexcept {
        return empty() || (count() < entries_max && entries_.size() + entry::bytes(record) +
                                                            BlockView::tail_bytes(count() + 1) + BlockTrailer::bytes <=
                                                        block_bytes_);
    }

    // Returns the entry's offset in the body.
    std::size_t add(const Record& record) {
        const std::size_t at = entries_.size();
        offsets_.push_back(at / entry_unit);
        entries_.resize(at + entry::bytes(record));
        entry::write(entries_.data() + at, record);
        return at;
    }

    // Completes the body, and the trailer's sizes as if it were not packed. The string is the caller's to extend until
    // clear().
    std::string& finish(BlockTrailer& trailer);

    void clear() noexcept {
        if (entries_.capacity() > keep_bytes_max) entries_ = {};
        entries_.clear();
        offsets_.clear();
    }

private:
    static constexpr std::size_t keep_bytes_max = std::size_t{1} << 20; // after a block of one large value

    std::size_t block_bytes_;
    std::string entries_;
    std::vector<std::size_t> offsets_; // in units
};

inline std::string& BlockBuilder::finish(BlockTrailer& trailer) {
    const std::size_t end = entries_.size();
    const auto key_at = [&](std::size_t offset) {
        Record record;
        entry::read(entries_.data() + offset * entry_unit, entries_.data() + end, record);
        return record.key;
    };
    trailer.count = count();
    trailer.skip = std::min(skip_max, common_prefix(key_at(offsets_.front()), key_at(offsets_.back())));
    entries_.resize(end + BlockView::tail_bytes(count()));
    char* to = entries_.data() + end;
    for (const std::size_t offset : offsets_) {
        coding::store(to, coding::head(key_at(offset).substr(trailer.skip)));
        to += 8;
    }
    for (const std::size_t offset : offsets_) {
        coding::store(to, static_cast<std::uint16_t>(offset));
        to += 2;
    }
    trailer.body_bytes = trailer.payload_bytes = entries_.size();
    return entries_;
}

} // namespace kvilt::table_file
