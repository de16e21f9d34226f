// The live bytes of a file in the memory world: zero-filled address space of a fixed place and size.
#pragma once

#include <kvilt/env/memory_pages.hpp>

#include <algorithm>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <utility>

namespace kvilt::memory {

struct AddressSpace {
    char* data = nullptr;
    std::size_t bytes = 0;
};

// Address space that small files have left, zero again, for the files of the next world: a campaign opens hundreds of
// thousands, and to map each anew, page by page, was half of its time. Thread-safe.
class SpareAddressSpace {
public:
    static constexpr std::size_t count_max = 64;
    static constexpr std::size_t touched_bytes_max = std::size_t{1} << 20;

    // Lives as long as the process: worlds may be of static duration.
    static SpareAddressSpace& of_process() {
        static auto* spare = new SpareAddressSpace;
        return *spare;
    }

    // Of at least so many bytes. Throws std::bad_alloc.
    AddressSpace take(std::size_t bytes) {
        {
            const std::lock_guard lock(mutex_);
            const auto fits = std::find_if(spare_.rbegin(), spare_.rend(),
                                           [bytes](const AddressSpace& space) { return space.bytes >= bytes; });
            if (fits != spare_.rend()) {
                std::swap(*fits, spare_.back());
                const AddressSpace found = spare_.back();
                spare_.pop_back();
                return found;
            }
        }
        void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_NOHUGEPAGE
        ::madvise(at, bytes, MADV_NOHUGEPAGE); // most files of a test are far smaller than a huge page
#endif
        return {static_cast<char*>(at), bytes};
    }

    // Behind touched_bytes nothing was stored to.
    void give(AddressSpace space, std::size_t touched_bytes) noexcept {
        if (keeps_ && touched_bytes <= touched_bytes_max) {
            std::memset(space.data, 0, touched_bytes);
            const std::lock_guard lock(mutex_);
            if (spare_.size() < count_max) {
                spare_.push_back(space);
                return;
            }
        }
        ::munmap(space.data, space.bytes);
    }

private:
    SpareAddressSpace() { spare_.reserve(count_max); }

    // An address sanitizer is to see who reads a mapping that is gone.
#if defined(__SANITIZE_ADDRESS__)
    static constexpr bool keeps_ = false;
#elif defined(__has_feature)
    static constexpr bool keeps_ = !__has_feature(address_sanitizer);
#else
    static constexpr bool keeps_ = true;
#endif
    std::mutex mutex_;
    std::vector<AddressSpace> spare_;
};

// Only what is touched takes memory. Throws std::bad_alloc.
class Image {
public:
    explicit Image(std::size_t bytes) : space_(SpareAddressSpace::of_process().take(bytes)) {}
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
    ~Image() { SpareAddressSpace::of_process().give(space_, reach_); }

    char* data() const noexcept { return space_.data; }

    // To be told before bytes up to here are stored to, those behind the end of a mapping in its last page among them.
    void reach(std::size_t end) noexcept { reach_ = std::max(reach_, pages_for(end) * page_bytes); }

private:
    AddressSpace space_;
    std::size_t reach_ = 0;
};

} // namespace kvilt::memory
