// expect: on_disk
// A store in memory has no directory: only the open without one is there.
#include <kvilt/store.hpp>

using namespace kvilt;

auto refused() { return Store<>::open("directory"); }
