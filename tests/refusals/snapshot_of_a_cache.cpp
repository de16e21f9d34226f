// expect: has<Capability::versions>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/store.hpp>

using namespace kvilt;

auto refused(const Store<memtable::Cache<>>& store) { return store.snapshot(); }
