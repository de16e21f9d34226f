// A file's pages in this process's memory.
#pragma once

#include <kvilt/env/file_system.hpp>

#include <algorithm>
#include <array>
#include <sys/mman.h>
#include <unistd.h>

namespace kvilt {

// Thread-safe. An empty file has a mapping too: of no bytes, with a null address.
class PosixMapping final : public Mapping {
public:
    // Takes over what ::mmap returned.
    PosixMapping(char* data, std::size_t bytes, MapMode mode) noexcept : data_(data), bytes_(bytes), mode_(mode) {}
    ~PosixMapping() override {
        if (bytes_ != 0) ::munmap(data_, bytes_);
    }

    char* data() const noexcept override { return data_; }
    std::size_t bytes() const noexcept override { return bytes_; }

    bool advise(Advice advice, std::size_t offset, std::size_t count) const noexcept override {
        if (offset >= bytes_ || (advice == Advice::rests && mode_ == MapMode::copy))
            return false; // it has no other place
        static const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        const std::size_t end = offset + std::min(count, bytes_ - offset);
        // Whole pages: what rests must not take along what does not.
        const std::size_t first = advice == Advice::rests ? round_up(offset, page_bytes) : offset & ~(page_bytes - 1);
        const std::size_t last = advice == Advice::rests ? end & ~(page_bytes - 1) : end;
        if (first >= last) return false;
        if (advice == Advice::will_need && in_memory(first, last, page_bytes)) return false;
        ::madvise(data_ + first, last - first, flag_of(advice));
        return true;
    }

private:
    // Of a long stretch the first pages and the last one are asked for. `first` is the beginning of a page. Asked in
    // vain it costs a tenth of what reading ahead in vain costs.
    bool in_memory(std::size_t first, std::size_t last, std::size_t page_bytes) const noexcept {
        std::array<unsigned char, 64> status;
        const std::size_t pages = std::min((last - first + page_bytes - 1) / page_bytes, status.size());
        const auto all = [&](std::size_t offset, std::size_t count) {
            return ::mincore(data_ + offset, count * page_bytes, status.data()) == 0 &&
                   std::all_of(status.data(), status.data() + count,
                               [](unsigned char page) { return (page & 1) != 0; });
        };
        return all(first, pages) && (pages < status.size() || all((last - 1) & ~(page_bytes - 1), 1));
    }

    static int flag_of(Advice advice) noexcept {
        switch (advice) {
        case Advice::will_write:
#ifdef MADV_POPULATE_WRITE
            // Takes the write faults in one call. MAP_POPULATE takes read faults only, and makes every store fault
            // again: several times slower than no advice.
            return MADV_POPULATE_WRITE;
#else
            return MADV_WILLNEED;
#endif
        case Advice::will_need:
            return MADV_WILLNEED;
        case Advice::random:
            return MADV_RANDOM;
        case Advice::sequential:
            return MADV_SEQUENTIAL;
        case Advice::rests:
            return MADV_DONTNEED;
        }
        return MADV_NORMAL;
    }

    char* data_;
    std::size_t bytes_;
    MapMode mode_;
};

} // namespace kvilt
