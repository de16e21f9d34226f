// expect: is ambiguous
// Documented in README.md: with the names of kvilt and of <cmath> in sight, write std::log.
#include <kvilt/log/none.hpp>

#include <cmath>

using namespace kvilt;

double refused(double x) { return log(x); }
