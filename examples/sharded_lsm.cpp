// Shards in one process: writers of different shards do not wait for each other, scans still see one order.
#include <kvilt/log/mapped.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include "expect.hpp"
#include <filesystem>
#include <thread>

using namespace kvilt;

using Events = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<compaction::Tiered>, partition::Range>;

int main() {
    std::filesystem::remove_all("events"); // of an earlier run
    const Events::Options options{.partition = {.splits = {"g", "n", "t"}}};
    Events events = Events::open("events", options).value();
    expect(events.stats().shards == 4, "three splits make four shards");

    {
        std::vector<std::jthread> writers;
        for (const std::string user : {"ann", "joe", "pat", "zoe"}) // each in another shard
            writers.emplace_back([&events, user] {
                for (int n = 10'000; n < 20'000; ++n) events.put(user + "/" + std::to_string(n), "clicked").value();
            });
    }

    int count = 0;
    std::string last;
    bool ordered = true;
    for (auto [key, value] : events.scan(all())) {
        ordered = ordered && last < key;
        last = key;
        ++count;
    }
    expect(count == 40'000 && ordered, "a scan walks from shard to shard in order");

    Batch move; // over two shards, all or nothing, also across a crash
    move.erase("ann/10000");
    move.put("zoe/09999", "moved");
    events.apply(move).value();
    const auto before = events.snapshot(); // of all shards at one moment
    events.put("ann/10000", "back again").value();
    expect(!before.get("ann/10000").value() && before.get("zoe/09999").value() == "moved",
           "a batch over shards is seen whole");
}
