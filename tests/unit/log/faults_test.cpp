// What a log does when its calls fail.
#include <kvilt/env/memory.hpp>
#include <kvilt/laws/log.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/written.hpp>

#include <doctest/doctest.h>

using namespace kvilt;

namespace {

template <class L>
struct Bench {
    MemoryWorld world{{.file_bytes_max = 1_MiB}};
    laws::LogTrial<L> trial;

    explicit Bench(typename L::Options options = laws::small_segments<L>()) : trial(context(world), options, 3) {
        REQUIRE(world.files().create_directory("d"));
        REQUIRE(trial.recover(0, 0) == "");
    }

    static LogContext context(MemoryWorld& world) {
        return {.environment = world.environment(), .directory = "d", .identity = 7};
    }

    // What is found after the power was cut, and only the synced was kept; or all was.
    void check_recovery() {
        for (const bool all : {false, true}) {
            const auto after = world.crash(all ? CrashChoice::everything() : CrashChoice::nothing_unsynced());
            laws::LogTrial<L> again(context(*after), laws::small_segments<L>(), 3);
            again.model = trial.model;
            CHECK(again.recover() == "");
        }
    }
};

} // namespace

TEST_CASE_TEMPLATE("a failed sync is never tried again on the same file", L, log::Mapped, log::Written, log::Buffered) {
    Bench<L> bench;
    auto& trial = bench.trial;
    REQUIRE(trial.append());
    REQUIRE(trial.sync());
    REQUIRE(trial.append());
    const LogPosition synced = trial.log().synced();
    bench.world.inject({.kind = CallKind::sync});
    CHECK_FALSE(trial.sync());
    const std::uint64_t syncs = bench.world.calls(CallKind::sync);
    CHECK_FALSE(trial.sync());
    CHECK(trial.error->code == Errc::io);
    CHECK_FALSE(trial.seal());
    CHECK(bench.world.calls(CallKind::sync) == syncs);
    CHECK(trial.log().synced() == synced);
    bench.check_recovery();

    // The way out: what the segment holds is copied on and made durable without it; then it is freed.
    const SegmentNumber failed = trial.log().active();
    REQUIRE(trial.rotate());
    REQUIRE(trial.append());
    CHECK_FALSE(trial.sync());
    CHECK(trial.log().sync(trial.log().active()));
    CHECK(trial.log().synced() == synced);
    bench.check_recovery();
    trial.free_oldest();
    CHECK(trial.log().synced() == trial.log().end());
    REQUIRE(trial.sync());
    CHECK(trial.log().segments() == std::vector<SegmentNumber>{failed + 1});
    bench.check_recovery();
    CHECK(trial.check_segments() == "");
}

TEST_CASE("what stood before the oldest segment left counts as synced once it is freed") {
    Bench<log::Mapped> bench;
    REQUIRE(bench.trial.append());
    REQUIRE(bench.trial.rotate());
    REQUIRE(bench.trial.append());
    CHECK(bench.trial.log().synced() < LogPosition{1, FileHeader::bytes});
    bench.trial.free_oldest();
    CHECK(bench.trial.log().synced() == LogPosition{2, 0});
}

TEST_CASE("the file of a failed segment is not used anew") {
    for (const bool fails : {false, true}) {
        Bench<log::Mapped> bench({.segment_bytes_min = 4_KiB, .segment_bytes_max = 4_KiB});
        REQUIRE(bench.trial.append());
        if (fails) bench.world.inject({.kind = CallKind::sync});
        CHECK(bench.trial.sync() == !fails);
        REQUIRE(bench.trial.rotate());
        REQUIRE(bench.trial.append());
        bench.trial.free_oldest();
        bench.trial.remove_freed();
        CHECK(bench.world.files().exists("d/log-000001").value() == !fails);
    }
}

