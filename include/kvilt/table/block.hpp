// A block of a table file: entries, the heads of their keys, and where each entry begins.
// docs/formats/table.md
//
//   stored block   payload | zeros | trailer (24 bytes)
//   body           entries, each from a multiple of 8 | u64 heads[count] | u16 offsets[count] | zeros to 8
//
// The payload is the body, packed or as it is.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/core/prefetch.hpp>
#include <kvilt/core/record.hpp>
#include <kvilt/table/compression.hpp>

#include <algorithm>
#include <bit>

namespace kvilt::table_file {

inline constexpr std::size_t entry_unit = 8; // entries begin at multiples of this
inline constexpr std::size_t entries_max = 65'535;
inline constexpr std::size_t skip_max = 255;
inline constexpr std::size_t expansion_max = 1024; // a body is at most this many times its stored payload

inline std::size_t common_prefix(Bytes a, Bytes b) noexcept {
    const std::size_t limit = std::min(a.size(), b.size());
    std::size_t at = 0;
    while (at < limit && a[at] == b[at]) ++at;
    return at;
}

inline bool zeros(Bytes bytes) noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](char byte) { return byte == 0; });
}

// entry  varint key_bytes << 2 | has_stamp << 1 | kind | varint value_bytes | varint sequence
//        | varint stamp_bytes, if has_stamp | key | stamp | value | zeros to 8
namespace entry {

inline constexpr std::size_t varint_bytes(std::uint64_t value) noexcept {
    return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

// What the entry of `record` takes, padding included.
inline std::size_t bytes(const Record& record) noexcept {
    const std::size_t key = record.key.size(), stamp = record.cell.stamp.size(), value = record.cell.value.size();
    const std::size_t header = varint_bytes(key << 2) + varint_bytes(value) + varint_bytes(record.sequence) +
                               (stamp == 0 ? 0 : varint_bytes(stamp));
    return round_up(header + key + stamp + value, entry_unit);
}

// Fills bytes(record) bytes.
inline void write(char* to, const Record& record) noexcept {
    const Cell& cell = record.cell;
    std::memset(to + bytes(record) - entry_unit, 0, entry_unit); // the padding; what the data overlaps is written again
    to = coding::put_varint(to, record.key.size() << 2 | (cell.stamp.empty() ? 0U : 2U) |
                                    static_cast<std::uint8_t>(cell.kind));
    to = coding::put_varint(to, cell.value.size());
    to = coding::put_varint(to, record.sequence);
    if (!cell.stamp.empty()) to = coding::put_varint(to, cell.stamp.size());
    to = std::copy(record.key.begin(), record.key.end(), to);
    to = std::copy(cell.stamp.begin(), cell.stamp.end(), to);
    std::copy(cell.value.begin(), cell.value.end(), to);
}

inline bool take_varint(const char*& at, const char* limit, std::uint64_t& value) noexcept {
    if (at < limit && static_cast<std::uint8_t>(*at) < 0x80) [[likely]] {
        value = static_cast<std::uint8_t>(*at++);
        return true;
    }
    value = 0;
    for (unsigned shift = 0; shift < 63 && at < limit; shift += 7) {
        const auto byte = static_cast<std::uint8_t>(*at++);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}

// A header without a stamp that lies in eight bytes, one of them of key, one or two of value: most do.
struct ShortHeader {
    bool fits; // else it is another, and nothing more is known
    std::size_t bytes;
    std::uint64_t value;
    std::uint64_t sequence;

    [[gnu::always_inline]] explicit ShortHeader(std::uint64_t word) noexcept {
        constexpr std::uint64_t highs = 0x8080'8080'8080'8080;
        const bool wide = (word & 0x8000) != 0;
        const std::size_t before = wide ? 3 : 2;
        const std::uint64_t rest = word >> 8 * before;
        const std::uint64_t ends = ~rest & highs >> 8 * before;
        fits = (word & 0x82) == 0 && (word & 0x80'8000) != 0x80'8000 && ends != 0;
        bytes = before + static_cast<std::size_t>(std::countr_zero(ends) + 1) / 8;
        value = (word >> 8 & 0x7f) | (wide ? word >> 9 & 0x3f80 : 0);
        // Seven bits in each byte, then fourteen in two, then 28 in four.
        const std::uint64_t bytes_of_7 = rest & (ends ^ (ends - 1)) & ~highs;
        const std::uint64_t of_14 = (bytes_of_7 & 0x007f'007f'007f'007f) | (bytes_of_7 & 0x7f00'7f00'7f00'7f00) >> 1;
        const std::uint64_t of_28 = (of_14 & 0x0000'3fff'0000'3fff) | (of_14 & 0x3fff'0000'3fff'0000) >> 2;
        sequence = (of_28 & 0x0fff'ffff) | of_28 >> 32 << 28;
    }
};

// read() of any header.
[[gnu::noinline]] inline const char* read_slowly(const char* at, const char* limit, Record& record) noexcept {
    const char* const begin = at;
    std::uint64_t key = 0, value = 0, sequence = 0, stamp = 0;
    if (!take_varint(at, limit, key) || !take_varint(at, limit, value) || !take_varint(at, limit, sequence))
        return nullptr;
    const auto kind = static_cast<Kind>(key & 1);
    if ((key & 2) != 0 && !take_varint(at, limit, stamp)) return nullptr;
    key >>= 2;
    constexpr std::size_t key_most = key_bytes_max + key_prefix_bytes_max;
    if (key > key_most || value > value_bytes_max || stamp > stamp_bytes_max || sequence > sequence_max) return {};
    const std::size_t bytes = round_up(static_cast<std::size_t>(at - begin) + key + stamp + value, entry_unit);
    if (bytes > static_cast<std::size_t>(limit - begin)) return nullptr;
    record = {{at, key}, sequence, {kind, {at + key, stamp}, {at + key + stamp, value}}};
    return begin + bytes;
}

// The entry at `at`, which lies below `limit`; returns its end, padding included, or null if it is none. Any bytes are
// safe.
[[gnu::always_inline]] inline const char* read(const char* at, const char* limit, Record& record) noexcept {
    if (limit - at < std::ptrdiff_t{entry_unit}) [[unlikely]]
        return nullptr;
    const std::uint64_t word = coding::load<std::uint64_t>(at);
    const ShortHeader header(word);
    if (!header.fits) [[unlikely]]
        return read_slowly(at, limit, record);
    const std::size_t key = word >> 2 & 0x1f;
    const std::size_t bytes = round_up(header.bytes + key + header.value, entry_unit);
    if (bytes > static_cast<std::size_t>(limit - at)) [[unlikely]]
        return nullptr;
    const char* const data = at + header.bytes;
    record.key = {data, key};
    record.sequence = header.sequence;
    record.cell = {static_cast<Kind>(word & 1), {data + key, 0}, {data + key, header.value}};
    return at + bytes;
}

// Whether the padding of an entry that read() has taken, up to `end`, is as write() makes it.
inline bool ends_in_zeros(const Record& record, const char* end) noexcept {
    const auto padding = static_cast<std::size_t>(end - record.cell.value.data()) - record.cell.value.size();
    return padding == 0 || coding::load<std::uint64_t>(end - entry_unit) >> (64 - 8 * padding) == 0;
}

} // namespace entry

// A body in memory, 8-byte aligned. Whoever makes one has checked it: see malformed.
class BlockView {
public:
    BlockView() = default;
    BlockView(Bytes body, std::size_t count, std::size_t skip) noexcept
        : data_(body.data()), entries_bytes_(static_cast<std::uint32_t>(entries_bytes(body.size(), count))),
          count_(static_cast<std::uint16_t>(count)), skip_(static_cast<std::uint8_t>(skip)) {}

    // Bytes of entries in a body, or 0 if it is too small for so many.
    static std::size_t entries_bytes(std::size_t body, std::size_t count) noexcept {
        const std::size_t tail = tail_bytes(count);
        return count == 0 || body < tail + count * entry_unit || body % 8 != 0 ? 0 : body - tail;
    }
    static std::size_t tail_bytes(std::size_t count) noexcept { return count * 8 + round_up(count * 2, 8); }

    std::size_t count() const noexcept { return count_; }
    std::size_t skip() const noexcept { return skip_; }
    const char* entries_end() const noexcept { return data_ + entries_bytes_; }
    std::uint64_t head(std::size_t ordinal) const noexcept {
        return coding::load<std::uint64_t>(entries_end() + ordinal * 8);
    }
    std::size_t offset(std::size_t ordinal) const noexcept {
        return std::size_t{coding::load<std::uint16_t>(entries_end() + count_ * std::size_t{8} + ordinal * 2)} *
               entry_unit;
    }
    const char* entry_at(std::size_t offset) const noexcept { return data_ + offset; }

    Record record(std::size_t ordinal) const noexcept {
        Record record;
        entry::read(data_ + offset(ordinal), entries_end(), record);
        return record;
    }

    // What lies from an entry on, on its way into the caches.
    void prefetch(std::size_t ordinal) const noexcept { prefetch_lines(data_ + offset(ordinal), 16); }

    // The ordinal of the first entry whose key is at or above `key`: the newest version of that key, as far as this
    // block has it. count() if there is none.
    std::size_t lower_bound(Bytes key) const noexcept { return lower_bound(key, guess(key)); }

    // The same in two steps. The first looks at heads alone, and is right if the key has the block's common prefix and
    // a head of its own; the second looks at the entry there, or the last one, as whoever asks will do anyway.
    std::size_t guess(Bytes key) const noexcept {
        return first_head(0, count_, key.size() < skip_ ? 0 : coding::head(key.substr(skip_)));
    }
    std::size_t lower_bound(Bytes key, std::size_t guess) const noexcept {
        if (skip_ != 0) {
            const Bytes prefix = record(std::min(guess, count() - 1)).key.substr(0, skip_);
            const int order = key.substr(0, skip_).compare(prefix);
            if (order != 0) return order < 0 ? 0 : count_;
        }
        const std::uint64_t head_wanted = coding::head(key.substr(skip_));
        std::size_t low = guess;
        if (low == count_ || head(low) != head_wanted) return low;
        std::size_t high = low + 1;
        while (high < count_ && head(high) == head_wanted) ++high;
        while (low < high) {
            const std::size_t middle = (low + high) / 2;
            if (record(middle).key < key)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    // What is wrong with the body, or null: entries back to back in order, heads, offsets and zeros as they must be.
    const char* malformed() const noexcept;

private:
    std::size_t first_head(std::size_t low, std::size_t length, std::uint64_t wanted) const noexcept {
        while (length > 0) {
            const std::size_t half = length / 2;
            low += head(low + half) < wanted ? length - half : 0;
            length = half;
        }
        return low;
    }

    // Of bytes behind which eight can be read.
    static bool alike(const char* a, const char* b, std::size_t count) noexcept {
        for (; count > 8; a += 8, b += 8, count -= 8)
            if (coding::load<std::uint64_t>(a) != coding::load<std::uint64_t>(b)) return false;
        return count == 0 || (coding::load<std::uint64_t>(a) ^ coding::load<std::uint64_t>(b)) << (64 - 8 * count) == 0;
    }
    static std::uint64_t head_of(const char* key, std::size_t count) noexcept {
        if (count == 0) return 0;
        const std::uint64_t first = coding::swap(coding::load<std::uint64_t>(key));
        return count >= 8 ? first : first & ~std::uint64_t{0} << (64 - 8 * count);
    }

    const char* data_ = nullptr;
    std::uint32_t entries_bytes_ = 0;
    std::uint16_t count_ = 0;
    std::uint8_t skip_ = 0;
};

// Every block that is read for the first time comes here, and is 4 KiB of short entries: so no call, and no comparison
// of bytes where eight of them tell. Behind each entry there are eight bytes to be read, if only of heads.
inline const char* BlockView::malformed() const noexcept {
    if (entries_bytes_ == 0) return "its sizes contradict each other";
    const char* at = data_;
    const char* prefix = nullptr;
    std::uint64_t head_before = 0;
    for (std::size_t ordinal = 0; ordinal < count_; ++ordinal) {
        Record record;
        const char* const end = entry::read(at, entries_end(), record);
        if (end == nullptr) return "an entry is malformed";
        if (offset(ordinal) != static_cast<std::size_t>(at - data_)) return "an offset points elsewhere";
        if (!entry::ends_in_zeros(record, end)) return "padding is not zero";
        const char* const key = record.key.data();
        if (ordinal == 0) prefix = key;
        if (record.key.size() < skip_ || !alike(key, prefix, skip_)) return "the common prefix is not common";
        const std::uint64_t its_head = head_of(key + skip_, record.key.size() - skip_);
        if (head(ordinal) != its_head) return "a head is not its key's";
        if (ordinal != 0 && its_head <= head_before) { // else heads alone tell the order
            const Record before = this->record(ordinal - 1);
            const int order = its_head < head_before ? 1 : before.key.compare(record.key);
            if (order > 0 || (order == 0 && before.sequence <= record.sequence)) return "entries are out of order";
        }
        head_before = its_head;
        at = end;
    }
    if (at != entries_end()) return "bytes follow the last entry";
    const char* const offsets_end = entries_end() + count_ * std::size_t{10};
    if (!zeros({offsets_end, tail_bytes(count_) - count_ * std::size_t{10}})) return "padding is not zero";
    return nullptr;
}

// The last 24 bytes of a stored block:
//   u32 body bytes | u32 payload bytes | u16 count | u8 skip | u8 compression | u32 zero | u64 checksum
// The checksum covers everything before it, seeded by where the block belongs.
struct BlockTrailer {
    std::size_t body_bytes = 0;
    std::size_t payload_bytes = 0;
    std::size_t count = 0;
    std::size_t skip = 0;
    compression::Kind compression = compression::Kind::none;

    static constexpr std::size_t bytes = 24;
    static constexpr std::size_t body_bytes_min = 24;          // one entry, one head, one offset
    static constexpr std::size_t stored_bytes_min = bytes + 8; // some payload

    // What a block takes in the file without its trailer. Packed better than expansion_max it is filled up with zeros,
    // which keeps what a reader allocates within that factor of what it reads.
    static std::size_t padded(std::size_t payload, std::size_t body) noexcept {
        return round_up(std::max(payload, (body + expansion_max - 1) / expansion_max), 8);
    }

    // `block` ends in the 24 bytes to fill.
    void write(char* block, std::size_t stored_bytes, std::uint64_t seed) const noexcept {
        char* const at = block + stored_bytes - bytes;
        coding::store(at, static_cast<std::uint32_t>(body_bytes));
        coding::store(at + 4, static_cast<std::uint32_t>(payload_bytes));
        coding::store(at + 8, static_cast<std::uint16_t>(count));
        coding::store(at + 10, static_cast<std::uint8_t>(skip));
        coding::store(at + 11, static_cast<std::uint8_t>(compression));
        coding::store(at + 12, std::uint32_t{0});
        coding::store(at + 16, checksum64({block, stored_bytes - 8}, seed));
    }

    // Of any bytes; the sizes are fit to use only if wrong() is null.
    static BlockTrailer read(Bytes stored) noexcept {
        const char* const at = stored.data() + stored.size() - bytes;
        return {coding::load<std::uint32_t>(at), coding::load<std::uint32_t>(at + 4),
                coding::load<std::uint16_t>(at + 8), coding::load<std::uint8_t>(at + 10),
                static_cast<compression::Kind>(at[11])};
    }

    // What is wrong with a stored block of at least `bytes` bytes, or null: then body_bytes, payload_bytes and padding
    // fit it, and nothing is known yet about the body.
    const char* wrong(Bytes stored, std::uint64_t seed) const noexcept {
        const Bytes covered = stored.substr(0, stored.size() - 8);
        if (coding::load<std::uint64_t>(stored.data() + covered.size()) != checksum64(covered, seed))
            return "its checksum does not match";
        const std::size_t room = stored.size() - bytes;
        if (coding::load<std::uint32_t>(stored.data() + room + 12) != 0) return "its trailer is malformed";
        if (static_cast<std::uint8_t>(compression) >= compression::kinds) return "its compression is unknown";
        if (BlockView::entries_bytes(body_bytes, count) == 0 || payload_bytes > room ||
            padded(payload_bytes, body_bytes) != room ||
            (compression == compression::Kind::none && payload_bytes != body_bytes))
            return "its sizes contradict each other";
        if (!zeros(stored.substr(payload_bytes, room - payload_bytes))) return "padding is not zero";
        return nullptr;
    }
};

} // namespace kvilt::table_file
