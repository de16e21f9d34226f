// The logs: appends of records of 132 bytes (header, key and value), and the way back from the files.
#include <kvilt/env/posix.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/log/written.hpp>

#include "../figures.hpp"
#include "fixture.hpp"

namespace {

using namespace bench;
using namespace kvilt;

constexpr std::size_t value_bytes_of_132 = 132 - LogRecord::header_bytes - key_bytes;
constexpr std::size_t body_bytes = LogRecord::bytes_for(0, key_bytes, value_bytes_of_132);
constexpr std::size_t recovered_records = 100'000;

template <class L, class Threads = threads::One>
using LogOf = typename L::template Log<Threads>;

LogContext context(const std::string& directory) {
    return {.environment = Environment::system(), .directory = directory, .identity = 7};
}

// Segments of one size: what is freed is used again, unless `reuse` is false.
template <class L>
typename L::Options segments(bool reuse) {
    typename L::Options options;
    options.segment_bytes_min = options.segment_bytes_max = 16_MiB;
    if constexpr (requires { options.spare_bytes_max; }) options.spare_bytes_max = reuse ? 64_MiB : 0;
    return options;
}

class Appender {
public:
    template <class Log>
    void append(Log& log) {
        if (log.room() < body_bytes) rotate(log);
        LogRecord::write(log.begin(body_bytes), {.key = key_, .sequence = ++sequence_, .cell = {.value = value_}});
        benchmark::DoNotOptimize(log.commit(FrameKind::records, body_bytes).value());
    }

    // Two segments at most, so that any number of appends fits a disk.
    bool keeps_two = true;

private:
    template <class Log>
    void rotate(Log& log) {
        const SegmentNumber full = log.active();
        log.rotate(body_bytes).value();
        if (keeps_two && full != 0) log.free(full);
    }

    std::string key_ = std::string(key_bytes, 'k');
    std::string value_ = std::string(value_bytes_of_132, 'v');
    Sequence sequence_ = 0;
};

// Rotations are part of it.
template <class L>
void append(benchmark::State& state, bool reuse) {
    const TemporaryDirectory directory("");
    const auto log = LogOf<L>::open(context(directory.path()), segments<L>(reuse)).value();
    log->scan({}).value();
    Appender appender;
    if (reuse) // the first round makes what later ones use again
        for (std::size_t bytes = 0; bytes < 64_MiB; bytes += body_bytes) appender.append(*log);
    for ([[maybe_unused]] auto _ : state) appender.append(*log);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body_bytes + Frame::header_bytes));
}

// The device's time, if what temporary files are on has a device.
template <class L>
void append_and_sync(benchmark::State& state) {
    const TemporaryDirectory directory("");
    const auto log = LogOf<L>::open(context(directory.path()), segments<L>(true)).value();
    log->scan({}).value();
    Appender appender;
    for ([[maybe_unused]] auto _ : state) {
        appender.append(*log);
        log->sync().value();
    }
}

template <class L>
struct Left {
    Left() {
        const auto log = LogOf<L>::open(context(directory.path()), segments<L>(true)).value();
        log->scan({}).value();
        Appender appender;
        appender.keeps_two = false;
        for (std::size_t n = 0; n < recovered_records; ++n) appender.append(*log);
        log->seal().value();
    }
    TemporaryDirectory directory{""};
};

// Opening, the scan, which checks every frame, and a replay that looks at every record. The files are in memory.
template <class L>
void recover(benchmark::State& state) {
    auto& left = fixture("", [] { return std::make_shared<Left<L>>(); });
    while (state.KeepRunningBatch(recovered_records)) {
        const auto log = LogOf<L>::open(context(left.directory.path()), segments<L>(true)).value();
        const LogScan scan = log->scan({}).value();
        std::size_t found = 0;
        log->replay(scan,
                    [&](const Frame& frame) -> Result<void> {
                        frame.for_each([&](const LogRecord& record) { found += record.key().size() / key_bytes; });
                        return {};
                    })
            .value();
        if (found != recovered_records) state.SkipWithError("records are missing");
    }
}

template <class L>
void add(const std::string& name) {
    const std::string place = "log/" + name;
    benchmark::RegisterBenchmark((place + "/append").c_str(), append<L>, true);
    benchmark::RegisterBenchmark((place + "/append_to_new_segments").c_str(), append<L>, false);
    if constexpr (L::provides.has(Capability::durable)) {
        benchmark::RegisterBenchmark((place + "/append_and_sync").c_str(), append_and_sync<L>)->UseRealTime();
        benchmark::RegisterBenchmark((place + "/recover").c_str(), recover<L>);
    }
}

[[maybe_unused]] const bool registered = [] {
    add<log::None>("None");
    add<log::Mapped>("Mapped");
    add<log::Written>("Written");
    add<log::Buffered>("Buffered");
    return true;
}();

} // namespace
