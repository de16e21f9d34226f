#include "workload.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace bench {

namespace {

constexpr auto all = std::to_array<Workload>({
    {.name = "fillseq", .does = "puts all keys in order", .sequence = 0, .writes = true, .run = work::fillseq},
    {.name = "fillrandom",
     .does = "puts all keys, each once, in random order",
     .sequence = 1,
     .writes = true,
     .run = work::fillrandom},
    {.name = "compact",
     .does = "brings the store into its best shape, which it need not have after it has settled",
     .sequence = 1,
     .writes = true,
     .by_name = true,
     .run = work::compact},
    {.name = "readrandom", .does = "gets keys at random", .sequence = 1, .run = work::readrandom},
    {.name = "readmissing",
     .does = "gets keys that are not there, each between two that are",
     .sequence = 1,
     .run = work::readmissing},
    {.name = "multireadrandom",
     .does = "gets keys at random, 16 in a call",
     .sequence = 1,
     .run = work::multireadrandom},
    {.name = "readseq", .does = "walks over all entries", .sequence = 1, .ordered = true, .run = work::readseq},
    {.name = "readreverse",
     .does = "walks over all entries from the last to the first",
     .sequence = 1,
     .ordered = true,
     .run = work::readreverse},
    {.name = "seekrandom",
     .does = "goes to a key at random and 50 steps on",
     .sequence = 1,
     .ordered = true,
     .run = work::seekrandom},
    {.name = "readwhilewriting",
     .does = "readrandom, timed, while another thread overwrites at random",
     .sequence = 1,
     .writes = true,
     .threads = true,
     .run = work::readwhilewriting},
    {.name = "overwrite",
     .does = "puts all keys again, in another random order",
     .sequence = 1,
     .writes = true,
     .run = work::overwrite},
    {.name = "deleterandom",
     .does = "removes all keys in random order",
     .sequence = 1,
     .writes = true,
     .run = work::deleterandom},
    {.name = "fillsync",
     .does = "puts --synced keys at random; each survives a power cut when it returns",
     .sequence = 2,
     .run = work::fillsync},
    {.name = "fillsync8",
     .does = "the same by eight threads at once, four times as many",
     .sequence = 3,
     .threads = true,
     .run = work::fillsync_of_eight},
    {.name = "fillbatch100",
     .does = "fillrandom in batches of 100",
     .sequence = 4,
     .writes = true,
     .run = work::fillbatch_of_100},
    {.name = "fillbatch1000",
     .does = "fillrandom in batches of 1000",
     .sequence = 5,
     .writes = true,
     .run = work::fillbatch_of_1000},
    {.name = "recovery",
     .does = "opens what a process left that put 24 MiB at most and killed itself, until a get has returned",
     .sequence = 6,
     .opens = true,
     .run = work::recovery},
    {.name = "ycsb-load",
     .does = "fillrandom, to begin YCSB with",
     .sequence = 7,
     .writes = true,
     .run = work::fillrandom},
    {.name = "ycsba", .does = "50 % reads, 50 % updates, zipfian", .sequence = 7, .writes = true, .run = work::ycsb_a},
    {.name = "ycsbb", .does = "95 % reads, 5 % updates, zipfian", .sequence = 7, .writes = true, .run = work::ycsb_b},
    {.name = "ycsbc", .does = "reads, zipfian", .sequence = 7, .run = work::ycsb_c},
    {.name = "ycsbf",
     .does = "50 % reads, 50 % reads with a write of what was read, zipfian",
     .sequence = 7,
     .writes = true,
     .run = work::ycsb_f},
    {.name = "ycsbd",
     .does = "95 % reads, mostly of what is new, 5 % inserts",
     .sequence = 7,
     .writes = true,
     .run = work::ycsb_d},
    {.name = "ycsbe",
     .does = "95 % walks of 1 to 100 entries from a zipfian key, 5 % inserts",
     .sequence = 7,
     .writes = true,
     .ordered = true,
     .run = work::ycsb_e},
});

} // namespace

std::span<const Workload> workloads() { return all; }

const Workload* workload_named(const std::string& name) {
    const auto found = std::ranges::find(all, name, &Workload::name);
    return found == all.end() ? nullptr : &*found;
}

Subject::Subject(const Candidate& candidate, const Options& chosen)
    : options(chosen), description(candidate.description), values(chosen.value_bytes, chosen.compressed),
      candidate_(candidate) {}

void Subject::open() {
    engine_ = candidate_.open({.directory = directory(),
                               .entries = options.entries,
                               .value_bytes = options.value_bytes,
                               .memory_bytes_max = options.memory_bytes_max,
                               .compressed = options.compressed});
}

void Subject::wrong(const char* asked, std::uint64_t number) const {
    throw std::runtime_error("a wrong answer about " + std::string(asked) + ", number " + std::to_string(number));
}

} // namespace bench
