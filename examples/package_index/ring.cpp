// The fifth act: the index on five nodes, with three copies of each package.
#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/replication/quorum.hpp>

#include "acts.hpp"
#include "package.hpp"
#include <algorithm>

namespace {

using kvilt::NodeId;

// Always writable; concurrent changes of a package are both kept.
using Ring = kvilt::Store<kvilt::memtable::Art<>, kvilt::log::Mapped, kvilt::table::Lsm<>, kvilt::partition::Ring<>,
                          kvilt::replication::Quorum<3, 2, 2, kvilt::Mode::sloppy>, kvilt::conflict::VectorClock<>>;

void cut_in_two(Ring& store, bool cut) {
    auto cluster = store.cluster();
    if (!cut) return cluster.mend_all();
    for (const std::uint32_t left : {0u, 1u})
        for (const std::uint32_t right : {2u, 3u, 4u}) {
            cluster.cut(NodeId{left}, NodeId{right});
            cluster.cut(NodeId{right}, NodeId{left});
        }
}

Package renamed(Package package, const char* maintainer) {
    package.maintainer = maintainer;
    return package;
}

} // namespace

void ring(Report& report, const Dump& dump, const std::string& directory) {
    report.act("5. Five nodes, three copies of each package, two of three to write and to read");
    Ring store = must(Ring::open(directory, {.memtable = {.bytes_max = 8 << 20}, .partition = {.nodes = 5}}));
    const Stopwatch writing;
    {
        Progress progress(dump.packages.size());
        std::size_t written = 0;
        for (const auto& [name, package] : dump.packages) {
            if (++written == dump.packages.size() / 2) must(store.cluster().stop(NodeId{2}));
            must(store.put(name, package));
            progress.advance();
        }
    }
    std::uint64_t hints = 0;
    for (const kvilt::NodeStatus& node : store.cluster().nodes()) hints += node.hints;
    report.say(grouped(dump.packages.size()) + " packages, " + grouped(writing.per_second(dump.packages.size())) +
               " a second; node 2 was stopped half-way, and the others keep " + grouped(hints) + " hints for it");
    std::size_t found = 0;
    for (const auto& [name, package] : dump.packages) found += must(store.get<Package>(name)) == package;
    report.check(found == dump.packages.size(), "with a node away every package is found, and no write was refused");

    must(store.cluster().start(NodeId{2}));
    report.check(must(store.cluster().differences()) == 0, "started again it is handed what it missed: no key differs");

    cut_in_two(store, true);
    std::size_t changed = 0;
    for (const auto& [name, package] : dump.packages) {
        if (++changed > 500) break;
        for (const auto& [node, maintainer] : {std::pair(NodeId{0}, "left"), std::pair(NodeId{4}, "right")}) {
            auto side = store.via(node);
            const auto seen = must(side.template fetch<Package>(name));
            must(side.put(name, renamed(package, maintainer), {.context = seen.context}));
        }
    }
    changed = std::min<std::size_t>(500, dump.packages.size());
    cut_in_two(store, false);
    const std::uint64_t apart = must(store.cluster().differences());
    report.say("cut in two, both sides changed " + grouped(changed) + " packages; healed, " + grouped(apart) +
               " pairs of copies differ");
    const kvilt::RepairReport repaired = must(store.cluster().repair());
    report.say("one round of repair: " + grouped(repaired.handed_on) + " hints handed on, " + grouped(repaired.cells) +
               " copies exchanged in " + grouped(repaired.bytes / 1000) + " kB; " +
               grouped(must(store.cluster().differences())) + " differ");
    report.check(apart > 0 && must(store.cluster().differences()) == 0, "after one round all copies are equal");

    const auto& [name, package] = *dump.packages.begin();
    const auto both = must(store.fetch<Package>(name));
    report.check(both.values.size() == 2, "of two concurrent changes of a package neither is lost: a read shows both");
    must(store.put(name, renamed(package, "both"), {.context = both.context}));
    report.check(must(store.get<Package>(name))->maintainer == "both", "and a write that has seen both replaces them");
    must(store.close());
}
