#include "workload.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace bench {

namespace {

constexpr Workload all[] = {
    {"fillseq", "puts all keys in order", 0, work::fillseq, Trait::writes},
    {"fillrandom", "puts all keys, each once, in random order", 1, work::fillrandom, Trait::writes},
    {"compact", "brings the store into its best shape, which it need not have after it has settled", 1, work::compact,
     Trait::writes | Trait::by_name},
    {"readrandom", "gets keys at random", 1, work::readrandom, {}},
    {"readmissing", "gets keys that are not there, each between two that are", 1, work::readmissing, {}},
    {"multireadrandom", "gets keys at random, 16 in a call", 1, work::multireadrandom, {}},
    {"readseq", "walks over all entries", 1, work::readseq, Trait::ordered},
    {"readreverse", "walks over all entries from the last to the first", 1, work::readreverse, Trait::ordered},
    {"seekrandom", "goes to a key at random and 50 steps on", 1, work::seekrandom, Trait::ordered},
    {"readwhilewriting", "readrandom, timed, while another thread overwrites at random", 1, work::readwhilewriting,
     Trait::writes | Trait::threads},
    {"overwrite", "puts all keys again, in another random order", 1, work::overwrite, Trait::writes},
    {"deleterandom", "removes all keys in random order", 1, work::deleterandom, Trait::writes},
    {"fillsync", "puts --synced keys at random; each survives a power cut when it returns", 2, work::fillsync, {}},
    {"fillsync8", "the same by eight threads at once, four times as many", 3, work::fillsync_of_eight, Trait::threads},
    {"fillbatch100", "fillrandom in batches of 100", 4, work::fillbatch_of_100, Trait::writes},
    {"fillbatch1000", "fillrandom in batches of 1000", 5, work::fillbatch_of_1000, Trait::writes},
    {"reopen", "closes the store in order and opens it, timed until a get has returned; 20 times", 5, work::reopen,
     Trait::by_name},
    {"recovery", "opens what a process left that put 24 MiB at most and killed itself, until a get has returned", 6,
     work::recovery, Trait::opens},
    {"ycsb-load", "fillrandom, to begin YCSB with", 7, work::fillrandom, Trait::writes},
    {"ycsba", "50 % reads, 50 % updates, zipfian", 7, work::ycsb_a, Trait::writes},
    {"ycsbb", "95 % reads, 5 % updates, zipfian", 7, work::ycsb_b, Trait::writes},
    {"ycsbc", "reads, zipfian", 7, work::ycsb_c, {}},
    {"ycsbf", "50 % reads, 50 % reads with a write of what was read, zipfian", 7, work::ycsb_f, Trait::writes},
    {"ycsbd", "95 % reads, mostly of what is new, 5 % inserts", 7, work::ycsb_d, Trait::writes},
    {"ycsbe", "95 % walks of 1 to 100 entries from a zipfian key, 5 % inserts", 7, work::ycsb_e,
     Trait::writes | Trait::ordered},
};

} // namespace

std::span<const Workload> workloads() { return all; }

const Workload* workload_named(const std::string& name) {
    const auto found = std::ranges::find(all, name, &Workload::name);
    return found == std::end(all) ? nullptr : &*found;
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
