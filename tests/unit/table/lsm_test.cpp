// table::Lsm as a whole: the laws, the shape it keeps, and what it leaves on disk.
#include <kvilt/env/memory.hpp>
#include <kvilt/laws/table.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_none.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <random>
#include <thread>
#include <type_traits>

namespace {

using namespace kvilt;

std::uint64_t seed() {
    const char* given = std::getenv("KVILT_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

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

TableContext context_in(MemoryWorld& world) {
    for (const char* directory : {"/live", "/link"}) {
        REQUIRE(world.files().create_directory(directory).has_value());
        REQUIRE(world.files().sync_directory("/").has_value());
    }
    return {world.environment(), "/live", 42, false};
}

// A store of tables alone: what an engine does with them, in a few lines.
template <class Lsm, ThreadsTag Threads = threads::One>
struct Bench {
    using Tables = typename Lsm::template Tables<Threads>;

    MemoryWorld world{};
    TableContext context = context_in(world);
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
    std::size_t files_on_disk() { return world.files().list("/live").value().size(); }
    TableStats stats() const { return tables->stats(*tables->current()); }
};

template <class Lsm, ThreadsTag Threads = threads::One>
void check_laws(int rounds) {
    const std::uint64_t first = seed();
    for (int round = 0; round < rounds; ++round) {
        MemoryWorld world;
        const std::string wrong = laws::table_laws<Lsm, Threads>(context_in(world), small, "/link",
                                                                 first + static_cast<std::uint64_t>(round));
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
TEST_CASE("lazy tables that are checked ahead keep the laws") { check_laws<table::Lsm<>, threads::Many>(3); }
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

TEST_CASE("each policy keeps its shape under random writes, and rewrites as much as it says") {
    const auto written_per_byte = []<class Lsm>(std::type_identity<Lsm>, std::size_t runs_max) {
        Bench<Lsm> bench;
        std::uint64_t flushed = 0;
        for (std::uint64_t at = 0; at < 64; ++at) {
            const std::uint64_t before = bench.bytes_written;
            bench.flush(at * 7919 % 997, 120, 97);
            flushed += bench.bytes_written - before;
            while (bench.compact()) {
            }
            REQUIRE(bench.stats().runs <= runs_max);
            REQUIRE(bench.tables->debt_bytes(*bench.tables->current()) == 0);
        }
        for (const TableFile& file : bench.tables->files(*bench.tables->current()))
            REQUIRE(file.bytes < 2 * small.file_bytes_max);
        return static_cast<double>(bench.bytes_written) / static_cast<double>(flushed);
    };
    const double lazy = written_per_byte(std::type_identity<table::Lsm<>>{}, 3 + 3 + 3 + 1);
    const double leveled = written_per_byte(std::type_identity<table::Lsm<compaction::Leveled>>{}, 3 + 1 + 1 + 1);
    const double tiered = written_per_byte(std::type_identity<table::Lsm<compaction::Tiered>>{}, 7 + 7 + 7);
    MESSAGE("bytes written per byte flushed: lazy " << lazy << ", leveled " << leveled << ", tiered " << tiered);
    CHECK(tiered < lazy);
    CHECK(lazy < leveled);
    CHECK(tiered <= 3);
    CHECK(lazy <= 5);
    CHECK(leveled <= 10);
}

TEST_CASE("debt grows with what is not compacted, and compaction pays it back") {
    Bench<table::Lsm<>> bench;
    std::uint64_t debt = 0;
    for (int at = 0; at < 8; ++at) {
        bench.flush(0, 100);
        const std::uint64_t now = bench.tables->debt_bytes(*bench.tables->current());
        CHECK(now >= debt);
        CHECK(now - debt <= bench.stats().bytes / bench.stats().files + 4_KiB); // no jump beyond one flush
        debt = now;
    }
    CHECK(debt > 0);
    while (bench.compact()) {
    }
    CHECK(bench.tables->debt_bytes(*bench.tables->current()) == 0);
}

TEST_CASE("a deleted key never comes back, whatever is merged on the way") {
    Bench<table::Lsm<>> bench;
    for (int times = 0; times < 2; ++times) bench.flush(0, 300);
    REQUIRE(bench.compact(true)); // the old values lie in the last level
    bench.flush(100, 50, 1, Kind::tombstone);
    for (std::uint64_t at = 0; at < 30; ++at) {
        bench.flush(1000 + at, 60, 31);
        while (bench.compact())
            for (std::uint64_t key = 0; key < 300; ++key) REQUIRE(bench.has(key) == (key < 100 || key >= 150));
    }
    REQUIRE(bench.compact(true));
    CHECK(bench.stats().tombstones == 0);
    CHECK(!bench.has(120));
    CHECK(bench.has(99));
}

TEST_CASE("a snapshot keeps what it sees, and nothing else is kept for it") {
    Bench<table::Lsm<>> bench;
    bench.flush(0, 100);
    bench.snapshots = {bench.sequence};
    for (int times = 0; times < 5; ++times) bench.flush(0, 50);
    bench.flush(0, 100, 1, Kind::tombstone);
    REQUIRE(bench.compact(true));
    CHECK(bench.stats().entries == 200); // each key as the snapshot sees it, and its tombstone
    CHECK(bench.has(20, bench.snapshots.front()));
    CHECK(!bench.has(20));
    CHECK(!bench.compact(true));
    bench.snapshots.clear();
    REQUIRE(bench.compact(true));
    CHECK(bench.stats().files == 0);
    CHECK(bench.files_on_disk() == 0);
}

TEST_CASE("a job given up after any step leaves no file behind, and every step is small") {
    Bench<table::Lsm<>> bench;
    for (int times = 0; times < 4; ++times) bench.flush(0, 300);
    const std::size_t files = bench.files_on_disk();
    const std::uint64_t bytes = bench.stats().bytes;
    for (std::size_t steps = 0;; ++steps) {
        auto job = bench.tables->plan(*bench.tables->current(), {}, false);
        REQUIRE(job != nullptr);
        bool done = false;
        for (std::size_t step = 0; step < steps && !done; ++step) done = job->step(8_KiB).value();
        if (done) {
            CHECK(steps >= bytes / 2 / 8_KiB);
            bench.apply(job->edit());
            break;
        }
        job.reset();
        REQUIRE(bench.files_on_disk() == files);
        REQUIRE(bench.has(299));
    }
    CHECK(bench.stats().entries == 300);
    CHECK(bench.files_on_disk() == bench.stats().files);
}

TEST_CASE("a version reads its files until it is gone, and then they are") {
    Bench<table::Lsm<>> bench;
    for (int times = 0; times < 4; ++times) bench.flush(0, 100);
    const auto* old = bench.tables->current();
    auto job = bench.tables->plan(*old, {}, true);
    while (!job->step(1_MiB).value()) {
    }
    bench.tables->apply(job->edit());
    job.reset();
    table::Lsm<>::Tables<threads::One>::Found found;
    CHECK(bench.tables->find(*old, laws::decimal_key(7), 120, found).value());
    CHECK(found.record.sequence == 108);
    CHECK(bench.files_on_disk() == 4 + bench.stats().files);
    delete old;
    CHECK(bench.files_on_disk() == bench.stats().files);
}

TEST_CASE("a flush that fails leaves the version and the directory as they were") {
    Bench<table::Lsm<>> bench;
    bench.flush(0, 100);
    std::vector<Record> unsorted(300, Record{"b", 9, {.kind = Kind::put, .value = "v"}});
    unsorted.push_back({"a", 10, {}});
    Source source(unsorted);
    CHECK(bench.tables->flush(source, {}).error() == Errc::invalid_argument);
    CHECK(bench.files_on_disk() == 1);

    struct Broken : Source { // all records, then an error in place of the end
        using Source::Source;
        Result<void> status() const { return failure(Errc::corruption, "read", "a segment"); }
    } broken({{"a", 10, {}}});
    CHECK(bench.tables->flush(broken, {}).error() == Errc::corruption);
    CHECK(bench.files_on_disk() == 1);
    Source nothing({});
    CHECK(bench.tables->flush(nothing, {}).value().empty());
}

TEST_CASE("a table that is not on disk as it was written takes no place of what it was made of") {
    Bench<table::Lsm<>> bench;
    for (int times = 0; times < 4; ++times) bench.flush(0, 100);
    const std::size_t files = bench.files_on_disk();
    bench.world.on_call([&](const Call& call) { // the index of what is synced has changed
        if (call.kind != CallKind::sync || !call.done || call.path.find("table-") == std::string::npos) return;
        std::string bytes = bench.world.contents(call.path).value();
        const auto footer =
            table_file::Footer::read(Bytes(bytes).substr(bytes.size() - table_file::Footer::bytes), bytes.size());
        char& byte = bytes[footer->index_offset()];
        byte = static_cast<char>(byte ^ 1);
        bench.world.replace(call.path, bytes).value();
    });
    Source source({{"key", 1000, {.kind = Kind::put, .value = "v"}}});
    const auto flushed = bench.tables->flush(source, {});
    REQUIRE_FALSE(flushed);
    CHECK(flushed.error() == Errc::corruption);
    auto job = bench.tables->plan(*bench.tables->current(), {}, true);
    Result<bool> done = false;
    while (done && !*done) done = job->step(8_KiB);
    REQUIRE_FALSE(done);
    CHECK(done.error() == Errc::corruption);
    job.reset();
    bench.world.on_call({});
    CHECK(bench.files_on_disk() == files);
    for (std::uint64_t key = 0; key < 100; ++key) REQUIRE(bench.has(key));
}

TEST_CASE("files that were written are checked ahead, and no others; damage is told once") {
    const auto slices = [](auto& tables) {
        int count = 1;
        while (tables.check_ahead(1_KiB).value()) ++count;
        return count;
    };
    Bench<table::Lsm<>, threads::Many> bench;
    CHECK(slices(*bench.tables) == 1);
    bench.flush(0, 200);
    CHECK(bench.tables->check_ahead(1_KiB).value());
    CHECK(slices(*bench.tables) > 10); // of 26 KB
    CHECK(slices(*bench.tables) == 1);
    for (std::uint64_t round = 0; round < 4; ++round) bench.flush(round, 200, 4);
    REQUIRE(bench.compact());
    const int after = slices(*bench.tables);
    CHECK(after > 40);
    CHECK(after < 200); // what was compacted is not checked any more

    auto anew = Bench<table::Lsm<>, threads::Many>::Tables::open(bench.context, small,
                                                                 bench.tables->files(*bench.tables->current()))
                    .value();
    CHECK(slices(*anew) == 1); // they may be many, and not in memory

    bench.flush(5000, 10);
    const auto number = bench.tables->files(*bench.tables->current()).front().number;
    REQUIRE(bench.world.flip(bench.context.directory + "/" + table_name(number), 100, 1));
    const auto told = bench.tables->check_ahead(1_MiB);
    REQUIRE_FALSE(told);
    CHECK(told.error() == Errc::corruption);
    CHECK_FALSE(bench.tables->check_ahead(1_MiB).value());
}

TEST_CASE("leftovers of a crash go when they may, and their numbers are never used again") {
    Bench<table::Lsm<>> bench;
    bench.flush(0, 10);
    const auto files = bench.tables->files(*bench.tables->current());
    const auto touch = [&](const std::string& name) { REQUIRE(bench.world.replace("/live/" + name, "x").has_value()); };
    for (const char* name : {"table-000077", "table-77", "table-0000078", "table-000001.bak", "mine"}) touch(name);
    using Tables = table::Lsm<>::Tables<threads::One>;
    TableContext reader = bench.context;
    reader.read_only = true;
    Tables::open(reader, small, files).value()->remove_leftovers();
    CHECK(bench.files_on_disk() == 6);
    auto again = Tables::open(bench.context, small, files).value();
    CHECK(bench.files_on_disk() == 6);
    again->remove_leftovers();
    CHECK(bench.files_on_disk() == 5); // names that are not ours are left alone
    CHECK(!bench.world.files().exists("/live/table-000077").value());
    Source source({{"a", 99, {}}});
    CHECK(again->flush(source, {}).value().added.front().number > 77);
}

TEST_CASE("a manifest that contradicts the directory or itself is refused by name") {
    Bench<table::Lsm<>> bench;
    bench.flush(0, 10);
    bench.flush(5, 10);
    auto files = bench.tables->files(*bench.tables->current());
    using Tables = table::Lsm<>::Tables<threads::One>;
    const auto refused = [&](const std::vector<TableFile>& live) {
        const auto opened = Tables::open(bench.context, small, live);
        REQUIRE(!opened.has_value());
        CHECK(opened.error() == Errc::corruption);
        return opened.error().message();
    };
    auto one_run = files;
    one_run[0].run = one_run[1].run;
    CHECK(refused(one_run).find("overlap") != std::string::npos);
    auto deep = files;
    deep[0].level = 4'000'000'000;
    CHECK(refused(deep).find("level") != std::string::npos);
    REQUIRE(bench.world.files().remove("/live/" + table_name(files[0].number)).has_value());
    CHECK(refused(files).find(table_name(files[0].number)) != std::string::npos);
}

TEST_CASE("tombstones of keys that no run can hold are not even flushed") {
    Bench<table::Lsm<>> bench;
    bench.flush(0, 300);
    bench.flush(1000, 200, 1, Kind::tombstone);
    CHECK(bench.stats().files == 300 * 150 / small.file_bytes_max + 1);
    CHECK(bench.stats().tombstones == 0);
    bench.flush(100, 50, 1, Kind::tombstone);
    CHECK(bench.stats().tombstones == 50);
}

TEST_CASE("what was compacted for snapshots is compacted again when they are gone") {
    Bench<table::Lsm<>> bench;
    bench.flush(0, 20);
    bench.snapshots = {bench.sequence};
    bench.flush(0, 20);
    REQUIRE(bench.compact(true));
    CHECK(!bench.compact(true));
    for (int times = 0; times < 4; ++times) bench.flush(0, 20); // merged into the same run
    while (bench.compact()) {
    }
    REQUIRE(bench.stats().runs == 1);
    bench.snapshots.clear();
    REQUIRE(bench.compact(true));
    CHECK(bench.stats().entries == 20);
}

TEST_CASE("whichever call fails, a flush or a compaction leaves nothing behind, and works when tried again") {
    constexpr CallKind kinds[] = {CallKind::create, CallKind::open,  CallKind::read, CallKind::write,
                                  CallKind::sync,   CallKind::close, CallKind::map,  CallKind::sync_directory};
    std::size_t failed = 0;
    const auto check = []<class Lsm>(std::type_identity<Lsm>, const Fault& fault) {
        Bench<Lsm> bench;
        for (int times = 0; times < 4; ++times) bench.flush(0, 200);
        const std::size_t files = bench.files_on_disk();
        const std::string key = laws::decimal_key(1);
        Source source({{key, 1000, {.kind = Kind::put, .value = "new"}}});
        bench.world.inject(fault);
        const auto flushed = bench.tables->flush(source, {});
        if (!flushed) REQUIRE(bench.files_on_disk() == files);
        auto job = bench.tables->plan(*bench.tables->current(), {}, false);
        REQUIRE(job != nullptr);
        Result<bool> done = false;
        while (done && !*done) done = job->step(4_KiB);
        const bool hit = !flushed || !done;
        bench.world.clear_faults();
        if (done) return hit;
        REQUIRE(!job->step(4_KiB).has_value());
        job.reset();
        REQUIRE(bench.files_on_disk() == files + (flushed ? 1 : 0));
        REQUIRE(bench.compact());
        REQUIRE(bench.stats().entries == 200);
        return hit;
    };
    for (const CallKind kind : kinds)
        for (std::uint64_t call = 1; call < 9; ++call) {
            CAPTURE(name_of(kind));
            CAPTURE(call);
            const Fault fault{.kind = kind, .call = call, .os_code = EIO};
            failed += check(std::type_identity<table::Lsm<>>{}, fault) ? 1U : 0U;
            failed += check(std::type_identity<table::Lsm<reads::Cached, compaction::Leveled>>{}, fault) ? 1U : 0U;
        }
    CHECK(failed > 40);
}

TEST_CASE("what an edit names survives the loss of power as soon as it is returned") {
    Bench<table::Lsm<>> bench;
    using Tables = table::Lsm<>::Tables<threads::One>;
    const auto survives = [&](const TableEdit& edit) {
        const auto world = bench.world.crash(CrashChoice::nothing_unsynced());
        TableContext context = bench.context;
        context.environment = world->environment();
        auto files = bench.tables->files(*bench.tables->current());
        for (const std::uint64_t number : edit.removed)
            std::erase_if(files, [number](const TableFile& file) { return file.number == number; });
        files.insert(files.end(), edit.added.begin(), edit.added.end());
        const auto opened = Tables::open(context, small, files);
        return opened.has_value() && (*opened)->verify(*(*opened)->current()).has_value();
    };
    for (std::uint64_t times = 0; times < 6; ++times) {
        const std::string key = laws::decimal_key(times % 2);
        Source source({{key, 100 + times, {.kind = Kind::put, .value = "v"}}});
        const TableEdit edit = bench.tables->flush(source, {}).value();
        CHECK(survives(edit));
        bench.apply(edit);
    }
    auto job = bench.tables->plan(*bench.tables->current(), {}, false);
    while (!job->step(1_MiB).value()) {
    }
    CHECK(survives(job->edit()));
}

TEST_CASE("links are synced copies where the file system has no links") {
    Bench<table::Lsm<>> bench;
    bench.flush(0, 300);
    const auto files = bench.tables->files(*bench.tables->current());
    bench.world.inject({.kind = CallKind::link, .os_code = EPERM, .for_ever = true});
    REQUIRE(bench.tables->link(*bench.tables->current(), "/link").has_value());
    const auto world = bench.world.crash(CrashChoice::nothing_unsynced());
    const TableContext context{world->environment(), "/link", 42, false};
    const auto opened = table::Lsm<>::Tables<threads::One>::open(context, small, files);
    REQUIRE(opened.has_value());
    CHECK((*opened)->verify(*(*opened)->current()).has_value());
}

TEST_CASE("readers find every key while runs are flushed, merged and removed beside them") {
    using Tables = table::Lsm<>::Tables<threads::Many>;
    constexpr std::uint64_t keys = 200;
    MemoryWorld world;
    const auto tables = Tables::open(context_in(world), small, {}).value();
    Epochs<threads::Many> epochs;
    threads::Many::Atomic<const Tables::Version*> published{tables->current()};
    const auto install = [&](const TableEdit& edit) {
        const auto* former = tables->current();
        published.store(tables->apply(edit));
        epochs.retire_delete(0, const_cast<Tables::Version*>(former));
        epochs.collect();
    };
    const auto flush = [&](Sequence first) {
        std::vector<std::string> names;
        for (std::uint64_t key = 0; key < keys; ++key) names.push_back(laws::decimal_key(key));
        std::vector<Record> records;
        for (std::uint64_t key = 0; key < keys; ++key)
            records.push_back({names[key], first + key, {.kind = Kind::put, .value = names[key]}});
        Source source(std::move(records));
        install(tables->flush(source, {}).value());
    };
    flush(1);
    std::atomic<bool> stop{false};
    std::atomic<std::uint64_t> wrong{0};
    const auto read = [&] {
        for (std::uint64_t at = 0; !stop; ++at) {
            const std::string key = laws::decimal_key(at * 7 % keys);
            const Epochs<threads::Many>::Pin pin(epochs);
            Tables::Found found;
            const auto hit = tables->find(*published.load(), key, sequence_max, found);
            if (!hit || !*hit || found.record.cell.value != key) ++wrong;
        }
    };
    std::thread readers[] = {std::thread(read), std::thread(read)};
    for (Sequence round = 1; round < 40; ++round) {
        flush(1 + round * keys);
        while (auto job = tables->plan(*tables->current(), {}, round % 8 == 0)) {
            while (!job->step(4_KiB).value()) {
            }
            install(job->edit());
        }
    }
    stop = true;
    for (std::thread& reader : readers) reader.join();
    epochs.collect();
    CHECK(wrong == 0);
    CHECK(world.files().list("/live").value().size() == tables->stats(*tables->current()).files);
}
