#include <kvilt/log/mapped.hpp>
#include <kvilt/partition/range.hpp>

#include "race.hpp"

Figures race_shards(const Dump& dump, const std::string& directory) {
    using kvilt::operator""_MiB;
    using Shards = kvilt::Store<kvilt::memtable::Art<kvilt::threads::Many>, kvilt::log::Mapped, kvilt::table::Lsm<>,
                                kvilt::partition::Range>;
    std::vector<std::string> splits; // into quarters, of an index that has so many packages
    for (std::size_t n = 1; n < 4; ++n) {
        const auto at = std::next(dump.packages.begin(), static_cast<std::ptrdiff_t>(dump.packages.size() * n / 4));
        if (splits.empty() || splits.back() < at->first) splits.push_back(at->first);
    }
    Shards store = must(Shards::open(directory, {.memtable = {.bytes_max = 8_MiB}, .partition = {.splits = splits}}));
    return race("4 shards, 2 writers", store, dump, 2);
}
