// Whether reads of one key are regular: none misses what was acknowledged before it began. The promise of strict
// quorums without write-back. docs/testing.md
#pragma once

#include <kvilt/sim/sources.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace kvilt::sim {

// An answered read must have found a write that began no later than the read's end, such that no write that was
// acknowledged before the read began is newer. Newer is by versions where both writes have one, as in a quorum that
// returns the greatest version; else by time, if one ended before the other began. So with one writer a read returns
// the last write completed before it, or one that overlaps it: Lamport, "On interprocess communication" (1986). With
// many writers and no versions it is the condition MWR1 of Shao, Welch, Pierce and Lee, "Multiwriter consistency
// conditions for shared memory registers" (2011): for each read by itself there is an order of all writes, true to
// time, in which the read comes right behind the one that it found.
//
// Two reads may see two writes in two orders, and a later read an older write than an earlier read did while the newer
// one is under way. Returns the first read that breaks it, or an empty string. Values must be written once. Cost: reads
// times writes.
inline std::string check_regular(const Operations& operations) {
    const Sources sources(operations);
    if (!sources.broken().empty()) return sources.broken();
    for (const Operation& read : operations) {
        if (!Sources::is_read(read)) continue;
        const auto before = [&](const Source& write) { return write.operation()->before(read); };
        if (std::string broken = sources.against(read, sources.acknowledged(), before); !broken.empty())
            return "not regular: " + broken;
    }
    return {};
}

// Whether versions follow time: a write that begins after another was acknowledged has the greater version. Without
// this the last writer does not win, though reads may be regular by versions. Returns a sentence or an empty string.
inline std::string check_versions_follow_time(const Operations& operations) {
    std::vector<const Operation*> by_start;
    for (const Operation& operation : operations)
        if (operation.outcome == Operation::Outcome::ok && operation.changes() && operation.version != 0)
            by_start.push_back(&operation);
    std::vector<const Operation*> by_end = by_start;
    std::sort(by_start.begin(), by_start.end(),
              [](auto* a, auto* b) { return std::pair(a->start_us, a) < std::pair(b->start_us, b); });
    std::sort(by_end.begin(), by_end.end(),
              [](auto* a, auto* b) { return std::pair(a->end_us, a) < std::pair(b->end_us, b); });
    const Operation* greatest = nullptr;
    auto ended = by_end.begin();
    for (const Operation* const write : by_start) {
        for (; ended != by_end.end() && (*ended)->before(*write); ++ended)
            if (greatest == nullptr || greatest->version < (*ended)->version) greatest = *ended;
        if (greatest != nullptr && greatest->version >= write->version)
            return "versions run backwards: " + text_of(*write) + ", but before that " + text_of(*greatest);
    }
    return {};
}

} // namespace kvilt::sim
