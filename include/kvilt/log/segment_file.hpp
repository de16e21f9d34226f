// One log segment in a file, with its bytes in memory; and the options that all logs in files share.
// docs/formats/log.md
#pragma once

#include <kvilt/core/pages.hpp>
#include <kvilt/log/segment.hpp>

#include <cstdio>
#include <optional>
#include <string>

namespace kvilt::log::detail {

struct FileOptions {
    Sync sync = Sync::never;
    std::uint64_t sync_interval_us = 10'000;
    std::size_t segment_bytes_min = 64_KiB;
    std::size_t segment_bytes_max = 64_MiB;
    std::size_t spare_bytes_max = 64_MiB; // of files kept, or made ahead, for segments to come

    Result<void> validate(const char* policy) const {
        KVILT_TRY(SegmentSizes::validate(segment_bytes_min, segment_bytes_max, policy));
        if (sync == Sync::interval && sync_interval_us == 0)
            return failure(Errc::invalid_option, policy, "sync_interval_us must be at least 1 with Sync::interval");
        return {};
    }
};

inline constexpr std::uint32_t segment_format_version = 1;

// A file keeps its name for life, whatever segment it holds: so reuse changes no directory.
inline std::string segment_file_name(std::uint32_t file_number) {
    char name[24];
    std::snprintf(name, sizeof name, "log-%06u", file_number);
    return name;
}

inline std::optional<std::uint32_t> segment_file_number(std::string_view name) {
    if (!name.starts_with("log-") || name.size() < 10 || name.size() > 14) return std::nullopt;
    std::uint64_t number = 0;
    for (const char digit : name.substr(4)) {
        if (digit < '0' || digit > '9') return std::nullopt;
        number = number * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    if (number > 0xffff'ffff) return std::nullopt;
    return static_cast<std::uint32_t>(number);
}

// Behind the name of a segment's file while a fresh one is written for it.
inline constexpr const char* renewing = ".new";

// Bytes as they are stored, which may be a copy.
struct Stored {
    Pages copy{};
    Bytes bytes{};
};

// Memory says how a segment's bytes are had and how they reach the file:
//
//   static constexpr const char* policy;        whose it is, in errors
//   static constexpr bool appends;              a commit needs append()
//   Result<void> create(File&, capacity)        of a file of that length
//   Result<void> load(File&, bytes, bool read_only)
//   char* data() const
//   Result<void> append(File&, from, count)     data()[from, from + count) is complete
//   Result<void> flush(File&)                   everything appended reaches the file; beside append()
//   void will_sync(begin, end) const            the file will be synced, of which [begin, end) was not; any thread
//   void will_append(begin, end) const          the writer will come to [begin, end); beside him
//   void renewed(end)                           another file has [0, end) now; nothing will be appended
//   Result<Stored> stored(File&, end)           of [0, end), as much as has reached the file
template <class Memory>
struct SegmentFile {
    std::string path{};
    std::unique_ptr<File> file{};
    std::size_t capacity = 0;
    Memory memory{};
    std::optional<Error> failed{}; // of a write or sync: nothing is known of the file's bytes since
    bool renewed = false;          // the memory is no longer that of the file

    // After a failure the owner never calls it again.
    Result<void> sync() {
        KVILT_TRY(memory.flush(*file));
        return file->sync();
    }
    // What was read may be the cache of a sync that failed: after this a sync is as if it had just been written. By a
    // call, though the bytes may be the file's own pages: a store to each costs a fault, and when the system writes it
    // back a flush of the processors' page tables.
    Result<void> rewrite(std::size_t begin, std::size_t end) {
        KVILT_TRY(file->write_at(begin, {memory.data() + begin, end - begin}));
        file->begin_sync(begin, end - begin);
        return {};
    }
    // A fresh file takes the place of this one. Its name is durable when its directory is synced.
    Result<void> renew(FileSystem& files, std::uint32_t end) {
        const std::string fresh_path = path + renewing;
        static_cast<void>(files.remove(fresh_path));
        KVILT_TRY_ASSIGN(fresh, files.open(fresh_path, OpenMode::create));
        KVILT_TRY(fresh->write_at(0, {memory.data(), end}));
        KVILT_TRY(fresh->sync());
        KVILT_TRY(files.rename(fresh_path, path));
        file = std::move(fresh);
        memory.renewed(end);
        renewed = true;
        return {};
    }
    Result<void> begin(const FileHeader& header) {
        header.write(memory.data(), "log");
        return memory.append(*file, 0, FileHeader::bytes);
    }
};

} // namespace kvilt::log::detail
