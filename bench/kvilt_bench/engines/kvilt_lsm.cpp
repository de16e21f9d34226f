// The durable LSM compositions.
#include "kvilt.hpp"

namespace bench {

namespace {

std::unique_ptr<Engine> open_compressed(const EngineOptions& options) {
#ifdef KVILT_BENCH_LZ4
    return open_lsm_lz4(options);
#else
    (void)options;
    throw std::runtime_error("--compressed needs lz4 in kvilt: install liblz4-dev and configure again");
#endif
}

std::unique_ptr<Engine> open_many(const EngineOptions& options) {
    return options.compressed ? open_compressed(options) : open_lsm_many(options);
}

std::unique_ptr<Engine> open_cached(const EngineOptions& options) {
    return options.compressed ? open_compressed(options) : open_lsm_cached(options);
}

} // namespace

std::vector<Candidate> kvilt_lsm_candidates() {
    Candidate many{.description = kvilt_description(
                       "kvilt-lsm",
                       "memtable::Art<threads::Many>, log::Mapped, table::Lsm<>, all options as they come; "
                       "compressed: table::Lsm<compression::Lz4, reads::Cached>, cache larger than data"),
                   .open = open_many};
    Candidate one{.description = kvilt_description("kvilt-lsm-one", "the same with threads::One; never compressed"),
                  .open = open_lsm_one};
    one.description.threads = false;
    Candidate cached{.description = kvilt_description("kvilt-lsm-cached", "the first with table::Lsm<reads::Cached>, "
                                                                          "cache larger than data, or half of memory"),
                     .open = open_cached};
    cached.description.by_name = true;
    return {many, one, cached};
}

} // namespace bench
