// expect: kvilt: two policies were given for one slot.
#include <kvilt/compose/assemble.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/range.hpp>

using namespace kvilt;

using Refused = compose::Slots<compose::Defaults<>, partition::Range, partition::HashMod>::Partition;
