// The world of the operating system, in which a store lives unless it is told otherwise.
#pragma once

#include <kvilt/env/environment.hpp>
#include <kvilt/env/posix_clock.hpp>
#include <kvilt/env/posix_file_system.hpp>
#include <kvilt/env/posix_random.hpp>
#include <kvilt/env/thread_executor.hpp>

namespace kvilt {

// One for the process. Never destroyed: stores of static lifetime may use it until the very end.
inline Environment Environment::system() {
    struct System {
        PosixFileSystem files;
        PosixClock clock;
        ThreadExecutor executor;
        PosixRandom random;
    };
    static auto* const system = new System;
    return {.files = &system->files, .clock = &system->clock, .executor = &system->executor, .random = &system->random};
}

} // namespace kvilt
