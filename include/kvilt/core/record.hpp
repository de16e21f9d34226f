// The noun that travels, and the same noun as it lies in a log segment.
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/prefetch.hpp>

#include <atomic>
#include <cstring>

namespace kvilt {

// The order of commits within one engine: 56 bits, from 1; 0 is before everything.
using Sequence = std::uint64_t;
inline constexpr Sequence sequence_max = (Sequence{1} << 56) - 1;

// A tombstone hides every older record of its key. Stored in files: the numbers are part of the format.
enum class Kind : std::uint8_t { tombstone = 0, put = 1 };

// What is said about a key. `stamp` is the ConflictPolicy's; empty for Overwrite, whose stamp is the sequence.
struct Cell {
    Kind kind = Kind::put;
    Bytes stamp{};
    Bytes value{};
};

struct Record {
    Bytes key{};
    Sequence sequence = 0;
    Cell cell{};
};

// A record as it lies in a log segment, 8-byte aligned: this header, then stamp, key and value back to back, padded
// with zero bytes to 8. Indexes point at it; the records of one key are chained through `link`, newest first.
// The link is scratch of the running process and not covered by the frame's checksum.
// docs/formats/log.md
class LogRecord {
public:
    LogRecord(const LogRecord&) = delete;
    LogRecord& operator=(const LogRecord&) = delete;

    static constexpr std::size_t header_bytes = 24;
    static constexpr std::size_t checked_from = 8; // the checksum covers from here to the end of the record

    static constexpr std::size_t bytes_for(std::size_t stamp, std::size_t key, std::size_t value) noexcept {
        return round_up(header_bytes + stamp + key + value, 8);
    }
    static std::size_t bytes_for(const Record& record) noexcept {
        return bytes_for(record.cell.stamp.size(), record.key.size(), record.cell.value.size());
    }

    // Writes `record` at `at` (8-byte aligned, bytes_for(record) bytes); returns it in place. Lengths are the caller's
    // duty: see key_bytes_max and its kin.
    [[gnu::always_inline]] static LogRecord* write(char* at, const Record& record) noexcept {
        char* data = write_header(at, record.cell.kind, record.sequence, record.cell.stamp.size(), record.key.size(),
                                  record.cell.value.size());
        for (const Bytes bytes : {record.cell.stamp, record.key, record.cell.value}) {
            if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
            data += bytes.size();
        }
        return reinterpret_cast<LogRecord*>(at);
    }

    // Writes header and padding only; returns where stamp, key and value go.
    [[gnu::always_inline]] static char* write_header(char* at, Kind kind, Sequence sequence, std::size_t stamp,
                                                     std::size_t key, std::size_t value) noexcept {
        const std::size_t end = bytes_for(stamp, key, value);
        std::memset(at + end - 8, 0, 8); // the padding; what the data overlaps is written again
        auto* record = reinterpret_cast<LogRecord*>(at);
        record->link_ = 0;
        record->tag_ = sequence << 8 | static_cast<std::uint8_t>(kind);
        record->key_and_stamp_bytes_ = static_cast<std::uint32_t>(key << 15 | stamp);
        record->value_bytes_ = static_cast<std::uint32_t>(value);
        return at + header_bytes;
    }

    // The lines that a small record lies in, on their way into the caches. Any address is safe.
    static void prefetch(const LogRecord* record) noexcept { prefetch_lines(record, 3); }

    Kind kind() const noexcept { return static_cast<Kind>(tag_ & 0xff); }
    Sequence sequence() const noexcept { return tag_ >> 8; }
    Bytes stamp() const noexcept { return {data(), stamp_bytes()}; }
    Bytes key() const noexcept { return {data() + stamp_bytes(), key_bytes()}; }
    Bytes value() const noexcept { return {data() + stamp_bytes() + key_bytes(), value_bytes_}; }
    Cell cell() const noexcept { return {kind(), stamp(), value()}; }
    [[gnu::always_inline]] Record record() const noexcept { return {key(), sequence(), cell()}; }
    std::size_t bytes() const noexcept { return bytes_for(stamp_bytes(), key_bytes(), value_bytes_); }

    // Only before the record is published.
    void set_sequence(Sequence sequence) noexcept { tag_ = sequence << 8 | (tag_ & 0xff); }

    // The next older record of the same key, or null. Any thread; set by the writer only.
    LogRecord* older() const noexcept {
        auto& link = const_cast<std::uint64_t&>(link_);
        return reinterpret_cast<LogRecord*>(std::atomic_ref(link).load(std::memory_order_acquire));
    }
    // A page of a mapped log is not made dirty where nothing changes.
    void set_older(const LogRecord* record) noexcept {
        const auto link = reinterpret_cast<std::uint64_t>(record);
        if (link_ != link) std::atomic_ref(link_).store(link, std::memory_order_release);
    }

    // The newest record of this chain at or below `at`, or null.
    const LogRecord* visible(Sequence at) const noexcept {
        const LogRecord* record = this;
        while (record != nullptr && record->sequence() > at) record = record->older();
        return record;
    }

    // Whether `bytes` hold one whole record at their start: the lengths fit, the padding is zero, the kind is known.
    static bool well_formed(Bytes bytes) noexcept {
        if (bytes.size() < header_bytes) return false;
        const auto* record = reinterpret_cast<const LogRecord*>(bytes.data());
        const std::size_t data = header_bytes + record->stamp_bytes() + record->key_bytes() + record->value_bytes_;
        const std::size_t end = record->bytes();
        if (end > bytes.size() || (record->tag_ & 0xff) > 1) return false;
        for (std::size_t at = data; at < end; ++at)
            if (bytes[at] != 0) return false;
        return true;
    }

private:
    const char* data() const noexcept { return reinterpret_cast<const char*>(this) + header_bytes; }
    std::size_t key_bytes() const noexcept { return key_and_stamp_bytes_ >> 15; }
    std::size_t stamp_bytes() const noexcept { return key_and_stamp_bytes_ & stamp_bytes_max; }

    std::uint64_t link_;
    std::uint64_t tag_;                 // sequence << 8 | kind
    std::uint32_t key_and_stamp_bytes_; // key bytes << 15 | stamp bytes
    std::uint32_t value_bytes_;
};

static_assert(sizeof(LogRecord) == LogRecord::header_bytes);
static_assert(key_bytes_max + key_prefix_bytes_max < (std::size_t{1} << 17) &&
              stamp_bytes_max < (std::size_t{1} << 15));

} // namespace kvilt
