// Every log policy obeys the laws of the slot.
#include <kvilt/env/posix.hpp>
#include <kvilt/laws/log.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/log/written.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

using namespace kvilt;

namespace {

struct Directory {
    std::string path = (std::filesystem::temp_directory_path() / "kvilt-log-XXXXXX").string();
    Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~Directory() { std::filesystem::remove_all(path); }
};

} // namespace

TEST_CASE_TEMPLATE("what is committed is found again", L, log::None, log::Mapped, log::Written, log::Buffered) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        const Directory directory;
        CHECK(laws::check_log<L>(Environment::system(), directory.path, seed) == "");
    }
}
