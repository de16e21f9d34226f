// The contract of the table slot: sorted immutable runs.
// docs/policies/table.md
#pragma once

#include <kvilt/core/epoch.hpp>
#include <kvilt/core/policy.hpp>
#include <kvilt/core/record.hpp>
#include <kvilt/env/environment.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kvilt {

// What the manifest says of one table file. Files of one (level, run) are disjoint in keys and form a sorted run.
// Runs are ordered by age: a lower level is newer, and within a level a higher run number is newer.
struct TableFile {
    std::uint64_t number = 0; // its name; used anew only after its file has gone
    std::uint32_t level = 0;
    std::uint64_t run = 0;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0;
    std::uint64_t tombstones = 0;
    Sequence sequence_lowest = 0;
    Sequence sequence_highest = 0;
    std::string key_first{};
    std::string key_last{};

    friend bool operator==(const TableFile&, const TableFile&) = default;
};

// A trivial move removes a number and adds it again with another level and run.
struct TableEdit {
    std::vector<TableFile> added{};
    std::vector<std::uint64_t> removed{};
    bool empty() const noexcept { return added.empty() && removed.empty(); }
};

struct TableContext {
    Environment environment{};
    std::string directory{};
    std::uint64_t identity = 0; // of the store; salts every checksum
    bool read_only = false;
};

struct TableStats {
    std::uint64_t files = 0;
    std::uint64_t runs = 0;
    std::uint64_t bytes = 0;
    std::uint64_t entries = 0; // records, tombstones and old versions included
    std::uint64_t tombstones = 0;
    std::uint64_t cache_bytes = 0;
    std::uint64_t cache_hits = 0;
    std::uint64_t cache_misses = 0;
};

// A table policy names Tables<Threads>; `present` is false for None, which has nothing else.
//
//   static Result<std::unique_ptr<Tables>> open(const TableContext&, const Options&, std::vector<TableFile> live)
//       Files of our name pattern that are not live are leftovers of a crash.
//   void remove_leftovers()                              once a manifest that names only `live` is durable: one that
//                                                        was read after the death of a process need not be
//
//   class Version: an immutable set of runs. Readers hold an epoch pin while they use one.
//   const Version* current() const                       the newest; maintenance only
//   const Version* apply(const TableEdit&)               makes and returns the next version; the caller publishes it,
//                                                        then retires the former with retire_delete. The edit is
//                                                        durable in the manifest by then. Files that no version has
//                                                        any more are deleted from disk with the last one.
//   Prepared prepare(const TableEdit&); const Version* adopt(Prepared) noexcept
//                                                        apply in two steps, of which only the first may throw
//   Readers, any thread:
//   Result<bool> find(const Version&, Bytes key, Sequence at, Found&) const
//   class Version::Search(const Version&, Bytes key, Sequence at): the same in steps, as memtable/concept.hpp has them;
//       Result<bool> find(Found&) ends it. One that is default constructed has nothing to fetch.
//       the newest record of `key` at or below `at`, tombstones included. Found {Record record; pin}: bytes stay valid
//       as long as both the Found and the epoch pin live.
//   Cursor(const Tables&, const Version&, std::size_t run)  over one run, newest run first, run < version.runs():
//       every version of every key, by key ascending and sequence descending. seek(key): to the newest version of the
//       first key at or above. seek_first, next; and mirrored: seek_before(key): to the OLDEST version of the last key
//       below, seek_last, previous. valid(), record() (stays until the cursor moves),
//       status(): Result<void>, an error ends the cursor (not valid).
//       seek(key) is aim(key), near(key), land(key): each fetches what the next one looks at.
//       look_ahead(forwards): the record that next(), or previous(), would come to, or null where that is not at hand;
//       stays until the cursor moves or looks again.
//   static constexpr bool records_stay                   the bytes of a cursor's record stay as long as the version
//   Maintenance, one call at a time:
//   Result<TableEdit> flush(Source& source, const std::vector<Sequence>& snapshots)
//       a new run at level 0 from a source of all versions (valid, next, record) in the order of Cursor; synced, name
//       and all. Of the versions that no snapshot (sorted ascending) and no later reader can see apart, only the
//       newest is kept.
//   plan_flush(Source, snapshots)                        the same as a job with step() and edit(), see below
//   std::unique_ptr<Job> plan(const Version&, const std::vector<Sequence>& snapshots, bool everything)
//       the next compaction, or null if the shape is as it should be; `everything` asks for one run in which nothing
//       is hidden and no tombstone is left that hides nothing.
//   plan_for_reads(const Version&, snapshots, std::uint64_t reads)
//       a job that spares reads some runs, or null: since the last flush or compaction so many look-ups have been made
//       in each of them. std::uint64_t merge_after_reads() const: asked so often; 0: never
//   class Job: Result<bool> step(std::size_t bytes_budget)  true when done; outputs are synced then. TableEdit edit().
//       A job that is destroyed before it is done removes its outputs.
//   std::uint64_t debt_bytes(const Version&) const       bytes by which the shape is over its targets: back-pressure
//   Result<bool> check_ahead(std::size_t bytes)          checks about so much of what was written here, as its first
//       read would; true: there is more. For idle time: changes nothing that can be seen. An error is told once, and
//       again by every read that meets the damage.
//   Result<std::uint64_t> verify(const Version&) const   reads and checks every byte of every file; bytes checked
//   Result<void> link(const Version&, const std::string& directory) const   hard links of all files (copies where the
//       file system has no links), synced
//   std::vector<TableFile> files(const Version&) const
//   TableStats stats(const Version&) const
//
// Tombstones are dropped only by a job whose inputs include every older run that may hold the key.
// Laws: laws/table.hpp. Models: None, Lsm.
template <class T>
concept TablePolicy = Policy<T> && T::slot == Slot::table && requires {
    { T::present } -> std::convertible_to<bool>;
    requires !T::present || requires { typename T::template Tables<threads::One>::Version; };
};

} // namespace kvilt
