// A segment's bytes in memory of its own, beside a file that they are written to.
#pragma once

#include <kvilt/log/segment_file.hpp>

namespace kvilt::log::detail {

// What log::Written and log::Buffered share.
class PagesMemory {
public:
    static constexpr bool appends = true;

    Result<void> create(File&, std::size_t capacity) {
        try {
            pages_ = Pages(capacity);
        } catch (const std::bad_alloc&) {
            return failure(Errc::full, "open segment", "there is no memory for it");
        }
        return {};
    }

    Result<void> load(File& file, std::size_t bytes, bool) {
        KVILT_TRY(create(file, bytes));
        KVILT_TRY_ASSIGN(count, file.read_at(0, pages_.data(), bytes));
        if (count != bytes) return failure(Errc::io, "open segment", "a log file became shorter while it was read");
        return {};
    }

    char* data() const noexcept { return pages_.data(); }

    Result<Stored> stored(File& file, std::size_t end) const {
        PagesMemory copy;
        KVILT_TRY(copy.load(file, end, true));
        const Bytes bytes{copy.data(), end};
        return Stored{.copy = std::move(copy.pages_), .bytes = bytes};
    }

private:
    Pages pages_{};
};

} // namespace kvilt::log::detail
