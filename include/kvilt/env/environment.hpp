// The world a store lives in, as a run-time value: the store that a simulation tortures is the type that ships.
#pragma once

#include <kvilt/env/clock.hpp>
#include <kvilt/env/executor.hpp>
#include <kvilt/env/file_system.hpp>
#include <kvilt/env/random.hpp>

namespace kvilt {

// References to what must outlive every store opened with it. Copyable. Environment::system() is in env/posix.hpp.
struct Environment {
    FileSystem* files = nullptr;
    Clock* clock = nullptr;
    Executor* executor = nullptr;
    Random* random = nullptr;

    static Environment system();
};

} // namespace kvilt
