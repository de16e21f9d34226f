// expect: kvilt: table::Lsm was given two arguments of one sort
#include <kvilt/table/filter_none.hpp>
#include <kvilt/table/lsm.hpp>

using namespace kvilt;

using Refused = table::Lsm<filter::Locator, filter::None>;
