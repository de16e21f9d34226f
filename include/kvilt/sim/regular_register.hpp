// Whether reads of one key are regular: none misses what was acknowledged before it began. The promise of strict
// quorums without write-back. docs/testing.md
#pragma once

#include <kvilt/sim/sources.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
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
// Versions add what linearizability does not ask: a value whose version is less than that of an acknowledged write must
// not be read, though its own write be still under way. Otherwise it is weaker: two reads may see two writes in two
// orders, and while a write is under way a later read may see an older value than an earlier read did. Returns the
// first read that breaks it, or an empty string. Values must be written once. Cost: reads times writes.
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

// Whether versions order the writes as time does: no two writes have one version, and a write that begins after another
// was acknowledged has a greater one. Without this the last writer does not win, though reads may be regular by
// versions. Returns a sentence or an empty string. Values must be written once. Cost: n log n.
inline std::string check_versions(const Operations& operations) {
    const Sources sources(operations);
    if (!sources.broken().empty()) return sources.broken();
    std::vector<const Source*> by_start;
    std::map<std::uint64_t, const Source*> by_version;
    const auto given = [&](const Source& source) -> const Source* {
        return source.version() == 0 ? nullptr : by_version.emplace(source.version(), &source).first->second;
    };
    for (const Source& source : sources.all()) {
        if (const Source* const first = given(source); first != nullptr && first != &source)
            return "one version twice: " + source.text() + ", and " + first->text();
        const bool answered = source.operation()->outcome == Operation::Outcome::ok;
        if (answered && source.version() != 0) by_start.push_back(&source);
    }
    std::vector<const Source*> by_end = by_start;
    std::sort(by_start.begin(), by_start.end(), [](const Source* a, const Source* b) {
        return std::pair(a->operation()->start_us, a) < std::pair(b->operation()->start_us, b);
    });
    std::sort(by_end.begin(), by_end.end(), [](const Source* a, const Source* b) {
        return std::pair(a->operation()->end_us, a) < std::pair(b->operation()->end_us, b);
    });
    const Source* greatest = nullptr;
    auto ended = by_end.begin();
    for (const Source* const write : by_start) {
        for (; ended != by_end.end() && (*ended)->operation()->before(*write->operation()); ++ended)
            if (greatest == nullptr || greatest->version() < (*ended)->version()) greatest = *ended;
        if (greatest != nullptr && greatest->version() >= write->version())
            return "versions run backwards: " + write->text() + ", but before that " + greatest->text();
    }
    return {};
}

} // namespace kvilt::sim
