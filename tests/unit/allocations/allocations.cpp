// Counts, and fails the one that a test has chosen.
#include "allocations.hpp"

#include <cstdlib>
#include <new>

[[gnu::noinline]] void* operator new(std::size_t bytes) {
    ++allocations_here;
    if (allocations.fetch_add(1, std::memory_order_relaxed) + 1 == allocation_to_fail) throw std::bad_alloc();
    if (void* at = std::malloc(bytes == 0 ? 1 : bytes)) return at;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* at) noexcept { std::free(at); }
[[gnu::noinline]] void operator delete(void* at, std::size_t) noexcept { std::free(at); }
