// The randomness of the operating system.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/env/random.hpp>

#include <cerrno>
#include <ctime>
#include <sys/random.h>
#include <unistd.h>

namespace kvilt {

class PosixRandom final : public Random {
public:
    std::uint64_t next() override {
        std::uint64_t value = 0;
        ssize_t got = 0;
        do got = ::getrandom(&value, sizeof value, 0);
        while (got == -1 && errno == EINTR);
        if (got == sizeof value) return value;
        // A kernel without the call, or a sandbox that forbids it: identities must differ still, not be secret.
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        return mix(mix(static_cast<std::uint64_t>(now.tv_sec), static_cast<std::uint64_t>(now.tv_nsec)),
                   mix(static_cast<std::uint64_t>(::getpid()), reinterpret_cast<std::uint64_t>(&now)));
    }
};

} // namespace kvilt
