// table::Lsm as a whole: the laws, the shape it keeps, and what it leaves on disk.
#include <kvilt/env/posix.hpp>
#include <kvilt/laws/table.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_none.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <type_traits>

namespace {

using namespace kvilt;

std::uint64_t seed() {
    const char* given = std::getenv("KVILT_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

// Removed at the end, with all in it.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        std::string path = (std::filesystem::temp_directory_path() / "kvilt-lsm-XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr) throw std::bad_alloc();
        path_ = path;
        std::filesystem::create_directory(path_ + "/live");
        std::filesystem::create_directory(path_ + "/link");
    }
    ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
    std::string live() const { return path_ + "/live"; }
    std::string link() const { return path_ + "/link"; }
    std::size_t files() const {
        const std::filesystem::directory_iterator begin(live());
        return static_cast<std::size_t>(std::distance(begin, {}));
    }

private:
    std::string path_;
};

constexpr table::Options small{.file_bytes_max = 16_KiB, .level_bytes_base = 64_KiB, .block_bytes = 1_KiB};

// Sorted records for a flush.
class Source {
public:
    explicit Source(std::vector<Record> records) : records_(std::move(records)) {}
    bool valid() const { return at_ < records_.size(); }
    void next() { ++at_; }
    Record record() const { return records_[at_]; }

private:
    std::vector<Record> records_;
    std::size_t at_ = 0;
};

// A store of tables alone: what an engine does with them, in a few lines.
template <class Lsm>
struct Bench {
    using Tables = typename Lsm::template Tables<threads::One>;

    TemporaryDirectory directory{};
    TableContext context{Environment::system(), directory.live(), 42, false};
    std::unique_ptr<Tables> tables = Tables::open(context, small, {}).value();
    std::vector<Sequence> snapshots{};
    Sequence sequence = 0;
    std::uint64_t bytes_written = 0;
    std::size_t rewrites = 0;

    void apply(const TableEdit& edit) {
        for (const TableFile& file : edit.added)
            if (std::find(edit.removed.begin(), edit.removed.end(), file.number) == edit.removed.end())
                bytes_written += file.bytes;
        const auto* former = tables->current();
        tables->apply(edit);
        delete former;
    }
    // `count` keys from `from` on, in steps of `step`.
    void flush(std::uint64_t from, std::uint64_t count, std::uint64_t step = 1, Kind kind = Kind::put) {
        std::vector<std::string> keys;
        for (std::uint64_t at = 0; at < count; ++at) keys.push_back(laws::decimal_key(from + at * step));
        const std::string value(100, 'v');
        std::vector<Record> records;
        for (const std::string& key : keys)
            records.push_back({key, ++sequence, {.kind = kind, .value = kind == Kind::put ? Bytes(value) : Bytes()}});
        Source source(std::move(records));
        apply(tables->flush(source, snapshots).value());
    }
    bool compact(bool everything = false) {
        auto job = tables->plan(*tables->current(), snapshots, everything);
        if (job == nullptr) return false;
        while (!job->step(8_KiB).value()) {
        }
        apply(job->edit());
        return true;
    }
    bool has(std::uint64_t key, Sequence at = sequence_max) {
        typename Tables::Found found;
        const bool hit = tables->find(*tables->current(), laws::decimal_key(key), at, found).value();
        return hit && found.record.cell.kind == Kind::put;
    }
    TableStats stats() const { return tables->stats(*tables->current()); }
};

template <class Lsm>
void check_laws(int rounds) {
    const std::uint64_t first = seed();
    for (int round = 0; round < rounds; ++round) {
        const TemporaryDirectory directory;
        const TableContext context{Environment::system(), directory.live(), first, false};
        const std::string wrong =
            laws::table_laws<Lsm>(context, small, directory.link(), first + static_cast<std::uint64_t>(round));
        REQUIRE_MESSAGE(wrong.empty(), wrong);
    }
}

} // namespace

TEST_CASE("the parts of Lsm stand in any order and name one type") {
    static_assert(TablePolicy<table::Lsm<>>);
    static_assert(std::is_same_v<table::Lsm<>, table::Lsm<reads::Mapped, compaction::Fluid<8, 3, 1>>>);
    static_assert(std::is_same_v<table::Lsm<filter::Bloom<10>, compaction::Tiered, reads::Cached>,
                                 table::Lsm<reads::Cached, compaction::Tiered, filter::Bloom<10>>>);
    static_assert(table::Lsm<reads::Cached>::provides == Capabilities{Capability::tables, Capability::block_cache});
    CHECK(table::Lsm<>::validate({}).has_value());
    CHECK(table::Lsm<>::validate({.file_bytes_max = 1}).error() == Errc::invalid_option);
    CHECK(table::Lsm<>::validate({.level_bytes_base = 1}).error() == Errc::invalid_option);
    CHECK(table::Lsm<>::validate({.block_bytes = 1000}).error() == Errc::invalid_option);
}

TEST_CASE("lazy tables keep the laws") { check_laws<table::Lsm<>>(6); }
TEST_CASE("leveled tables with cached reads keep the laws") {
    check_laws<table::Lsm<compaction::Leveled, reads::Cached>>(5);
}
TEST_CASE("tiered tables with a Bloom filter keep the laws") {
    check_laws<table::Lsm<compaction::Tiered, filter::Bloom<10>>>(5);
}

TEST_CASE("keys written in order are never rewritten, and end up as few runs") {
    Bench<table::Lsm<>> bench;
    std::uint64_t flushed = 0;
    for (std::uint64_t at = 0; at < 40; ++at) {
        bench.flush(at * 100, 100);
        while (bench.compact()) {
        }
    }
    flushed = bench.stats().bytes;
    CHECK(bench.bytes_written == flushed);
    CHECK(bench.stats().entries == 4000);
    CHECK(bench.stats().runs <= 5);
    CHECK(bench.has(0));
    CHECK(bench.has(3999));
    CHECK(!bench.has(4000));
}
