// Whether each client sees its own writes, and never goes back: two of the session guarantees of Terry et al., "Session
// guarantees for weakly consistent replicated data" (1994). docs/testing.md
#pragma once

#include <kvilt/sim/sources.hpp>

#include <map>
#include <string>
#include <vector>

namespace kvilt::sim {

struct SessionGuarantees {
    bool monotonic_reads = true;
    bool read_your_writes = true;
};

// A session is a client, its operations are in the order of their starts. A read must have found a write such that
// nothing is newer (as for check_regular) that the same client had read before (monotonic reads), or written with an
// answer (read your writes). Where a read of nothing may have found several erases it binds no later one. Returns a
// sentence or an empty string. Values must be written once. Cost: the square of a client's operations.
inline std::string check_sessions(const Operations& operations, const SessionGuarantees& guarantees = {}) {
    const Sources sources(operations);
    if (!sources.broken().empty()) return sources.broken();
    std::map<std::uint32_t, std::vector<const Operation*>> sessions;
    for (const Operation& operation : operations)
        if (operation.outcome == Operation::Outcome::ok) sessions[operation.client].push_back(&operation);
    for (auto& [client, session] : sessions) {
        std::sort(session.begin(), session.end(),
                  [](auto* a, auto* b) { return std::pair(a->start_us, a) < std::pair(b->start_us, b); });
        std::vector<Source> known;
        for (const Operation* const operation : session) {
            if (operation->changes() && guarantees.read_your_writes) known.push_back(sources.written_by(*operation));
            if (!Sources::is_read(*operation)) continue;
            const auto all = [](const Source&) { return true; };
            if (std::string broken = sources.against(*operation, known, all); !broken.empty())
                return "a session goes back: " + broken;
            const std::vector<Source> found = sources.of(*operation);
            if (guarantees.monotonic_reads && found.size() == 1) known.push_back(found.front());
        }
    }
    return {};
}

} // namespace kvilt::sim
