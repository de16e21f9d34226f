// What to give up when the network is cut: a bank refuses on the smaller side, a feed goes on on both.
#include <kvilt/kvilt.hpp>

#include "expect.hpp"
#include <filesystem>

using namespace kvilt;

using Bank = assemble<partition::Ring<>, replication::Quorum<3, 2, 2, Mode::linearizable>, conflict::LastWriteWins<>,
                      log::Mapped>;
using Feed = assemble<partition::Ring<>, replication::Quorum<3, 2, 2, Mode::sloppy>, conflict::VectorClock<>>;

template <class Store>
void cut_off(Store& store, NodeId alone) {
    for (const NodeStatus& other : store.cluster().nodes()) {
        if (other.node == alone) continue;
        store.cluster().cut(alone, other.node);
        store.cluster().cut(other.node, alone);
    }
}

int main() {
    std::filesystem::remove_all("bank");                                 // of an earlier run
    Bank bank = Bank::open("bank", {.partition = {.nodes = 3}}).value(); // its log syncs every write: it must
    (void)bank.put("ann", "100", level::linearizable).value();
    cut_off(bank, NodeId{0});
    auto small = bank.via(NodeId{0});
    auto large = bank.via(NodeId{1});
    const auto refused = small.put("ann", "0");
    expect(refused.error() == Errc::unavailable, "cut off alone, a node of the bank takes no money");
    expect(small.get("ann", level::linearizable).error() == Errc::unavailable, "nor does it show what may be old");
    (void)large.put("ann", "70").value();
    expect(large.get("ann", level::linearizable).value() == "70", "the majority goes on");
    bank.cluster().mend_all();
    expect(small.get("ann", level::linearizable).value() == "70", "healed, everybody sees one balance");

    Feed feed{{.partition = {.nodes = 3}}};
    cut_off(feed, NodeId{0});
    auto left = feed.via(NodeId{0});
    auto right = feed.via(NodeId{1});
    const bool on_the_train = left.put("post", "from the train", {.level = Level::one}).has_value();
    const bool at_home = right.put("post", "from home", {.level = Level::one}).has_value();
    expect(on_the_train && at_home, "the feed takes posts on both sides");
    feed.cluster().mend_all();
    feed.cluster().repair().value();
    expect(feed.fetch("post").value().values.size() == 2, "and after healing shows both");
    expect(feed.cluster().differences().value() == 0, "on every copy");
}
