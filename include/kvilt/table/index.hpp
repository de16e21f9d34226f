// The index of a table file: which block may hold a key.
// docs/formats/table.md
//
//   {u64 head, u64 place}[blocks] | u64 addresses[blocks], if the file has compressed blocks
//   | u32 separator_ends[blocks] | separators | zeros to 8 | u32 blocks | u32 separator bytes | u32 prefix bytes | u32
//   0
//
// The separator of a block is above every key of the blocks before it, or equal to the last, and not above its own
// first key; the first block's is empty. A head is made of the separator's bytes past the prefix that all but the first
// have in common. A place is the block's offset / 8, its count << 40 and its skip << 56. An address is the offset that
// the block would have if no block were compressed.
#pragma once

#include <kvilt/core/result.hpp>
#include <kvilt/table/block.hpp>

#include <string>
#include <vector>

namespace kvilt::table_file {

inline constexpr std::size_t index_trailer_bytes = 16;
inline constexpr std::uint64_t file_bytes_max = std::uint64_t{1} << 43; // 40 bits of units

struct BlockPlace {
    std::uint64_t offset = 0;
    std::size_t count = 0;
    std::size_t skip = 0;

    std::uint64_t packed() const noexcept {
        return offset / 8 | std::uint64_t{count} << 40 | std::uint64_t{skip} << 56;
    }
    static BlockPlace unpack(std::uint64_t packed) noexcept {
        return {(packed & ((std::uint64_t{1} << 40) - 1)) * 8, packed >> 40 & 0xffff, packed >> 56};
    }
};

// For one thread at a time.
class IndexBuilder {
public:
    void add(const BlockPlace& place, std::uint64_t address, Bytes separator) {
        places_.push_back(place.packed());
        addresses_.push_back(address);
        separators_.append(separator);
        ends_.push_back(separators_.size());
    }

    std::size_t blocks() const noexcept { return places_.size(); }

    // Empty if the separators are too many for the format.
    std::string finish(bool with_addresses) const {
        if (separators_.size() > 0xffff'ffff || blocks() > 0xffff'ffff) return {};
        const std::size_t prefix = blocks() < 2 ? 0 : common_prefix(separator(1), separator(blocks() - 1));
        std::string to;
        to.reserve(blocks() * 28 + separators_.size() + 32);
        for (std::size_t i = 0; i < blocks(); ++i) {
            coding::append(to, i == 0 ? 0 : coding::head(separator(i).substr(prefix)));
            coding::append(to, places_[i]);
        }
        if (with_addresses)
            for (const std::uint64_t address : addresses_) coding::append(to, address);
        for (const std::size_t end : ends_) coding::append(to, static_cast<std::uint32_t>(end));
        to.append(separators_);
        to.resize(round_up(to.size(), 8));
        coding::append(to, static_cast<std::uint32_t>(blocks()));
        coding::append(to, static_cast<std::uint32_t>(separators_.size()));
        coding::append(to, static_cast<std::uint32_t>(prefix));
        coding::append(to, std::uint32_t{0});
        return to;
    }

private:
    Bytes separator(std::size_t i) const noexcept {
        const std::size_t from = i == 0 ? 0 : ends_[i - 1];
        return Bytes(separators_).substr(from, ends_[i] - from);
    }

    std::vector<std::uint64_t> places_;
    std::vector<std::uint64_t> addresses_;
    std::vector<std::size_t> ends_;
    std::string separators_;
};

// Reads an index in place; 8-byte aligned bytes that outlive it. Thread-safe.
class IndexView {
public:
    IndexView() = default;

    // What is wrong with the index, or null: then every other member is safe. `data_bytes` is where the blocks end.
    const char* open(Bytes bytes, std::uint64_t data_bytes, bool with_addresses);

