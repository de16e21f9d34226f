// expect: kvilt: two policies were given for one slot.
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/store.hpp>

using namespace kvilt;

using Refused = assemble<partition::Range, log::None, partition::HashMod>;
