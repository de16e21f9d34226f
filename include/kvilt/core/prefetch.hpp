// A line of memory on its way into the caches, long before it is read.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvilt {

inline constexpr std::size_t cache_line_bytes = 64;

// Any address is safe: nothing is read, and nothing happens where nothing is mapped.
// GCC (12 at least) holds a function that does nothing but prefetch to be one without effect, and drops the calls to it
// that it has not inlined yet. The empty statement, which becomes no instruction, is an effect.
[[gnu::always_inline]] inline void prefetch_line(std::uintptr_t address) noexcept {
    asm volatile("" : : "r"(address));
    __builtin_prefetch(reinterpret_cast<const void*>(address));
}
[[gnu::always_inline]] inline void prefetch_line(const void* at) noexcept {
    prefetch_line(reinterpret_cast<std::uintptr_t>(at));
}

// As many lines from there on.
[[gnu::always_inline]] inline void prefetch_lines(std::uintptr_t address, std::size_t lines) noexcept {
    for (std::size_t line = 0; line < lines; ++line) prefetch_line(address + cache_line_bytes * line);
}
[[gnu::always_inline]] inline void prefetch_lines(const void* at, std::size_t lines) noexcept {
    prefetch_lines(reinterpret_cast<std::uintptr_t>(at), lines);
}

} // namespace kvilt
