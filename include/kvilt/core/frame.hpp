// The frame: what is logged as one. Log segments and manifests are a file header and frames of LogRecords.
// docs/formats/frame.md
//
//   frame  u32 checksum | u32 length | u64 synced position + kind | LogRecords (length bytes)
//
// The checksum is stored last. It chains XXH3 over the records, each from LogRecord::checked_from, seeded by the
// store's identity, the file's number and the frame's offset; so a frame of an earlier life of a recycled file, of
// another file, or moved from its place is not valid.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/core/record.hpp>

#include <atomic>
#include <compare>
#include <optional>

namespace kvilt {

// A place in a log, ordered by commit: file number, then offset.
struct LogPosition {
    std::uint32_t number = 0;
    std::uint32_t offset = 0; // a multiple of 8
    friend auto operator<=>(LogPosition, LogPosition) = default;

    constexpr std::uint64_t packed() const noexcept { return std::uint64_t{number} << 32 | offset; }
    static constexpr LogPosition unpack(std::uint64_t packed) noexcept {
        return {static_cast<std::uint32_t>(packed >> 32), static_cast<std::uint32_t>(packed & 0xffff'fff8)};
    }
};

// In the low three bits of the synced position. Part of the format.
enum class FrameKind : std::uint8_t {
    records = 0,
    seal = 1, // no records; what stands before it is durable and complete
    part = 2, // one shard's part of a batch: the first record's value names all parts (cluster/)
    copy = 3, // live records copied on by the cleaner, with their old sequences
};
inline constexpr std::uint8_t frame_kinds = 4;

struct Frame {
    LogPosition position{}; // of its first byte
    LogPosition synced{};   // everything before this was durable when the frame was written
    FrameKind kind = FrameKind::records;
    Bytes records{}; // well-formed LogRecords back to back

    std::size_t end() const noexcept { return position.offset + header_bytes + records.size(); }

    static constexpr std::size_t header_bytes = 16;

    template <class Visitor>
    [[gnu::always_inline]] void for_each(Visitor&& visit) const {
        for (std::size_t at = 0; at < records.size();) {
            auto* record = reinterpret_cast<LogRecord*>(const_cast<char*>(records.data() + at));
            const std::size_t bytes = record->bytes();
            visit(*record);
            at += bytes;
        }
    }
};

namespace detail {

inline std::uint64_t frame_seed(std::uint64_t identity, LogPosition position) noexcept {
    return mix(identity, position.packed());
}

// `records` are well-formed.
[[gnu::always_inline]] inline std::uint32_t frame_checksum(std::uint64_t seed, std::uint64_t synced_and_kind,
                                                           Bytes records) noexcept {
    std::uint64_t sum = mix(seed ^ synced_and_kind, records.size());
    for (std::size_t at = 0; at < records.size();) {
        const std::size_t bytes = reinterpret_cast<const LogRecord*>(records.data() + at)->bytes();
        sum = checksum64({records.data() + at + LogRecord::checked_from, bytes - LogRecord::checked_from}, sum);
        at += bytes;
    }
    const auto low = static_cast<std::uint32_t>(sum);
    return low == 0 ? 1 : low; // zero marks the end
}

inline bool records_well_formed(Bytes records) noexcept {
    while (!records.empty()) {
        if (!LogRecord::well_formed(records)) return false;
        records.remove_prefix(reinterpret_cast<const LogRecord*>(records.data())->bytes());
    }
    return true;
}

} // namespace detail

// Completes the frame whose `length` bytes of records already stand at `at + Frame::header_bytes`: `at` is the memory
// of `position`, 8-byte aligned.
[[gnu::always_inline]] inline void seal_frame(char* at, std::uint64_t identity, LogPosition position,
                                              LogPosition synced, FrameKind kind, std::size_t length) noexcept {
    const std::uint64_t synced_and_kind = synced.packed() | static_cast<std::uint8_t>(kind);
    coding::store(at + 4, static_cast<std::uint32_t>(length));
    coding::store(at + 8, synced_and_kind);
    const std::uint32_t sum = detail::frame_checksum(detail::frame_seed(identity, position), synced_and_kind,
                                                     {at + Frame::header_bytes, length});
    std::atomic_ref(*reinterpret_cast<std::uint32_t*>(at)).store(sum, std::memory_order_release);
}

// The valid frame at `offset` of `file`, or nothing: at the end, in a hole, on damage. Any bytes are safe; looks at no
// more than the frame claims to have. `file` is 8-byte aligned.
inline std::optional<Frame> frame_at(Bytes file, std::uint64_t identity, LogPosition position) noexcept {
    if (position.offset % 8 != 0 || file.size() < position.offset) return std::nullopt;
    const Bytes rest = file.substr(position.offset);
    if (rest.size() < Frame::header_bytes) return std::nullopt;
    const auto sum = coding::load<std::uint32_t>(rest.data());
    const std::size_t length = coding::load<std::uint32_t>(rest.data() + 4);
    const auto synced_and_kind = coding::load<std::uint64_t>(rest.data() + 8);
    const auto kind = static_cast<std::uint8_t>(synced_and_kind & 7);
    if (sum == 0 || length % 8 != 0 || length > rest.size() - Frame::header_bytes || kind >= frame_kinds) return {};
    const Bytes records = rest.substr(Frame::header_bytes, length);
    const LogPosition synced = LogPosition::unpack(synced_and_kind);
    if (synced > position || !detail::records_well_formed(records)) return std::nullopt;
    if (detail::frame_checksum(detail::frame_seed(identity, position), synced_and_kind, records) != sum) return {};
    return Frame{position, synced, static_cast<FrameKind>(kind), records};
}

// The first bytes of every log segment and manifest.
//   "kvilt" kind(3) | u32 version | u32 number | u64 identity | u64 synced position | u32 previous end | u32 zero |
//   u64 checksum | zeros to 64
struct FileHeader {
    std::uint32_t version = 1;
    std::uint32_t number = 0;       // never used twice in one directory: the generation of a recycled file
    std::uint64_t identity = 0;     // of the store
    LogPosition synced{};           // what was durable when the file was begun
    std::uint32_t previous_end = 0; // where the file before this in number ended, 0 if there is none to continue

    static constexpr std::size_t bytes = 64;

    // `kind` is three characters: "log", "man".
    void write(char* to, Bytes kind) const noexcept {
        std::memset(to, 0, bytes);
        std::memcpy(to, "kvilt", 5);
        std::memcpy(to + 5, kind.data(), 3);
        coding::store(to + 8, version);
        coding::store(to + 12, number);
        coding::store(to + 16, identity);
        coding::store(to + 24, synced.packed());
        coding::store(to + 32, previous_end);
        coding::store(to + checked_bytes, checksum64({to, checked_bytes}, 0));
    }

    // Nothing if the bytes are no such header. The version is not judged here.
    static std::optional<FileHeader> read(Bytes from, Bytes kind) noexcept {
        if (from.size() < bytes || from.substr(0, 5) != "kvilt" || from.substr(5, 3) != kind) return std::nullopt;
        const auto sum = coding::load<std::uint64_t>(from.data() + checked_bytes);
        if (sum != checksum64(from.substr(0, checked_bytes), 0)) return std::nullopt;
        for (const char rest : from.substr(checked_bytes + 8, bytes - checked_bytes - 8))
            if (rest != 0) return std::nullopt;
        return FileHeader{coding::load<std::uint32_t>(from.data() + 8), coding::load<std::uint32_t>(from.data() + 12),
                          coding::load<std::uint64_t>(from.data() + 16),
                          LogPosition::unpack(coding::load<std::uint64_t>(from.data() + 24)),
                          coding::load<std::uint32_t>(from.data() + 32)};
    }

private:
    static constexpr std::size_t checked_bytes = 40;
};

} // namespace kvilt
