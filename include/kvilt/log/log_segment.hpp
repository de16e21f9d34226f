// A segment of a log in files, as its log keeps it.
#pragma once

#include <kvilt/log/segment_file.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace kvilt::log::detail {

// The log's mutex guards what is no constant, but for `end`, which the writer alone changes.
template <ThreadsTag Threads, class Memory>
struct LogSegment {
    using File = SegmentFile<Memory>;

    LogSegment(SegmentNumber its_number, std::shared_ptr<File> its_file) noexcept
        : number(its_number), file(std::move(its_file)) {}

    const SegmentNumber number;
    const std::shared_ptr<File> file;
    typename Threads::template Atomic<std::uint32_t> end{0}; // behind the last frame
    std::uint32_t synced_end = 0;
    bool listed = false;             // durable up to its end, says the manifest
    std::uint32_t rewritten_end = 0; // in recovery

    Bytes span() const noexcept { return {file->memory.data(), file->capacity}; }

    // At a place where a valid one was found before.
    Frame known_frame(std::uint32_t offset) const noexcept {
        const Bytes bytes = span();
        const char* at = bytes.data() + offset;
        const auto synced_and_kind = coding::load<std::uint64_t>(at + 8);
        return {{number, offset},
                LogPosition::unpack(synced_and_kind),
                static_cast<FrameKind>(synced_and_kind & 7),
                bytes.substr(offset + Frame::header_bytes, coding::load<std::uint32_t>(at + 4))};
    }

    // What recovery has found is on its way to the device while it looks at more.
    Result<void> rewrite(std::uint32_t to) {
        if (listed || to <= rewritten_end) return {};
        return file->rewrite(std::exchange(rewritten_end, to), to);
    }
    Result<void> rewrite_often(std::uint32_t to) {
        constexpr std::uint32_t often_bytes = 1 << 20;
        return to < rewritten_end + often_bytes ? Result<void>() : rewrite(to);
    }

    // The segment as a sync or a check sees it. Holds the file, which a free() may take away.
    struct Unsynced {
        SegmentNumber number;
        std::uint32_t begin; // what is durable
        std::uint32_t end;
        std::shared_ptr<File> file;
        std::optional<Error> failed;
    };
    Unsynced unsynced() const { return {number, synced_end, end.load(std::memory_order_acquire), file, file->failed}; }
    Unsynced whole() const { return {number, 0, end.load(std::memory_order_acquire), file, {}}; }
};

} // namespace kvilt::log::detail
