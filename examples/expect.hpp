// An example is a test: what it claims is checked, and the first claim that does not hold ends it with a failure.
#pragma once

#include <cstdio>
#include <cstdlib>

inline void expect(bool holds, const char* claim) {
    std::printf("%s %s\n", holds ? "ok    " : "FAILED", claim);
    if (!holds) std::exit(EXIT_FAILURE);
}
