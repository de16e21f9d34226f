// Ordered scans over a partition that keeps no order: every node is asked, and what they answer is merged.
// docs/policies/partition.md
#pragma once

#include <kvilt/partition/concept.hpp>

namespace kvilt::partition {

// The placement of P, on disk too: a store may be opened with P and with ScatterGather<P>. A scan costs the work of all
// nodes, and memory for a cursor on each; a range is nowhere alone.
// Provides: what P does, ordered_placement. Needs: what P does.
template <PartitionPolicy P>
struct ScatterGather {
    static_assert(!P::Map::ordered, "kvilt: this partition keeps keys in order by itself, so its scans need no "
                                    "merging. Use it without partition::ScatterGather.");

    using Options = typename P::Options;
    using Map = typename P::Map;

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::ScatterGather";
    static constexpr std::string_view format = P::format;
    static constexpr Capabilities provides = P::provides | Capabilities{Capability::ordered_placement};
    static constexpr Capabilities needs = P::needs;
    static constexpr bool scattered = true; // a scan merges

    static Result<void> validate(const Options& options) { return P::validate(options); }
};

} // namespace kvilt::partition
