// What a log that gathers commits says of what it has not written yet.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/buffered.hpp>

#include <doctest/doctest.h>

using namespace kvilt;

TEST_CASE("a buffered log of which nothing has been written yet verifies, and counts no bytes") {
    MemoryWorld world;
    world.files().create_directory("store").value();
    auto log =
        log::Buffered::Log<threads::One>::open({.environment = world.environment(), .directory = "store"}, {}).value();
    log->rotate(64).value();
    const Record record{.key = "key", .sequence = 1, .cell = {.value = "value"}};
    const std::size_t bytes = LogRecord::bytes_for(record);
    LogRecord::write(log->begin(bytes), record);
    log->commit(FrameKind::records, bytes).value();
    CHECK(log->verify().value() == 0);

    log->sync().value();
    CHECK(log->verify().value() > bytes);
}
