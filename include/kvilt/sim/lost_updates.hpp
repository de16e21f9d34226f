// Whether every acknowledged write under contexts is still there, or was replaced by somebody who had seen it. The
// promise of dotted version vectors. docs/testing.md
#pragma once

#include <kvilt/sim/sibling_operations.hpp>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace kvilt::sim {

// `final` are the siblings when all is healed and converged. An acknowledged value must be one of them, or in the
// context of a write or erase that began no earlier and did not certainly fail. A final value must have been written,
// and is not in the context of an acknowledged write or erase, which has replaced it. Returns a sentence or an empty
// string. A value must be written once. Cost: nearly linear.
inline std::string check_lost_updates(const SiblingOperations& operations, const ValueIds& final) {
    const SiblingWrites writes(operations);
    if (!writes.broken().empty()) return writes.broken();
    std::map<ValueId, const SiblingOperation*> covered;     // by any that may have taken effect
    std::map<ValueId, const SiblingOperation*> surely_gone; // by one that has
    for (const SiblingOperation& each : operations) {
        const Operation& operation = each.operation;
        if (!operation.changes() || operation.outcome == Operation::Outcome::failed) continue;
        for (const ValueId value : each.values) {
            if (operation.start_us >= writes.find(value)->start_us) covered.emplace(value, &each);
            if (operation.outcome == Operation::Outcome::ok) surely_gone.emplace(value, &each);
        }
    }
    const std::set<ValueId> kept(final.begin(), final.end());
    for (const auto& [value, write] : writes.all())
        if (write->outcome == Operation::Outcome::ok && !kept.contains(value) && !covered.contains(value))
            return "lost update: " + text_of(*write) + ", but in the end it is gone, and nobody who saw it replaced it";
    for (const ValueId value : kept) {
        if (writes.find(value) == nullptr) return "in the end there is " + text_of(value) + ", which nobody wrote";
        if (const auto gone = surely_gone.find(value); gone != surely_gone.end())
            return "in the end there is " + text_of(value) + " again, after " + text_of(*gone->second);
    }
    return {};
}

} // namespace kvilt::sim
