// Scans over rings: where placement keeps order, and where they merge.
#include "ring.hpp"
#include <map>

using namespace kvilt;
using namespace ring;

namespace {

struct Sum {
    static std::string merge(std::span<const Bytes> siblings) {
        std::string greatest;
        for (const Bytes one : siblings) greatest = std::max(greatest, std::string(one));
        return greatest;
    }
};

using Ranged = assemble<memtable::Art<threads::Many>, log::Mapped, partition::Range, replication::Quorum<3, 2, 2>,
                        conflict::LastWriteWins<clocks::ProcessWide>>;
using Gathered = assemble<memtable::Art<>, partition::ScatterGather<partition::Ring<4>>, replication::Quorum<2, 1, 2>,
                          conflict::VectorClock<Sum>>;

template <class Store>
void play(Store& store) {
    std::map<std::string, std::string> model;
    for (int i = 0; i < 400; ++i) {
        const std::string name = key(i * 7919 % 1000);
        const auto read = store.fetch(name).value();
        store.put(name, value(i), {.context = read.context}).value();
        model[name] = value(i);
        if (i % 5 == 0) {
            const std::string gone = key(i * 31 % 1000);
            store.erase(gone).value();
            model.erase(gone);
        }
    }
    const auto check = [&](Range range) {
        auto wanted = model.lower_bound(range.from);
        for (auto [name, text] : store.scan(range)) {
            REQUIRE(wanted != model.end());
            REQUIRE(name == wanted->first);
            REQUIRE(text == wanted->second);
            ++wanted;
        }
        CHECK((wanted == model.end() || !range.before_end(wanted->first)));
        std::size_t count = 0;
        std::string last;
        for (auto [name, text] : store.scan(range).reverse()) {
            REQUIRE((last.empty() || name < last));
            REQUIRE(model.at(std::string(name)) == text);
            last = name;
            ++count;
        }
        std::size_t in_range = 0;
        for (const auto& [name, text] : model) in_range += range.contains(name);
        CHECK(count == in_range);
    };
    check(all());
    check(prefix("key-3"));
    check(range("key-2", "key-77"));
    check(between("key-500", "key-500"));
    check(range("z", "a"));
}

} // namespace

TEST_CASE("a scan over ranges walks shard after shard in both directions, beside a node that is away") {
    MemoryWorld world;
    Ranged::Options options;
    options.log.segment_bytes_min = 4096;
    options.partition.splits = {"key-2", "key-5", "key-77"};
    options.partition.nodes = 5;
    auto store = Ranged::open("ring", options, world.environment()).value();
    play(store);
    store.cluster().stop(NodeId{1}).value();
    std::size_t count = 0;
    CHECK(store.scan(all(), [&](Bytes, Bytes) { ++count; }).has_value());
    CHECK(count > 100);
    store.cluster().stop(NodeId{2}).value();
    const auto walked = store.scan(all(), [](Bytes, Bytes) {});
    REQUIRE(!walked);
    CHECK(walked.error() == Errc::unavailable);
}

TEST_CASE("a scan over hashed shards merges them, and shows the merge of siblings") {
    Gathered store{{.partition = {.nodes = 3}}};
    play(store);
    store.put("key-new", "1").value();
    store.put("key-new", "3").value();
    store.put("key-new", "2").value();
    CHECK(store.get("key-new").value() == "3");
    CHECK(store.fetch("key-new").value().values == std::vector<std::string>{"3"});
    for (auto [name, text] : store.scan(prefix("key-new"))) CHECK(text == "3");
}
