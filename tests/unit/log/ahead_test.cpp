// What is made ready before the writer comes to it.
#include <kvilt/env/memory.hpp>
#include <kvilt/env/posix.hpp>
#include <kvilt/laws/log.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/written.hpp>

#include <doctest/doctest.h>

#include "../env/temporary_directory.hpp"
#include <string>
#include <sys/resource.h>

using namespace kvilt;

namespace {

// A log whose segment is nearly full, as those of at most 1 MiB always are.
template <class L>
struct NearlyFull {
    MemoryWorld world{{.file_bytes_max = 1_MiB}};
    laws::LogTrial<L> trial{LogContext{.environment = world.environment(), .directory = "d", .identity = 7},
                            laws::small_segments<L>(), 3};

    NearlyFull() {
        REQUIRE(world.files().create_directory("d"));
        REQUIRE(trial.recover(0, 0) == "");
        REQUIRE(trial.append());
    }

    bool has(const char* path) { return world.files().exists(path).value(); }
};

long faults() {
    ::rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

} // namespace

TEST_CASE_TEMPLATE("the file of the next segment is there before the writer wants it", L, log::Mapped, log::Written,
                   log::Buffered) {
    NearlyFull<L> full;
    full.trial.stay_ahead();
    const std::uint64_t created = full.world.calls(CallKind::create);
    const std::uint64_t named = full.world.calls(CallKind::sync_directory);
    full.trial.stay_ahead(); // one is enough
    REQUIRE(full.trial.rotate());
    CHECK(full.world.calls(CallKind::create) == created);
    CHECK(full.world.calls(CallKind::sync_directory) == named);
    REQUIRE(full.trial.append());
    CHECK(full.trial.check_segments() == "");
}

TEST_CASE("a file for a segment that never came is nothing at the next opening") {
    for (const bool all : {false, true}) {
        NearlyFull<log::Mapped> full;
        REQUIRE(full.trial.sync());
        full.trial.stay_ahead();
        REQUIRE(full.has("d/log-000002"));
        const auto after = full.world.crash(all ? CrashChoice::everything() : CrashChoice::nothing_unsynced());
        laws::LogTrial<log::Mapped> again({.environment = after->environment(), .directory = "d", .identity = 7},
                                          laws::small_segments<log::Mapped>(), 3);
        again.model = full.trial.model;
        REQUIRE(again.recover() == "");
        CHECK(again.scan.bytes_cut == 0);
        CHECK(again.log().next_number() == (all ? 2 : 3)); // a file that has lost its header may have been any segment
        REQUIRE(again.rotate());                           // removes what does not count
        CHECK_FALSE(after->files().exists("d/log-000002").value());
    }
}

TEST_CASE("no file is made ahead of a log that is not to grow") {
    NearlyFull<log::Mapped> full;
    full.trial.stay_ahead(false);
    CHECK_FALSE(full.has("d/log-000002"));
}

TEST_CASE("no file is made ahead of a segment that has its file already") {
    NearlyFull<log::Written> full;
    full.trial.stay_ahead();
    full.world.on_call([&](const Call& call) {
        if (call.kind != CallKind::write || call.done) return;
        full.world.on_call({});
        full.trial.stay_ahead(); // who thinks that the first segment is still in use
    });
    REQUIRE(full.trial.rotate());
    full.world.on_call({});
    CHECK(full.has("d/log-000002"));
    CHECK_FALSE(full.has("d/log-000003"));
}

TEST_CASE("no file is made ahead while a segment has room: what is freed meanwhile may do") {
    MemoryWorld world({.file_bytes_max = 32_MiB});
    REQUIRE(world.files().create_directory("d"));
    laws::LogTrial<log::Mapped> trial({.environment = world.environment(), .directory = "d", .identity = 7},
                                      {.segment_bytes_min = 16_MiB, .segment_bytes_max = 16_MiB}, 3);
    REQUIRE(trial.recover(0, 0) == "");
    auto& log = trial.log();
    for (const std::size_t used : {8_MiB, 16_MiB - 16_MiB / 8}) {
        trial.stay_ahead();
        CHECK_FALSE(world.files().exists("d/log-000002").value());
        do REQUIRE(trial.append());
        while (log.used_bytes(log.active()) < used);
    }
    trial.stay_ahead();
    CHECK(world.files().exists("d/log-000002").value());
}

TEST_CASE("a file that cannot be made ahead is left to the writer") {
    for (const CallKind kind : {CallKind::create, CallKind::reserve, CallKind::map, CallKind::sync_directory}) {
        NearlyFull<log::Mapped> full;
        full.world.inject({.kind = kind});
        full.trial.stay_ahead();
        CHECK_FALSE(full.has("d/log-000002"));
        REQUIRE(full.trial.rotate());
        REQUIRE(full.trial.append());
        CHECK(full.trial.check_segments() == "");
    }
}

TEST_CASE("no file is made ahead where none may be spare") {
    auto options = laws::small_segments<log::Mapped>();
    options.spare_bytes_max = 0;
    MemoryWorld world({.file_bytes_max = 1_MiB});
    REQUIRE(world.files().create_directory("d"));
    laws::LogTrial<log::Mapped> trial({.environment = world.environment(), .directory = "d", .identity = 7}, options,
                                      3);
    REQUIRE(trial.recover(0, 0) == "");
    for (int frame = 0; frame < 40; ++frame) {
        REQUIRE(trial.append());
        trial.stay_ahead();
    }
    CHECK(trial.log().disk_bytes() == [&] {
        std::size_t bytes = 0;
        for (const SegmentNumber number : trial.log().segments()) bytes += trial.log().capacity_bytes(number);
        return bytes;
    }());
}

TEST_CASE("a log that stays ahead takes the faults of new pages from the writer") {
    const std::string value(128_KiB, 'v');
    const Record record{.key = "key", .sequence = 1, .cell = {.kind = Kind::put, .value = value}};
    const std::size_t body = LogRecord::bytes_for(record);
    const auto taken = [&](bool ahead) {
        const TemporaryDirectory directory;
        auto log =
            log::Mapped::Log<threads::Many>::open({.environment = Environment::system(), .directory = directory.path()},
                                                  {.segment_bytes_min = 4_MiB, .segment_bytes_max = 4_MiB})
                .value();
        REQUIRE(log->rotate(body));
        const auto append = [&] {
            LogRecord::write(log->begin(body), record);
            REQUIRE(log->commit(FrameKind::records, body));
        };
        for (int times = 0; times < 16; ++times) append();
        if (ahead) log->stay_ahead(true);
        const long before = faults();
        append();
        return faults() - before;
    };
    const long pages = 128_KiB / 4096;
    CHECK(taken(false) - taken(true) > pages / 2); // sanitizers take some of their own
}

TEST_CASE("a writer is led by four times what he did since, by an eighth of what is not synced, and by 4 MiB") {
    log::detail::Lead lead;
    LogPosition synced{};
    using Stretch = std::pair<std::size_t, std::size_t>;
    const auto next = [&](SegmentNumber number, std::uint32_t used) {
        const auto stretch = lead.advance({number, used}, synced, 64_MiB);
        return stretch.empty() ? Stretch{} : Stretch{stretch.begin, stretch.end};
    };
    CHECK(next(1, 8'000) == Stretch{8'000, 9'000});
    CHECK(next(1, 8'000) == Stretch{});
    CHECK(next(1, 80'000) == Stretch{80'000, 90'000});
    CHECK(next(1, 81'000) == Stretch{}); // it is at 90,000 already
    CHECK(next(1, 60'000'000) == Stretch{60'000'000, 60'000'000 + 4_MiB});
    synced = {1, 60'000'000}; // what was prepared has been written, and left the page table
    CHECK(next(1, 60'008'000) == Stretch{60'008'000, 60'009'000});
    CHECK(next(1, 1'000) == Stretch{}); // frames were withdrawn
    CHECK(next(2, 8'000) == Stretch{8'000, 10'000});
    CHECK(next(2, 64_MiB) == Stretch{});
}
