// expect: offers
#include <kvilt/kvilt.hpp>

using namespace kvilt;

using Sloppy =
    assemble<partition::Ring<>, replication::Quorum<3, 2, 2, Mode::sloppy>, conflict::LastWriteWins<>, log::Mapped>;

auto refused(const Sloppy& store) { return store.get("key", level::linearizable); }
