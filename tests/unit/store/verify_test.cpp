// verify() beside writers: what it has yet to read stays where it is.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/store.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace kvilt;

TEST_CASE("segments that are cleaned while they are being verified are not used anew under the reader") {
    MemoryWorld world;
    auto store =
        Store<memtable::Hash<>, log::Written>::open("store", {.log = {.segment_bytes_min = 4_KiB}}, world.environment())
            .value();
    const std::string value(1000, 'v');
    const auto overwrite = [&](std::size_t writes) {
        for (std::size_t n = 0; n < writes; ++n) store.put("key " + std::to_string(n % 100), value).value();
    };
    overwrite(1000);
    bool within = false;
    world.on_call([&](const Call& call) {
        if (within || call.done || call.kind != CallKind::read || call.path.find("log-") == std::string::npos) return;
        within = true;
        overwrite(1000);
    });
    const std::uint64_t cleaned = store.stats().cleaned_segments;
    const auto verified = store.verify();
    world.on_call({});
    CHECK(within);
    CHECK(store.stats().cleaned_segments > cleaned);
    CHECK_MESSAGE(verified.has_value(), (verified ? std::string() : verified.error().message()));

    overwrite(1000); // what had to wait is freed
    CHECK(store.stats().log_disk_bytes < 2_MiB);
}