    std::size_t blocks() const noexcept { return blocks_; }
    BlockPlace place(std::size_t block) const noexcept {
        return BlockPlace::unpack(coding::load<std::uint64_t>(leaves_ + block * leaf_bytes + 8));
    }
    std::uint64_t end(std::size_t block) const noexcept {
        return block + 1 == blocks_ ? data_bytes_ : place(block + 1).offset;
    }
    std::uint64_t address(std::size_t block) const noexcept {
        return addresses_ == nullptr ? place(block).offset : coding::load<std::uint64_t>(addresses_ + block * 8);
    }
    Bytes separator(std::size_t block) const noexcept {
        const std::size_t from = block == 0 ? 0 : separator_end(block - 1);
        return {separators_ + from, separator_end(block) - from};
    }

    // The last block whose separator is below `key`, or at it where `equal`; the first block if there is none. It, or
    // the start of the next, has the first entry at or above `key`, if any has.
    std::size_t find(Bytes key, bool equal) const noexcept;

    // The last block that begins at or before `address`.
    std::size_t block_at(std::uint64_t address) const noexcept;

private:
    static constexpr std::size_t leaf_bytes = 16;
    static constexpr std::size_t sample = 16; // one head of so many leaves is kept in `upper_`

    std::uint64_t head(std::size_t block) const noexcept {
        return coding::load<std::uint64_t>(leaves_ + block * leaf_bytes);
    }
    std::size_t separator_end(std::size_t block) const noexcept {
        return coding::load<std::uint32_t>(separator_ends_ + block * 4);
    }
    std::size_t first_head_at_or_above(std::uint64_t wanted) const noexcept;
    const char* wrong_places() const noexcept;
    const char* set_prefix(std::size_t bytes) noexcept;

