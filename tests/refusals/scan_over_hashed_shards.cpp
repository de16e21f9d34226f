// expect: has<Capability::ordered_placement>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/store.hpp>

using namespace kvilt;

auto refused(const assemble<partition::HashMod>& store) { return store.scan(all()); }
