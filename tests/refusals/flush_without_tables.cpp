// expect: has<Capability::tables>
#include <kvilt/store.hpp>

using namespace kvilt;

auto refused(Store<>& store) { return store.flush(); }
