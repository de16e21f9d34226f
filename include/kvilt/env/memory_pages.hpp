// Pages of files in the memory world: immutable, shared by worlds.
#pragma once

#include <kvilt/core/bytes.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <vector>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define KVILT_THREAD_SANITIZER
#endif
#elif defined(__SANITIZE_THREAD__)
#define KVILT_THREAD_SANITIZER
#endif

namespace kvilt::memory {

inline constexpr std::size_t sector_bytes = 512; // what a device writes whole or not at all
inline constexpr std::size_t page_bytes = 4096;  // what a kernel knows as clean or dirty
inline constexpr std::size_t page_sectors = page_bytes / sector_bytes;

constexpr std::size_t pages_for(std::uint64_t bytes) noexcept {
    return static_cast<std::size_t>((bytes + page_bytes - 1) / page_bytes);
}

using Page = std::array<char, page_bytes>;
using PageTable = std::vector<std::shared_ptr<const Page>>; // null: zeros

inline constexpr Page zero_page{};

inline const Page& page_at(const PageTable& table, std::size_t page) noexcept {
    return page < table.size() && table[page] ? *table[page] : zero_page;
}

inline void set_page(PageTable& table, std::size_t page, const Page& content) {
    if (page >= table.size()) table.resize(page + 1);
    if (content == zero_page)
        table[page] = nullptr;
    else
        table[page] = std::make_shared<const Page>(content);
}

// Reads as a device does, beside threads that store through a mapping: no race that a program could be blamed for.
#ifdef KVILT_THREAD_SANITIZER
__attribute__((no_sanitize("thread"), noinline)) inline void device_copy(char* to, const char* from,
                                                                         std::size_t count) noexcept {
    const volatile char* source = from;
    volatile char* target = to;
    for (std::size_t at = 0; at < count; ++at) target[at] = source[at];
}
__attribute__((no_sanitize("thread"), noinline)) inline bool device_equal(const char* left, const char* right,
                                                                          std::size_t count) noexcept {
    const volatile char* one = left;
    const volatile char* other = right;
    for (std::size_t at = 0; at < count; ++at)
        if (one[at] != other[at]) return false;
    return true;
}
#undef KVILT_THREAD_SANITIZER
#else
// An empty span may have no address.
inline void device_copy(char* to, const char* from, std::size_t count) noexcept {
    if (count != 0) std::memcpy(to, from, count);
}
inline bool device_equal(const char* left, const char* right, std::size_t count) noexcept {
    return count == 0 || std::memcmp(left, right, count) == 0;
}
#endif

} // namespace kvilt::memory
