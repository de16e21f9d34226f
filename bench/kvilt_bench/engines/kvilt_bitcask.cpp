// The Bitcask compositions: an index in memory over the log.
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/hash.hpp>

#include "kvilt.hpp"

namespace bench {

namespace {

template <class Threads>
std::unique_ptr<Engine> open(const EngineOptions& options) {
    return open_kvilt<kvilt::Store<kvilt::memtable::Hash<Threads>, kvilt::log::Mapped>>(options);
}

} // namespace

std::vector<Candidate> kvilt_bitcask_candidates() {
    Candidate many{.description = kvilt_description("kvilt-bitcask", "memtable::Hash<threads::Many>, log::Mapped, all "
                                                                     "options as they come; never compressed"),
                   .open = open<kvilt::threads::Many>};
    many.description.ordered = false;
    Candidate one{.description = kvilt_description("kvilt-bitcask-one", "the same with threads::One"),
                  .open = open<kvilt::threads::One>};
    one.description.ordered = false;
    one.description.threads = false;
    return {many, one};
}

} // namespace bench
