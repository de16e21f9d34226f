// Profiles on five nodes, three copies of each; of two writes the later one wins. A node may be away.
#include <kvilt/kvilt.hpp>

#include "expect.hpp"
#include <filesystem>

using namespace kvilt;

using Profiles = Store<memtable::Art<>, log::Mapped, table::Lsm<>, partition::Ring<>, replication::Quorum<3, 2, 2>,
                       conflict::LastWriteWins<>>;

int main() {
    std::filesystem::remove_all("profiles"); // of an earlier run
    Profiles::Options options;
    options.partition.nodes = {{.rack = "a", .site = "north"}, // .directory may be on a disk of its own
                               {.rack = "b", .site = "north"},
                               {.rack = "a", .site = "south"},
                               {.rack = "b", .site = "south"},
                               {.capacity = 2, .rack = "c", .site = "south"}};
    Profiles profiles = Profiles::open("profiles", options).value();

    const auto written = profiles.put("ann", "likes eggs").value();
    expect(written.copies == 3, "three nodes have it");
    const auto homes = profiles.cluster().owners("ann");
    profiles.cluster().stop(homes[0]).value();
    expect(profiles.get("ann").value() == "likes eggs", "it is read while one of them is away");
    profiles.put("ann", "likes milk").value();
    expect(profiles.get("ann", level::all).error() == Errc::unavailable, "a level that cannot be had is refused");

    profiles.cluster().start(homes[0]).value(); // the others hand on what it missed
    expect(profiles.cluster().differences().value() == 0, "back again, it has what it missed");
    expect(profiles.get("ann", level::all).value() == "likes milk", "and all say the same");

    profiles.erase("ann").value();
    expect(profiles.cluster().repair().value().forgotten == 1,
           "a tombstone goes when every copy has it, not after a time");
    expect(!profiles.get("ann").value(), "and what it hid does not come back");
}
