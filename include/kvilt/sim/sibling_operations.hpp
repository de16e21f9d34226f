// What clients asked of one key of a store that keeps siblings: several values at once, and contexts.
// docs/testing.md
#pragma once

#include <kvilt/sim/operations.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kvilt::sim {

using ValueIds = std::vector<ValueId>;

// Contexts are told by the values that the read showed which they came from: what the client meant to replace, in
// whatever way the store puts it.
struct SiblingOperation {
    Operation operation{}; // its `value` is that of a write; a read has `values` instead
    ValueIds values{};     // read: the siblings; write, erase: the values of the context; empty for a blind one
};

using SiblingOperations = std::vector<SiblingOperation>;

inline std::string text_of(const SiblingOperation& operation) {
    const bool read = operation.operation.kind == Operation::Kind::read;
    std::string list;
    for (const ValueId value : operation.values) list += (list.empty() ? "" : ", ") + text_of(value);
    return text_of(operation.operation) + (read ? ", showing {" : ", in place of {") + list + "}";
}

// By value: the write of it. One that certainly failed counts as none.
class SiblingWrites {
public:
    explicit SiblingWrites(const SiblingOperations& operations) {
        for (const SiblingOperation& each : operations) {
            const Operation& operation = each.operation;
            if (operation.kind != Operation::Kind::write || operation.outcome == Operation::Outcome::failed) continue;
            if (operation.value == no_value)
                broken_ = text_of(operation) + ": value 0 stands for absence";
            else if (!writes_.emplace(operation.value, &operation).second)
                broken_ = "value " + text_of(operation.value) + " is written twice, which this check cannot judge";
        }
        for (const SiblingOperation& each : operations) {
            if (each.operation.outcome == Operation::Outcome::failed) continue;
            for (const ValueId value : each.values)
                if (const Operation* const write = find(value); write == nullptr)
                    broken_ = text_of(each) + ": nobody had begun to write " + text_of(value);
                else if (write == &each.operation || each.operation.settled_us() < write->start_us)
                    broken_ = text_of(each) + ": has " + text_of(value) + " before it was written";
        }
    }

    // What makes the history an impossible one; or empty.
    const std::string& broken() const noexcept { return broken_; }

    const Operation* find(ValueId value) const {
        const auto found = writes_.find(value);
        return found == writes_.end() ? nullptr : found->second;
    }

    // In the order of the values.
    const std::map<ValueId, const Operation*>& all() const noexcept { return writes_; }

private:
    std::map<ValueId, const Operation*> writes_{};
    std::string broken_{};
};

} // namespace kvilt::sim
