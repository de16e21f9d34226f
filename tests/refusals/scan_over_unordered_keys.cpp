// expect: has<Capability::ordered_keys>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/store.hpp>

using namespace kvilt;

auto refused(const Store<memtable::Hash<>>& store) { return store.scan(all()); }
