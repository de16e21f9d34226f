// Act 4: change one alias, and the same program is another store.
#include "race.hpp"

#include "acts.hpp"
#include "disk.hpp"

namespace {

std::string row(const std::string& name, const std::string& load, const std::string& gets, const std::string& disk,
                const std::string& memory) {
    char line[120];
    std::snprintf(line, sizeof line, "%-20s %9s %14s %12s %12s", name.c_str(), load.c_str(), gets.c_str(), disk.c_str(),
                  memory.c_str());
    return line;
}

} // namespace

void change_one_alias(Report& report, const Dump& dump, const std::string& directory) {
    report.act("4. Change one alias");
    report.say(grouped(dump.packages.size()) +
               " packages by name: each put, each looked up in random order, each compared");
    report.say(row("", "load", "look-ups/s", "on disk", "in memory"));
    const auto run = [&](const Figures& figures, const std::string& where) {
        report.say(row(figures.name, decimal(figures.load_seconds, 3) + " s", grouped(figures.views_per_second),
                       where.empty() ? "-" : megabytes(bytes_in(where)), megabytes(figures.memory_bytes)));
        return figures.verified;
    };
    const std::string bitcask = directory + "/bitcask";
    const std::string lsm = directory + "/lsm";
    const std::string shards = directory + "/shards";
    const bool verified[] = {run(race_cache(dump), {}), run(race_bitcask(dump, bitcask), bitcask),
                             run(race_lsm(dump, lsm), lsm), run(race_shards(dump, shards), shards)};
    report.check(verified[0], "the hash cache, Store<memtable::Cache<>>, gives back what was put");
    report.check(verified[1], "so does the Bitcask, Store<memtable::Hash<>, log::Mapped>");
    report.check(verified[2], "so does Store<memtable::Art<>, log::Mapped, table::Lsm<>>, and in order");
    report.check(verified[3], "so do four shards of it, partition::Range, written by two threads, and in order");
}
