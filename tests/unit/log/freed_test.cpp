// What becomes of the files of free segments.
#include <kvilt/env/memory.hpp>
#include <kvilt/laws/log.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/written.hpp>

#include <doctest/doctest.h>

#include <cerrno>

using namespace kvilt;

namespace {

// A log that keeps no free segment and has one: that of d/log-000001, whose sync failed.
template <class L>
struct OneFree {
    MemoryWorld world{{.file_bytes_max = 1_MiB}};
    laws::LogTrial<L, threads::Many> trial;

    explicit OneFree(std::size_t idle_bytes_max = 64_KiB)
        : trial(LogContext{.environment = world.environment(), .directory = "d", .identity = 7},
                options(idle_bytes_max), 3) {
        REQUIRE(world.files().create_directory("d"));
        REQUIRE(trial.recover(0, 0) == "");
        REQUIRE(trial.append());
        world.inject({.kind = CallKind::sync});
        REQUIRE_FALSE(trial.sync());
        REQUIRE(trial.rotate());
        REQUIRE(trial.append());
        trial.free_oldest();
    }
    static typename L::Options options(std::size_t idle_bytes_max) {
        auto options = laws::small_segments<L>();
        options.spare_bytes_max = idle_bytes_max;
        return options;
    }

    bool has(const char* path) { return world.files().exists(path).value(); }
};

} // namespace

TEST_CASE_TEMPLATE("the file of a free segment is removed by who has the time, and counts until then", L, log::Mapped,
                   log::Written, log::Buffered) {
    OneFree<L> one;
    auto& log = one.trial.log();
    const std::size_t used = log.capacity_bytes(log.active());
    CHECK(one.has("d/log-000001"));
    CHECK(log.disk_bytes() > used);
    CHECK(one.world.calls(CallKind::remove) == 0);
    log.remove_freed();
    CHECK_FALSE(one.has("d/log-000001"));
    CHECK(log.disk_bytes() == used);
    log.remove_freed(); // once
    CHECK(one.world.calls(CallKind::remove) == 1);
}

TEST_CASE("the file of a free segment goes at once where none may be idle: it is memory") {
    OneFree<log::Buffered> one(0);
    CHECK_FALSE(one.has("d/log-000001"));
    CHECK(one.trial.log().memory_bytes() == one.trial.log().capacity_bytes(one.trial.log().active()));
}

TEST_CASE("no file of a free segment outlives its log") {
    OneFree<log::Mapped> one;
    one.trial.close();
    CHECK_FALSE(one.has("d/log-000001"));
    CHECK(one.has("d/log-000002"));
}

TEST_CASE("who finds no room on the device removes what is free, and tries again") {
    OneFree<log::Mapped> one;
    one.world.inject({.kind = CallKind::reserve, .os_code = ENOSPC});
    REQUIRE(one.trial.rotate());
    CHECK_FALSE(one.has("d/log-000001"));
    REQUIRE(one.trial.append());
    CHECK(one.trial.check_segments() == "");
    one.world.inject({.kind = CallKind::reserve, .os_code = ENOSPC});
    CHECK_FALSE(one.trial.rotate()); // nothing is free
    CHECK(one.trial.error == Errc::full);
}
