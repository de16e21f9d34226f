// Where the candidates come from: one function a file of engines/. A file is compiled where its peer is installed.
#pragma once

#include "../engine.hpp"
#include <vector>

namespace bench {

std::vector<Candidate> kvilt_lsm_candidates();
std::vector<Candidate> kvilt_bitcask_candidates();
std::vector<Candidate> rocksdb_candidates();
std::vector<Candidate> leveldb_candidates();
std::vector<Candidate> lmdb_candidates();
std::vector<Candidate> tkrzw_candidates();
std::vector<Candidate> wiredtiger_candidates();
std::vector<Candidate> sqlite_candidates();

} // namespace bench
