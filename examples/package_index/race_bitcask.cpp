#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/hash.hpp>

#include "race.hpp"

Figures race_bitcask(const Dump& dump, const std::string& directory) {
    using Bitcask = kvilt::Store<kvilt::memtable::Hash<>, kvilt::log::Mapped>;
    Bitcask store = must(Bitcask::open(directory));
    return race("Bitcask", store, dump);
}
