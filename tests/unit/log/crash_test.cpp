// Power loss and death of the process at every call to the environment.
#include <kvilt/laws/log_crash.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/written.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

using namespace kvilt;

TEST_CASE_TEMPLATE("a crash at any call leaves a prefix with everything synced", L, log::Mapped, log::Written,
                   log::Buffered) {
    const char* chosen = std::getenv("KVILT_SEED");
    const std::uint64_t first = chosen == nullptr ? 1 : std::strtoull(chosen, nullptr, 10);
    const char* every = std::getenv("KVILT_CRASH_EVERY");
    for (std::uint64_t seed = first; seed < first + (chosen == nullptr ? 2 : 1); ++seed) {
        laws::LogCrashes<L> crashes(seed, 40, every == nullptr ? 1 : std::max(1ULL, std::strtoull(every, nullptr, 10)));
        CHECK(crashes.run() == "");
        CHECK(crashes.crashes() != 0);
        MESSAGE("seed " << seed << ": " << crashes.crashes() << " crashes");
    }
}
