// Blocks and table files, and the merge of several: what reads of flushed data are made of.
#include <kvilt/core/merge.hpp>
#include <kvilt/env/posix.hpp>
#include <kvilt/table/block_builder.hpp>
#include <kvilt/table/builder.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_locator.hpp>
#include <kvilt/table/filter_none.hpp>
#include <kvilt/table/reader_cursor.hpp>

#include "../figures.hpp"
#include "fixture.hpp"

namespace {

using namespace bench;
using namespace kvilt;

constexpr std::size_t table_records = 100'000; // 12 MB
const std::string value_stored(value_bytes, 'v');

Record record_of(Bytes key) { return {.key = key, .sequence = 1, .cell = {.value = value_stored}}; }

// A key for every second number, so that there are keys between them that are missing.
Keys even_keys(std::size_t count) {
    std::string text;
    for (std::size_t n = 0; n < count; ++n) append_key(text, 2 * n, Order::sequential);
    return Keys(std::move(text));
}
Keys odd_keys(std::size_t count) {
    std::string text;
    for (std::size_t n = 0; n < count; ++n) append_key(text, 2 * n + 1, Order::sequential);
    return Keys(std::move(text));
}

// ---- A block of 4 KiB.

struct Block {
    Block() : keys(even_keys(1000)) {
        table_file::BlockBuilder builder(4_KiB);
        for (std::size_t n = 0; builder.fits(record_of(keys[n])); ++n) builder.add(record_of(keys[n]));
        body = builder.finish(trailer);
    }
    table_file::BlockView view() const { return {body, trailer.count, trailer.skip}; }

    Keys keys;
    table_file::BlockTrailer trailer{};
    std::string body{};
};

void block_build(benchmark::State& state) {
    const Keys keys = even_keys(1000);
    table_file::BlockBuilder builder(4_KiB);
    const std::size_t count = Block().trailer.count;
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(count))) {
        for (std::size_t n = 0; n < count; ++n) builder.add(record_of(keys[n]));
        table_file::BlockTrailer trailer;
        benchmark::DoNotOptimize(builder.finish(trailer).data());
        builder.clear();
    }
}
BENCHMARK(block_build)->Name("block/build");

void block_search(benchmark::State& state) {
    const Block block;
    const table_file::BlockView view = block.view();
    std::vector<std::size_t> places; // in an order that no branch predictor knows
    for (std::size_t n = 0; n < 1 << 16; ++n) places.push_back(mix(n) % view.count());
    Round round(places.size());
    for ([[maybe_unused]] auto _ : state) {
        const std::size_t at = view.lower_bound(block.keys[places[round.next()]]);
        benchmark::DoNotOptimize(view.record(at).cell.value.data());
    }
}
BENCHMARK(block_search)->Name("block/search");

void block_check(benchmark::State& state) {
    const Block block;
    for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(block.view().malformed());
}
BENCHMARK(block_check)->Name("block/check");

// ---- A table file, in memory once it was read.

template <class Filter, class Reads>
struct Table {
    using Reader = TableReader<Filter, compression::None, Reads, threads::One>;
    using Cursor = typename Reader::Cursor;

    // Every `stride`th key from `first` on, of `keys`.
    Table(const Keys& keys, std::size_t first = 0, std::size_t stride = 1) {
        const TableContext context{
            .environment = Environment::system(), .directory = directory.path(), .identity = 7, .read_only = false};
        auto builder = TableBuilder<Filter, compression::None>::create(context, 1).value();
        for (std::size_t n = first; n < keys.size(); n += stride) builder.add(record_of(keys[n])).value();
        const TableFile file = builder.finish().value();
        reader = Reader::open(context, file, std::make_shared<typename Reader::Cache>(64_MiB)).value();
        Cursor cursor(*reader);
        for (cursor.seek_first(); cursor.valid();) cursor.next(); // checks every block
    }

    TemporaryDirectory directory{""};
    std::shared_ptr<Reader> reader{};
};

template <class T>
struct Asked {
    Keys hits = even_keys(table_records).shuffled();
    Keys misses = odd_keys(table_records).shuffled();
    T table{even_keys(table_records)};
};

template <class T>
Asked<T>& asked() {
    return fixture("", [] { return std::make_shared<Asked<T>>(); });
}

