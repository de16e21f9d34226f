// expect: is ambiguous
// Documented in README.md: with the names of kvilt and of std in sight, write std::partition.
#include <kvilt/partition/single.hpp>

#include <algorithm>
#include <vector>

using namespace kvilt;
using namespace std;

auto refused(vector<int>& numbers) {
    return partition(numbers.begin(), numbers.end(), [](int number) { return number > 0; });
}
