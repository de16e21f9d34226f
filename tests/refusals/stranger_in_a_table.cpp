// expect: one of its arguments is none of these
#include <kvilt/partition/range.hpp>
#include <kvilt/table/lsm.hpp>

using namespace kvilt;

using Refused = table::Lsm<partition::Range>;
