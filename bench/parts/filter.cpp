// The filters of table files, from the hashes of keys on.
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_locator.hpp>

#include "fixture.hpp"

namespace {

using namespace bench;
using namespace kvilt;

constexpr std::uint64_t entry_units = 15; // of a record of 16 and 100 bytes

constexpr std::uint64_t hash_of(std::uint64_t number) { return mix(number, 3); }

template <class Filter>
filter::Built built(std::size_t count) {
    typename Filter::Builder builder;
    for (std::uint64_t n = 0; n < count; ++n) builder.add(hash_of(n), n * entry_units);
    return builder.finish();
}

// In memory as a file's filter is: aligned to a cache line.
template <class Filter>
struct Ready {
    explicit Ready(std::size_t count) : built(::built<Filter>(count)), lines(built.bytes.size() / sizeof(Line)) {
        std::copy(built.bytes.begin(), built.bytes.end(), reinterpret_cast<char*>(lines.data()));
    }
    typename Filter::View view() const {
        return Filter::View::open(built.kind, {reinterpret_cast<const char*>(lines.data()), built.bytes.size()})
            .value();
    }

    struct alignas(64) Line {
        char bytes[64];
    };
    filter::Built built;
    std::vector<Line> lines;
};

template <class Filter>
void build(benchmark::State& state, std::size_t count) {
    std::size_t bytes = 0;
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count)))
        bytes = built<Filter>(count).bytes.size();
    state.counters["bits_per_key"] = static_cast<double>(bytes) * 8 / static_cast<double>(count);
}

// A probe that claims the key. A locator's ends at the first entry with its fingerprint: reading that is the table's.
template <class Filter>
void probe(benchmark::State& state, std::size_t count, bool hit) {
    const auto& ready = fixture(std::to_string(count), [&] { return std::make_shared<Ready<Filter>>(count); });
    const typename Filter::View view = ready.view();
    Round round(count);
    std::size_t claimed = 0;
    for ([[maybe_unused]] auto _ : state) {
        const std::uint64_t hash = hash_of(round.next() + (hit ? 0 : count));
        if constexpr (Filter::locates)
            claimed += view.find(hash, [](std::uint64_t address) {
                benchmark::DoNotOptimize(address);
                return true;
            });
        else
            claimed += view.may_contain(hash);
    }
    state.counters["claimed"] = static_cast<double>(claimed) / static_cast<double>(state.iterations());
}

template <class Filter>
void add(const std::string& name) {
    for (const std::size_t count : {std::size_t{10'000}, std::size_t{1'000'000}}) {
        const std::string size = count == 10'000 ? "/10k" : "/1M";
        const std::string place = "filter/" + name;
        benchmark::RegisterBenchmark((place + "/build" + size).c_str(), build<Filter>, count);
        benchmark::RegisterBenchmark((place + "/hit" + size).c_str(), probe<Filter>, count, true);
        benchmark::RegisterBenchmark((place + "/miss" + size).c_str(), probe<Filter>, count, false);
    }
}

[[maybe_unused]] const bool registered = [] {
    add<filter::Locator>("Locator");
    add<filter::Bloom<10>>("Bloom<10>");
    return true;
}();

} // namespace
