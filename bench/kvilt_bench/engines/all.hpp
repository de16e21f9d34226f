// Where the candidates come from: one function a file of engines/. A file is compiled where its peer is installed.
#pragma once

#include "../engine.hpp"
#include <algorithm>
#include <vector>

namespace bench {

// Of an engine's cache of blocks: more than the data, or half of the memory it may have.
inline std::size_t cache_bytes(const EngineOptions& options) {
    const std::size_t data = options.entries * (16 + options.value_bytes);
    return options.memory_bytes_max != 0 ? options.memory_bytes_max / 2 : std::max<std::size_t>(1 << 30, 2 * data);
}
// Of what is sorted in memory before it is written.
inline std::size_t write_buffer_bytes(const EngineOptions& options) {
    constexpr std::size_t usual = 64 << 20;
    return options.memory_bytes_max != 0 ? std::min(usual, options.memory_bytes_max / 8) : usual;
}

std::vector<Candidate> kvilt_lsm_candidates();
std::vector<Candidate> kvilt_bitcask_candidates();
std::vector<Candidate> rocksdb_candidates();
std::vector<Candidate> leveldb_candidates();
std::vector<Candidate> lmdb_candidates();
std::vector<Candidate> tkrzw_candidates();
std::vector<Candidate> wiredtiger_candidates();
std::vector<Candidate> sqlite_candidates();

} // namespace bench
