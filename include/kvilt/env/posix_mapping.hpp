// A file's pages in this process's memory.
#pragma once

#include <kvilt/env/file_system.hpp>

#include <algorithm>
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
        if (advice == Advice::will_need && in_memory(first) && in_memory((last - 1) & ~(page_bytes - 1))) return false;
        ::madvise(data_ + first, last - first, flag_of(advice));
        return true;
    }

private:
    // Of the page at `offset`. Asked in vain it costs a tenth of what reading ahead in vain costs.
    bool in_memory(std::size_t offset) const noexcept {
        unsigned char status = 0;
        return ::mincore(data_ + offset, 1, &status) == 0 && (status & 1) != 0;
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
