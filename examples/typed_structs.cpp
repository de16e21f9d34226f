// Structs as values and tuples as keys: naming the members to Boost.Hana is all it takes.
#include <kvilt/log/mapped.hpp>
#include <kvilt/store.hpp>
#include <kvilt/typed/key_codec.hpp>
#include <kvilt/typed/value_codec.hpp>

#include <boost/hana/define_struct.hpp>

#include "expect.hpp"
#include <filesystem>

using namespace kvilt;

struct Reading {
    BOOST_HANA_DEFINE_STRUCT(Reading, (double, celsius), (std::optional<double>, humidity),
                             (std::vector<std::string>, remarks));
};

enum class Place : std::uint8_t { attic, cellar };
using Key = std::tuple<Place, std::int64_t>; // where and when: keys sort as tuples do, below zero too

using Readings = Store<memtable::Art<>, log::Mapped>;

int main() {
    std::filesystem::remove_all("readings"); // of an earlier run
    Readings readings = Readings::open("readings").value();

    readings.put(Key(Place::cellar, 1700), Reading{11.5, {}, {}}).value();
    readings.put(Key(Place::cellar, -30), Reading{9.0, {}, {"before the epoch", "cold"}}).value();
    readings.put(Key(Place::attic, 1700), Reading{31.0, 0.2, {}}).value();

    const auto found = readings.get<Reading>(Key(Place::attic, 1700)).value();
    expect(found && found->celsius == 31.0 && found->humidity == 0.2, "a struct comes back member by member");

    std::vector<std::int64_t> times;
    for (auto [key, reading] : readings.scan<Key, Reading>(prefix(std::tuple(Place::cellar))))
        times.push_back(std::get<1>(key));
    expect(times == std::vector<std::int64_t>{-30, 1700},
           "the first members of a key are a prefix; the rest is sorted");

    // Each value carries a hash of its schema: another type is an error, never a wrong value.
    using Wrong = std::pair<double, std::string>;
    expect(readings.get<Wrong>(Key(Place::attic, 1700)).error() == Errc::incompatible, "types do not get mixed up");
}
