// Look-ups are made early in tables or not, as the ones before ended: what they find does not depend on it.
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include "../env/temporary_directory.hpp"
#include <map>
#include <optional>
#include <string>

using namespace kvilt;

namespace {

constexpr int keys = 600;

std::string key_of(int number) { return std::to_string(10'000 + number); }

// A third of the keys in each of: the memtable, over older versions in tables; two runs of tables alone; nowhere.
template <class S>
std::map<std::string, std::string> fill(S& store) {
    std::map<std::string, std::string> there;
    const auto put = [&](int number, const std::string& value) {
        store.put(key_of(number), value).value();
        there[key_of(number)] = value;
    };
    for (int number = 0; number < keys; ++number)
        if (number % 3 != 2) put(number, "first");
    store.flush().value();
    for (int number = 0; number < keys; ++number)
        if (number % 6 == 1) put(number, "second");
    store.flush().value();
    for (int number = 0; number < keys; number += 3) put(number, "third");
    for (int number = 0; number < keys; number += 30) {
        store.erase(key_of(number)).value();
        there.erase(key_of(number));
    }
    return there;
}

template <class S>
void check_streaks(S& store, const std::map<std::string, std::string>& there) {
    for (const int streak : {1, 2, 7, 8, 15, 40})
        for (int round = 0; round < 6; ++round)
            for (int n = 0; n < streak; ++n) {
                const int number = ((n * 37 + round * 11) % (keys / 3)) * 3 + round % 3;
                const auto expected = there.find(key_of(number));
                CAPTURE(streak);
                CAPTURE(number);
                CHECK(store.get(key_of(number)).value() ==
                      (expected == there.end() ? std::nullopt : std::optional(expected->second)));
            }
}

} // namespace

TEST_CASE_TEMPLATE("a get finds the newest version whether those before it ended in memtables, in tables or nowhere",
                   Memtable, memtable::Art<>, memtable::Art<threads::Many>) {
    using S = Store<Memtable, log::Mapped, table::Lsm<>>;
    const TemporaryDirectory directory;
    S store = S::open(directory.path(), {.table = {.merge_after_reads = 0}}).value();
    check_streaks(store, fill(store));
}
