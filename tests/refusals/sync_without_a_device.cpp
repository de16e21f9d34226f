// expect: has<Capability::syncs>
#include <kvilt/store.hpp>

using namespace kvilt;

auto refused(Store<>& store) { return store.sync(); }
