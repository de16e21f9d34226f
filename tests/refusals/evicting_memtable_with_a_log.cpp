// expect: kvilt: an evicting memtable forgets records
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/store.hpp>

using namespace kvilt;

auto refused() { return Store<memtable::Cache<>, log::Mapped>::open("cache"); }
