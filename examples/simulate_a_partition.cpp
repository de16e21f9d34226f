// Two rings in a world of virtual time, one node of each cut off for a while: what the clients of one key were told,
// and whether a single copy could have told it.
#include <kvilt/kvilt.hpp>
#include <kvilt/sim/ring_of.hpp>
#include <kvilt/sim/ring_verdict.hpp>

#include "expect.hpp"

using namespace kvilt;

namespace {

template <class Replication>
using Ring = sim::RingOf<
    Store<memtable::Art<>, log::Written, table::None, partition::Ring<>, Replication, conflict::LastWriteWins<>>>;
using Careful = Ring<replication::Quorum<3, 2, 2, Mode::linearizable>>;
using Hasty = Ring<replication::Quorum<3, 1, 1>>;

struct Told {
    std::uint64_t refused = 0; // operations that had no effect, and whose client was told so
    std::string broken{};      // what is wrong with the history; or empty
};

template <class Ring>
Told simulate(const char* name, std::uint64_t seed) {
    sim::RingOptions<Ring> options;
    options.seed = seed;
    options.setting.engine.log.sync = Sync::every_write;
    options.setting.partition.nodes = 3;
    options.clients = {.clients = 3, .operations = 6, .keys = 1, .think_us_max = 20'000};
    options.faults = {
        {.kind = sim::Fault::Kind::split, .start_us = 20'000, .end_us = 90'000, .node = no_node, .group = 0b001}};
    sim::RingWorld<Ring> world(options);
    const sim::RingVerdict verdict = sim::RingJudge<Ring>().judge(world);
    expect(verdict.failed.empty() && verdict.diverged.empty(), "it heals, and all copies are equal");

    std::printf("%s, seed %llu, %s", name, static_cast<unsigned long long>(seed), text_of(options.faults).c_str());
    for (const auto& [key, operations] : world.clients().histories())
        for (sim::Operation operation : registers_of(operations)) {
            operation.version = 0; // for short
            std::printf("    %s\n", text_of(operation).c_str());
        }
    std::printf("    %s\n\n", verdict.unlinearizable.empty() ? "linearizable" : verdict.unlinearizable.c_str());
    return {world.clients().failed(), verdict.unlinearizable};
}

} // namespace

int main() {
    const Told careful = simulate<Careful>("Quorum<3, 2, 2, linearizable>", 2);
    expect(careful.refused > 0, "who is cut off says that it cannot");
    expect(careful.broken.empty(), "and a majority answers as one copy would");
    const Told hasty = simulate<Hasty>("Quorum<3, 1, 1>", 2);
    expect(hasty.refused == 0, "a node that answers alone answers always");
    expect(!hasty.broken.empty(), "and is found out");
}
