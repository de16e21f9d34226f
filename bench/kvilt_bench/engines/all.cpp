#include "all.hpp"

namespace bench {

std::vector<Candidate> candidates() {
    std::vector<Candidate> all;
    const auto add = [&](std::vector<Candidate> more) {
        for (Candidate& each : more) all.push_back(std::move(each));
    };
    add(kvilt_lsm_candidates());
    add(kvilt_bitcask_candidates());
#ifdef KVILT_BENCH_ROCKSDB
    add(rocksdb_candidates());
#endif
#ifdef KVILT_BENCH_LEVELDB
    add(leveldb_candidates());
#endif
#ifdef KVILT_BENCH_LMDB
    add(lmdb_candidates());
#endif
#ifdef KVILT_BENCH_TKRZW
    add(tkrzw_candidates());
#endif
#ifdef KVILT_BENCH_WIREDTIGER
    add(wiredtiger_candidates());
#endif
#ifdef KVILT_BENCH_SQLITE
    add(sqlite_candidates());
#endif
    return all;
}

} // namespace bench