    const char* leaves_ = nullptr;
    const char* addresses_ = nullptr;
    const char* separator_ends_ = nullptr;
    const char* separators_ = nullptr;
    std::size_t blocks_ = 0;
    std::uint64_t data_bytes_ = 0;
    Bytes prefix_{};
    std::vector<std::uint64_t> upper_;
};

inline const char* IndexView::open(Bytes bytes, std::uint64_t data_bytes, bool with_addresses) {
    constexpr const char* sizes = "the sizes in its index contradict each other";
    if (bytes.size() < index_trailer_bytes || bytes.size() % 8 != 0) return sizes;
    const char* const trailer = bytes.data() + bytes.size() - index_trailer_bytes;
    const std::size_t blocks = coding::load<std::uint32_t>(trailer);
    const std::size_t separators = coding::load<std::uint32_t>(trailer + 4);
    const std::size_t prefix = coding::load<std::uint32_t>(trailer + 8);
    const std::size_t fixed = blocks * (leaf_bytes + (with_addresses ? 8 : 0) + 4);
    const std::size_t used = fixed + separators;
    if (blocks == 0 || round_up(used, 8) + index_trailer_bytes != bytes.size()) return sizes;
    if (!zeros(bytes.substr(used, round_up(used, 8) - used)) || coding::load<std::uint32_t>(trailer + 12) != 0)
        return "padding in its index is not zero";
    leaves_ = bytes.data();
    addresses_ = with_addresses ? leaves_ + blocks * leaf_bytes : nullptr;
    separators_ = leaves_ + fixed;
    separator_ends_ = separators_ - blocks * 4;
    blocks_ = blocks;
    data_bytes_ = data_bytes;
    if (const char* wrong = wrong_places()) return wrong;
    std::size_t from = 0;
    for (std::size_t i = 0; i < blocks_; from = separator_end(i++))
        if (separator_end(i) < from || separator_end(i) > separators) return sizes;
    if (from != separators || !separator(0).empty()) return sizes;
    if (const char* wrong = set_prefix(prefix)) return wrong;
    upper_.reserve(blocks_ / sample + 1);
    for (std::size_t i = sample; i < blocks_; i += sample) upper_.push_back(head(i));
    return nullptr;
}

inline const char* IndexView::wrong_places() const noexcept {
    if (place(0).offset != 0 || address(0) != 0) return "its first block is not at its beginning";
    for (std::size_t i = 0; i < blocks_; ++i) {
        const BlockPlace at = place(i);
        if (end(i) < at.offset + BlockTrailer::stored_bytes_min || at.count == 0)
            return "its index has a block that is none";
        if (i > 0 && address(i) < address(i - 1) + BlockTrailer::body_bytes_min + BlockTrailer::bytes)
            return "the addresses in its index are out of order";
    }
    return nullptr;
}

inline const char* IndexView::set_prefix(std::size_t prefix_bytes) noexcept {
    if (head(0) != 0) return "its index has a head that is not its key's";
    if (blocks_ == 1) return prefix_bytes == 0 ? nullptr : "the sizes in its index contradict each other";
    prefix_ = separator(1).substr(0, prefix_bytes);
    for (std::size_t i = 1; i < blocks_; ++i) {
        const Bytes key = separator(i);
        if (key.substr(0, prefix_bytes) != prefix_ || prefix_.size() != prefix_bytes)
            return "the common prefix of its index is not common";
        if (key < separator(i - 1)) return "its index is out of order";
        if (head(i) != coding::head(key.substr(prefix_bytes))) return "its index has a head that is not its key's";
    }
    return nullptr;
}

// Among the blocks from 1 on; blocks() if there is none.
inline std::size_t IndexView::first_head_at_or_above(std::uint64_t wanted) const noexcept {
    std::size_t low = 0; // samples below `wanted`
    for (std::size_t length = upper_.size(); length > 0;) {
        const std::size_t half = length / 2;
        low += upper_[low + half] < wanted ? length - half : 0;
        length = half;
    }
    // Counted and not searched: no branch waits for a leaf, so that seeks in several runs wait for theirs together.
    const std::size_t first = std::max<std::size_t>(low * sample, 1);
    const std::size_t last = std::min(blocks_, (low + 1) * sample);
    std::size_t block = first;
    for (std::size_t at = first; at < last; ++at) block += head(at) < wanted ? 1 : 0;
    return block;
}

inline std::size_t IndexView::find(Bytes key, bool equal) const noexcept {
    if (blocks_ == 1) return 0;
    if (const int order = key.substr(0, prefix_.size()).compare(prefix_); order != 0)
        return order < 0 ? 0 : blocks_ - 1;
    const std::uint64_t wanted = coding::head(key.substr(prefix_.size()));
    std::size_t low = first_head_at_or_above(wanted);
    if (low == blocks_ || head(low) != wanted) return low - 1;
    std::size_t high = wanted == ~std::uint64_t{0} ? blocks_ : first_head_at_or_above(wanted + 1);
    while (low < high) { // the first separator above `key`, or at it where not `equal`
        const std::size_t middle = (low + high) / 2;
        const int order = separator(middle).compare(key);
        if (order < 0 || (equal && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

// Blocks are of much the same size, so that it lies near where it would if they were of one. Steps that double lead
// from there beyond it: every look at another leaf is a miss.
inline std::size_t IndexView::block_at(std::uint64_t address) const noexcept {
    const std::uint64_t last = this->address(blocks_ - 1);
    if (address >= last) return blocks_ - 1;
    auto low = static_cast<std::size_t>(static_cast<double>(address) / static_cast<double>(last) *
                                        static_cast<double>(blocks_ - 1));
    std::size_t high = low + 1; // the answer is to be in [low, high)
    for (std::size_t step = 1; this->address(low) > address; step *= 2) {
        high = low;
        low -= std::min(low, step);
    }
    for (std::size_t step = 1; high < blocks_ && this->address(high) <= address; step *= 2) {
        low = high;
        high += std::min(blocks_ - high, step);
    }
    while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        (this->address(middle) <= address ? low : high) = middle;
    }
    return low;
}

} // namespace kvilt::table_file
