// expect: replicated
#include <kvilt/kvilt.hpp>

using namespace kvilt;

using Copies = assemble<partition::Ring<>, replication::Quorum<>, conflict::LastWriteWins<>, log::Mapped>;

auto refused(Copies& store) { return store.compare_and_set("key", "old", "new"); }