TEST_CASE("of two files with one number the one that was written to counts") {
    Bench<log::Written> bench({.segment_bytes_min = 4_KiB, .segment_bytes_max = 4_KiB});
    auto& trial = bench.trial;
    for (int segment = 0; segment < 3; ++segment) {
        REQUIRE(trial.rotate());
        REQUIRE(trial.append());
    }
    REQUIRE(trial.sync());
    for (int segment = 0; segment < 2; ++segment) trial.free_oldest();
    const std::string spare = "d/log-000001"; // the first to be used anew, of two
    REQUIRE(bench.world.files().exists(spare).value());
    bench.world.inject({.kind = CallKind::write, .bytes_done = FileHeader::bytes});
    REQUIRE(trial.rotate());
    REQUIRE_FALSE(bench.world.files().exists(spare).value());
    REQUIRE(trial.append());
    REQUIRE(trial.sync());
    const auto after =
        bench.world.crash(CrashChoice([](const Unsynced& item) { return item.kind != Unsynced::Kind::name; }));
    REQUIRE(after->files().exists(spare).value()); // its removal was not durable
    laws::LogTrial<log::Written> again(bench.context(*after), laws::small_segments<log::Written>(), 3);
    again.model = trial.model;
    CHECK(again.recover() == "");
}

TEST_CASE("a commit that failed is not replayed, however much of it was written") {
    for (const std::uint64_t bytes_done : {std::uint64_t{0}, std::uint64_t{30}, std::uint64_t{1'000'000}}) {
        Bench<log::Written> bench;
        auto& trial = bench.trial;
        REQUIRE(trial.append());
        const LogPosition end = trial.log().end();
        bench.world.inject({.kind = CallKind::write, .bytes_done = bytes_done});
        CHECK_FALSE(trial.append());
        CHECK(trial.log().end() == end);
        REQUIRE(trial.rotate());
        REQUIRE(trial.append()); // the same frame, in its new place
        REQUIRE(trial.append());
        const auto after = bench.world.kill();
        laws::LogTrial<log::Written> again(bench.context(*after), laws::small_segments<log::Written>(), 3);
        again.model = trial.model;
        CHECK(again.recover(3, 3) == "");
    }
}

TEST_CASE_TEMPLATE("a frame that was withdrawn is not replayed, even if it had been synced", L, log::Mapped,
                   log::Written, log::Buffered) {
    Bench<L> bench;
    auto& trial = bench.trial;
    REQUIRE(trial.append());
    const LogPosition from = trial.log().end();
    REQUIRE(trial.append());
    REQUIRE(trial.sync());
    trial.log().withdraw(from, {.operation = "commit"});
    trial.model.committed = trial.model.begun = trial.model.synced = 1;
    CHECK(trial.log().end() == from);
    CHECK(trial.log().synced() == from);
    REQUIRE(trial.rotate());
    REQUIRE(trial.append()); // the same frame, in its new place
    REQUIRE(trial.append());
    bench.check_recovery();
    const auto after = bench.world.kill();
    laws::LogTrial<L> again(bench.context(*after), laws::small_segments<L>(), 3);
    again.model = trial.model;
    CHECK(again.recover(L::survives_process ? 3 : 1, 3) == "");
}

TEST_CASE_TEMPLATE("a rotate that fails has changed nothing", L, log::Mapped, log::Written, log::Buffered) {
    for (const CallKind kind :
         {CallKind::create, CallKind::reserve, CallKind::map, CallKind::sync_directory, CallKind::write}) {
        CAPTURE(name_of(kind));
        Bench<L> bench;
        auto& trial = bench.trial;
        REQUIRE(trial.append());
        REQUIRE(trial.sync());
        const std::vector<std::string> files = bench.world.files().list("d").value();
        const std::size_t disk = trial.log().disk_bytes();
        bench.world.inject({.kind = kind, .os_code = ENOSPC, .bytes_done = 64});
        if (trial.rotate()) continue; // no call of that kind
        CHECK(trial.error->code == Errc::full);
        CHECK(trial.log().active() == 1);
        CHECK(trial.log().next_number() == 2);
        CHECK(trial.log().disk_bytes() == disk);
        CHECK(bench.world.files().list("d").value() == files);
        REQUIRE(trial.append());
        REQUIRE(trial.rotate());
        CHECK(trial.log().active() == 2);
        REQUIRE(trial.append());
        bench.check_recovery(); // the removed file may come back
        REQUIRE(trial.sync());
        bench.check_recovery();
    }
}

