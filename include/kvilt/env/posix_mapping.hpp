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
    PosixMapping(char* data, std::size_t bytes) noexcept : data_(data), bytes_(bytes) {}
    ~PosixMapping() override {
        if (bytes_ != 0) ::munmap(data_, bytes_);
    }

    char* data() const noexcept override { return data_; }
    std::size_t bytes() const noexcept override { return bytes_; }

    void advise(Advice advice, std::size_t offset, std::size_t count) const noexcept override {
        if (offset >= bytes_) return;
        static const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
        const std::size_t end = offset + std::min(count, bytes_ - offset);
        const std::size_t first = offset & ~(page_bytes - 1);
        ::madvise(data_ + first, end - first, flag_of(advice));
    }

private:
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
        }
        return MADV_NORMAL;
    }

    char* data_;
    std::size_t bytes_;
};

} // namespace kvilt
