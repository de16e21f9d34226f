// Every allocation of the executable passes here: allocations.cpp replaces operator new.
#pragma once

#include <atomic>
#include <cstddef>

inline std::atomic<std::size_t> allocations{0};
inline std::atomic<std::size_t> allocation_to_fail{0}; // by the count above; 0: none
inline thread_local std::size_t allocations_here = 0;  // of this thread: a worker allocates whenever he is let
