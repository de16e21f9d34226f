// Names: a file may be `using namespace` of both kvilt and std, beside the C library's, and call everything by its bare
// name but log and partition, which the refusals log_beside_cmath and partition_beside_std show.
#include <kvilt/kvilt.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <ranges>
#include <string>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <tuple>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

using namespace std;
using namespace kvilt;

namespace {

// Every slot and part by its name.
using Everything = Store<memtable::Art<threads::Many>, kvilt::log::Written,
                         table::Lsm<compaction::Tiered, filter::Bloom<10>, compression::None, reads::Cached>,
                         kvilt::partition::HashMod, replication::None, conflict::Overwrite>;
static_assert(Everything::has<Capability::sharded>);
static_assert(is_same_v<assemble<conflict::Overwrite, memtable::Hash<>>, Store<memtable::Hash<>>>);

} // namespace

TEST_CASE("the names of kvilt, std and the C library stand side by side") {
    Store<memtable::Art<>> store{{.memtable = {.bytes_max = 64_MiB, .entries_max = 0}}};
    Result<void> written = store.put("a", string("1"));
    REQUIRE(written);
    Batch batch;
    batch.put("b", "2");
    batch.put("c", "3");
    REQUIRE(store.apply(batch));
    const vector<Range> ranges{all(), prefix("b"), range("a", "c"), between("a", "c"), from("b")};
    vector<size_t> counts;
    for (const Range& one : ranges) {
        size_t count = 0;
        REQUIRE(store.scan(one, [&](Bytes, Bytes) {
            ++count;
            return Visit::more;
        }));
        counts.push_back(count);
    }
    CHECK(counts == vector<size_t>{3, 1, 2, 3, 2});
    const optional<string> found = store.get("b").value();
    CHECK(found == "2");
    const Stats stats = store.stats();
    CHECK(to_string(stats.memtable_keys) == "3");
    CHECK(to_string(Error{.code = Errc::full, .operation = "write"}) == "write: no space");
    CHECK(std::log(1.0) == 0.0);
    vector<int> numbers{1, -1};
    CHECK(*std::partition(numbers.begin(), numbers.end(), [](int number) { return number < 0; }) == 1);
    CHECK(min(max(1, 2), 3) == 2);
    CHECK(access("/", F_OK) == 0);
}