template <class T>
void table_find(benchmark::State& state, bool hit) {
    auto& in = asked<T>();
    const Keys& keys = hit ? in.hits : in.misses;
    Round round(keys.size());
    std::size_t hits = 0;
    for ([[maybe_unused]] auto _ : state) {
        const Bytes key = keys[round.next()];
        typename T::Reader::Found found;
        hits += in.table.reader->find(key, hash_key(key), sequence_max, found).value();
        benchmark::DoNotOptimize(found.record.cell.value.data());
    }
    if ((hits != 0) != hit) state.SkipWithError("found what is not there, or not what is");
}

template <class T>
void table_seek(benchmark::State& state) {
    auto& in = asked<T>();
    typename T::Cursor cursor(*in.table.reader);
    Round round(in.misses.size());
    for ([[maybe_unused]] auto _ : state) {
        cursor.seek(in.misses[round.next()]);
        benchmark::DoNotOptimize(cursor.valid());
    }
}

// Goes through a cursor over and over.
template <class Cursor>
void walk(benchmark::State& state, Cursor& cursor, bool forwards) {
    for ([[maybe_unused]] auto _ : state) {
        if (cursor.valid())
            forwards ? cursor.next() : cursor.previous();
        else
            forwards ? cursor.seek_first() : cursor.seek_last();
        if (cursor.valid()) benchmark::DoNotOptimize(cursor.record().cell.value.data());
    }
}

template <class T>
void table_walk(benchmark::State& state, bool forwards) {
    typename T::Cursor cursor(*asked<T>().table.reader);
    walk(state, cursor, forwards);
}

// ---- Several tables, each with keys among those of the others.

using MergedTable = Table<filter::None, reads::Mapped>;

struct Runs {
    explicit Runs(std::size_t count) : keys(even_keys(table_records)), asked(odd_keys(table_records).shuffled()) {
        for (std::size_t run = 0; run < count; ++run) tables.push_back(std::make_unique<MergedTable>(keys, run, count));
    }
    Merge<MergedTable::Cursor> merge() const {
        std::vector<MergedTable::Cursor> cursors;
        for (const auto& table : tables) cursors.emplace_back(*table->reader);
        return Merge<MergedTable::Cursor>(std::move(cursors));
    }

    Keys keys;
    Keys asked;
    std::vector<std::unique_ptr<MergedTable>> tables{};
};

Runs& runs(benchmark::State& state) {
    const std::size_t count = size_argument(state);
    return fixture(std::to_string(count), [&] { return std::make_shared<Runs>(count); });
}

void merge_next(benchmark::State& state) {
    auto merge = runs(state).merge();
    walk(state, merge, true);
}
void merge_previous(benchmark::State& state) {
    auto merge = runs(state).merge();
    walk(state, merge, false);
}
void merge_seek(benchmark::State& state) {
    const Runs& in = runs(state);
    auto merge = in.merge();
    Round round(in.asked.size());
    for ([[maybe_unused]] auto _ : state) {
        merge.seek(in.asked[round.next()]);
        benchmark::DoNotOptimize(merge.valid());
    }
}

template <class Filter, class Reads>
void add(const std::string& name, bool order) {
    using T = Table<Filter, Reads>;
    const std::string place = "table/" + name;
    benchmark::RegisterBenchmark((place + "/find_hit").c_str(), table_find<T>, true);
    benchmark::RegisterBenchmark((place + "/find_miss").c_str(), table_find<T>, false);
    if (!order) return;
    benchmark::RegisterBenchmark((place + "/seek").c_str(), table_seek<T>);
    benchmark::RegisterBenchmark((place + "/next").c_str(), table_walk<T>, true);
    benchmark::RegisterBenchmark((place + "/previous").c_str(), table_walk<T>, false);
}

[[maybe_unused]] const bool registered = [] {
    add<filter::Locator, reads::Mapped>("Locator,Mapped", true);
    add<filter::Bloom<10>, reads::Mapped>("Bloom<10>,Mapped", false);
    add<filter::None, reads::Mapped>("None,Mapped", false);
    add<filter::Locator, reads::Cached>("Locator,Cached", true);
    const auto merges = [](const char* name, void (*run)(benchmark::State&)) {
        benchmark::RegisterBenchmark(name, run)->ArgName("runs")->Arg(1)->Arg(2)->Arg(4)->Arg(8);
    };
    merges("merge/next", merge_next);
    merges("merge/previous", merge_previous);
    merges("merge/seek", merge_seek);
    return true;
}();

} // namespace
