// Whether what an acknowledged erase has removed stays away. docs/testing.md
#pragma once

#include <kvilt/sim/sibling_operations.hpp>
#include <kvilt/sim/sources.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::sim {

// Of a store that keeps siblings: an erase covers the values of its context. No read that begins after the erase was
// acknowledged shows one of them. Holds for reads that must meet the erase: at a level whose answers intersect the
// acknowledgements, or once all copies have converged. Returns a sentence or an empty string. A value must be written
// once. Cost: nearly linear.
inline std::string check_resurrection(const SiblingOperations& operations) {
    const SiblingWrites writes(operations);
    if (!writes.broken().empty()) return writes.broken();
    std::map<ValueId, const Operation*> erased; // by value: the erase of it that was acknowledged first
    for (const SiblingOperation& each : operations) {
        const Operation& operation = each.operation;
        if (operation.kind != Operation::Kind::erase || operation.outcome != Operation::Outcome::ok) continue;
        for (const ValueId value : each.values) {
            const Operation*& first = erased.emplace(value, &operation).first->second;
            if (operation.end_us < first->end_us) first = &operation;
        }
    }
    for (const SiblingOperation& each : operations) {
        if (each.operation.kind != Operation::Kind::read || each.operation.outcome != Operation::Outcome::ok) continue;
        for (const ValueId value : each.values)
            if (const auto found = erased.find(value); found != erased.end() && found->second->before(each.operation))
                return "resurrection: " + text_of(each) + ", but before that " + text_of(*found->second);
    }
    return {};
}

// Of a store of single values: an erase covers each value whose write had begun by the erase's end and is older (as for
// check_regular): acknowledged before the erase began, where no versions are told. Cost: erases times writes.
inline std::string check_resurrection(const Operations& operations) {
    const Sources sources(operations);
    if (!sources.broken().empty()) return sources.broken();
    SiblingOperations translated;
    for (const Operation& operation : operations) {
        SiblingOperation each{operation, {}};
        if (Sources::is_read(operation) && operation.value != no_value) each.values.push_back(operation.value);
        if (operation.kind == Operation::Kind::erase && operation.outcome == Operation::Outcome::ok)
            for (const auto& [value, write] : sources.writes())
                if (!operation.before(*write.operation()) && sources.written_by(operation).newer_than(write))
                    each.values.push_back(value);
        if (operation.kind == Operation::Kind::compare_and_set && operation.changes())
            each.operation.kind = Operation::Kind::write;
        translated.push_back(std::move(each));
    }
    return check_resurrection(translated);
}

} // namespace kvilt::sim
