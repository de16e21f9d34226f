// Act 1: typed records in atomic batches.
#include "acts.hpp"

using namespace kvilt;

namespace {

// A package and its reverse dependencies are in one batch: never one without the other.
void add(Batch& batch, const Package& package) {
    batch.put(package_key(package.name), package);
    for (const Dependency& each : package.depends) batch.put(reverse_key(each.name, package.name), each.versions);
}

} // namespace

void load(Report& report, const Dump& dump, const std::string& directory) {
    constexpr std::size_t batch_records = 1000;
    report.act("1. Load");
    report.say("Store<memtable::Art<>, log::Mapped, table::Lsm<>> in " + directory);

    const Stopwatch watch;
    PackageStore store = must(PackageStore::open(directory, package_options()));
    if (store.stats().sequence != 0)
        throw std::runtime_error(directory + " holds the store of an earlier run; name another directory");
    {
        Progress progress(dump.packages.size());
        Batch batch;
        for (const auto& [name, package] : dump.packages) {
            add(batch, package);
            progress.advance();
            if (batch.count() < batch_records) continue;
            must(store.apply(batch));
            batch.clear();
        }
        must(store.apply(batch));
    }
    must(store.sync());
    const std::size_t records = dump.packages.size() + dump.dependencies;
    report.say(grouped(records) + " records in " + decimal(watch.seconds(), 2) +
               " s, safe from power loss: " + grouped(watch.per_second(records)) + " a second");
    must(store.compact());
    const Stats stats = store.stats();
    report.say(megabytes(stats.table_bytes) + " of sorted tables and " + megabytes(stats.log_disk_bytes) +
               " of log for " + megabytes(dump.text_bytes) + " of text");
    must(store.close());

    PackageStore opened = must(PackageStore::open(directory, package_options()));
    std::size_t packages = 0;
    must(opened.scan(prefix(std::tuple("package")), [&](Bytes, Bytes) { ++packages; }));
    std::size_t reverses = 0;
    must(opened.scan(prefix(std::tuple("rdep")), [&](Bytes, Bytes) { ++reverses; }));
    report.check(packages == dump.packages.size(),
                 "opened again, it holds " + grouped(packages) + " packages, and as many were parsed");
    report.check(reverses == dump.dependencies,
                 "and " + grouped(reverses) + " reverse dependencies, one for each that was parsed");
    report.check(must(opened.verify()) > 0, "every byte on disk agrees with its checksum");
}