TEST_CASE_TEMPLATE("a full disk stops rotate alone, and room makes it go on", L, log::Mapped, log::Written,
                   log::Buffered) {
    Bench<L> bench;
    auto& trial = bench.trial;
    REQUIRE(trial.append());
    bench.world.set_capacity(bench.world.used_bytes());
    CHECK_FALSE(trial.rotate());
    CHECK(trial.error->code == Errc::full);
    REQUIRE(trial.append());
    REQUIRE(trial.sync());
    bench.world.set_capacity(memory::unlimited);
    REQUIRE(trial.rotate());
    REQUIRE(trial.append());
    REQUIRE(trial.seal());
    bench.check_recovery();
}

TEST_CASE_TEMPLATE("an error of any call at any time costs nothing that was synced", L, log::Mapped, log::Written,
                   log::Buffered) {
    std::uint64_t calls = 1000;
    for (std::uint64_t fail_at = 1; fail_at <= calls; ++fail_at) {
        Bench<L> bench;
        bench.world.inject({.call = fail_at, .os_code = fail_at % 2 == 0 ? EIO : ENOSPC, .bytes_done = fail_at * 8});
        const std::uint64_t before = bench.world.calls();
        bool failed = false;
        for (std::uint64_t step = 0; step < 100 && !failed; ++step)
            failed = !laws::step_log(bench.trial, mix(5, step) >> 8);
        if (!failed) calls = bench.world.calls() - before;
        bench.world.clear_faults();
        bench.check_recovery();
        REQUIRE(bench.trial.rotate());
        REQUIRE(bench.trial.append());
        bench.check_recovery();
        CHECK(bench.trial.check_segments() == "");
    }
    CHECK(calls < 1000);
}

TEST_CASE("a read error in recovery is an error, not the end of the log") {
    Bench<log::Written> bench;
    for (int frame = 0; frame < 5; ++frame) REQUIRE(bench.trial.append());
    REQUIRE(bench.trial.rotate());
    REQUIRE(bench.trial.append());
    for (std::uint64_t call = 1; call <= 4; ++call) {
        const auto after = bench.world.kill();
        after->inject({.kind = CallKind::read, .call = call});
        auto log = log::Written::Log<threads::One>::open(bench.context(*after), {}).value();
        CHECK(log->scan({}).error().code == Errc::io);
    }
}

TEST_CASE_TEMPLATE("what recovery read from the cache of a failed sync is made durable", L, log::Mapped, log::Written,
                   log::Buffered) {
    Bench<L> bench;
    REQUIRE(bench.trial.append());
    REQUIRE(bench.trial.append());
    bench.world.inject({.kind = CallKind::sync});
    CHECK_FALSE(bench.trial.sync());
    const auto after = bench.world.kill();
    laws::LogTrial<L> again(bench.context(*after), laws::small_segments<L>(), 3);
    again.model = bench.trial.model;
    REQUIRE(again.recover(2, 2) == "");
    const auto later = after->crash(CrashChoice::nothing_unsynced());
    laws::LogTrial<L> third(bench.context(*later), laws::small_segments<L>(), 3);
    third.model = again.model;
    CHECK(third.recover(2, 2) == "");
}

TEST_CASE("a directory that was copied by other means is durable once it is settled") {
    Bench<log::Written> bench;
    REQUIRE(bench.trial.append());
    MemoryWorld copy({.file_bytes_max = 1_MiB});
    REQUIRE(copy.files().create_directory("d"));
    auto file = copy.files().open("d/log-000001", OpenMode::create).value();
    REQUIRE(file->write_at(0, bench.world.contents("d/log-000001").value()));
    laws::LogTrial<log::Written> trial(bench.context(copy), laws::small_segments<log::Written>(), 3);
    trial.model = bench.trial.model;
    REQUIRE(trial.recover(1, 1) == "");
    const auto after = copy.crash(CrashChoice::nothing_unsynced());
    laws::LogTrial<log::Written> again(bench.context(*after), laws::small_segments<log::Written>(), 3);
    again.model = trial.model;
    CHECK(again.recover(1, 1) == "");
}
