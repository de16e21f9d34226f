// The settings of a fleet on three disks: one leader orders them, a lost node costs nothing, and the smaller side of a
// cut says so instead of answering with the past.
#include <kvilt/kvilt.hpp>

#include "expect.hpp"
#include <filesystem>

using namespace kvilt;

using Config =
    Store<memtable::Art<>, log::Mapped, table::None, partition::Single, replication::LeaderFollower<3, Ack::majority>>;

int main() {
    std::filesystem::remove_all("config");
    auto config = Config::open("config", {.partition = {.nodes = 3}}).value();
    config.put("limit", "10").value();
    const NodeId leader = config.cluster().owners("limit")[0], other = config.cluster().owners("limit")[1];

    for (const NodeStatus& node : config.cluster().nodes()) {
        if (node.node == leader) continue;
        config.cluster().cut(leader, node.node);
        config.cluster().cut(node.node, leader);
    }
    expect(config.via(leader).get("limit").error() == Errc::unavailable,
           "who is cut off does not answer with the past");
    expect(config.via(leader).put("limit", "30").error() == Errc::unavailable,
           "nor does it take what it could not keep");
    config.via(other).put("limit", "40").value();
    config.cluster().mend_all();
    expect(config.via(leader).get("limit").value() == "40", "the others have gone on, and it follows");

    config.cluster().crash(other).value();
    expect(config.get("limit").value() == "40", "a node that dies takes nothing with it");
    config.cluster().start(other).value();
    config.cluster().repair().value();
    expect(config.cluster().differences().value() == 0, "all copies are equal");
}
