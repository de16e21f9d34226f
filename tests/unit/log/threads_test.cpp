// One thread writes while another syncs and others look.
#include <kvilt/env/memory.hpp>
#include <kvilt/laws/log.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/log/written.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

using namespace kvilt;

TEST_CASE_TEMPLATE("syncs and preparations run beside commits, rotates and frees", L, log::Mapped, log::Written,
                   log::Buffered) {
    MemoryWorld world({.file_bytes_max = 1_MiB});
    REQUIRE(world.files().create_directory("d"));
    const auto context = [](MemoryWorld& in) {
        return LogContext{.environment = in.environment(), .directory = "d", .identity = 7};
    };
    laws::LogTrial<L, threads::Many> trial(context(world), laws::small_segments<L>(), 11);
    REQUIRE(trial.recover(0, 0) == "");
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    std::thread syncer([&] {
        while (!done) {
            const LogPosition before = trial.log().end();
            if (!trial.log().sync() || trial.log().synced() < before) ++wrong;
        }
    });
    std::thread ahead([&] {
        while (!done) trial.log().stay_ahead(true);
    });
    std::thread watcher([&] {
        for (LogPosition last{}; !done;) {
            const LogPosition synced = trial.log().synced();
            if (synced < last) ++wrong;
            last = synced;
            if (trial.log().disk_bytes() > 10_MiB || trial.log().memory_bytes() > 10_MiB) ++wrong;
        }
    });
    for (std::uint64_t step = 0; step < 3000; ++step) {
        const std::uint64_t draw = mix(11, step);
        if (draw % 16 == 1) {
            REQUIRE(trial.rotate());
        } else if (draw % 16 == 2) {
            trial.free_oldest();
        } else {
            REQUIRE(trial.append());
            // As an index does: a link is set once the record is committed.
            trial.log().for_each(trial.log().active(), [](LogRecord& record) { record.set_older(&record); });
        }
    }
    done = true;
    syncer.join();
    ahead.join();
    watcher.join();
    CHECK(wrong == 0);
    REQUIRE(trial.sync());
    CHECK(trial.check_segments() == "");
    const auto after = world.crash(CrashChoice::nothing_unsynced());
    laws::LogTrial<L, threads::Many> again(context(*after), laws::small_segments<L>(), 11);
    again.model = trial.model;
    CHECK(again.recover() == "");
}

TEST_CASE("segments in memory are read beside the writer") {
    auto log = log::None::Log<threads::Many>::open({}, laws::small_segments<log::None>()).value();
    const laws::LogContent content(5);
    std::atomic<bool> done = false;
    std::atomic<int> wrong = 0;
    const auto write = [&](std::uint64_t index) {
        const std::size_t bytes = content.body_bytes(index);
        if (log->room() < bytes) REQUIRE(log->rotate(bytes));
        content.write(index, log->begin(bytes));
        REQUIRE(log->commit(FrameKind::records, bytes));
    };
    write(0);
    std::thread reader([&] {
        for (std::uint64_t index = 0; !done;) {
            index = 0;
            std::size_t nth = 0;
            log->for_each(1, [&](LogRecord& record) {
                if (!content.equals(index, nth, record) || log->segment_of(&record) != 1) ++wrong;
                if (++nth == content.records(index)) nth = 0, ++index;
            });
        }
    });
    for (std::uint64_t index = 1; index < 500; ++index) write(index);
    done = true;
    reader.join();
    CHECK(wrong == 0);
}

TEST_CASE("how segments grow does not depend on how fast the next ones are made") {
    const auto sizes = [](bool ahead) {
        MemoryWorld world({.file_bytes_max = 1_MiB});
        REQUIRE(world.files().create_directory("d"));
        laws::LogTrial<log::Mapped, threads::Many> trial(
            {.environment = world.environment(), .directory = "d", .identity = 7},
            {.segment_bytes_min = 4_KiB, .segment_bytes_max = 128_KiB}, 5);
        REQUIRE(trial.recover(0, 0) == "");
        world.on_call([](const Call& call) { // a device on which names take their time
            if (call.kind == CallKind::sync_directory && !call.done)
                std::this_thread::sleep_for(std::chrono::microseconds(300));
        });
        std::atomic<bool> done = false;
        std::thread beside([&] {
            while (ahead && !done) trial.log().stay_ahead(true);
        });
        for (int frame = 0; frame < 1500; ++frame) REQUIRE(trial.append());
        done = true;
        beside.join();
        std::vector<std::size_t> all;
        for (const SegmentNumber number : trial.log().segments()) all.push_back(trial.log().capacity_bytes(number));
        return all;
    };
    const auto alone = sizes(false);
    CHECK(alone.size() >= 6);
    for (int round = 0; round < 5; ++round) CHECK(sizes(true) == alone);
}
