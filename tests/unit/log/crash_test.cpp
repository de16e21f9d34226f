// Power loss and death of the process at every call to the environment.
#include <kvilt/laws/log_crash.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/written.hpp>

#include <doctest/doctest.h>

#include "../../from_environment.hpp"

using namespace kvilt;

TEST_CASE_TEMPLATE("a crash at any call leaves a prefix with everything synced", L, log::Mapped, log::Written,
                   log::Buffered) {
    const std::uint64_t chosen = from_environment("KVILT_SEED", 0);
    const std::uint64_t first = chosen == 0 ? 1 : chosen;
    for (std::uint64_t seed = first; seed < first + (chosen == 0 ? 2 : 1); ++seed) {
        laws::LogCrashes<L> crashes(seed, 40, crash_every());
        CHECK(crashes.run() == "");
        CHECK(crashes.crashes() != 0);
        MESSAGE("seed " << seed << ": " << crashes.crashes() << " crashes");
    }
}
