// Operations written by hand: client, value, start and end.
#pragma once

#include <kvilt/sim/sibling_operations.hpp>

#include <initializer_list>

namespace hand_made {

using kvilt::sim::no_value;
using kvilt::sim::Operation;
using kvilt::sim::Operations;
using kvilt::sim::SiblingOperation;
using kvilt::sim::ValueId;
using kvilt::sim::ValueIds;

inline Operation timed(Operation::Kind kind, std::uint32_t client, ValueId value, std::uint64_t start_us,
                       std::uint64_t end_us) {
    return {.client = client, .kind = kind, .value = value, .start_us = start_us, .end_us = end_us};
}

inline Operation write(std::uint32_t client, ValueId value, std::uint64_t start_us, std::uint64_t end_us) {
    return timed(Operation::Kind::write, client, value, start_us, end_us);
}
inline Operation read(std::uint32_t client, ValueId value, std::uint64_t start_us, std::uint64_t end_us) {
    return timed(Operation::Kind::read, client, value, start_us, end_us);
}
inline Operation erase(std::uint32_t client, std::uint64_t start_us, std::uint64_t end_us) {
    return timed(Operation::Kind::erase, client, no_value, start_us, end_us);
}
inline Operation swap(std::uint32_t client, ValueId expected, ValueId value, std::uint64_t start_us,
                      std::uint64_t end_us) {
    Operation made = timed(Operation::Kind::compare_and_set, client, value, start_us, end_us);
    made.expected = expected;
    return made;
}
inline Operation in_vain(Operation operation) {
    operation.swapped = false;
    return operation;
}
inline Operation unknown(Operation operation) {
    operation.outcome = Operation::Outcome::unknown;
    return operation;
}
inline Operation failed(Operation operation) {
    operation.outcome = Operation::Outcome::failed;
    return operation;
}
inline Operation versioned(std::uint64_t version, Operation operation) {
    operation.version = version;
    return operation;
}

inline SiblingOperation with(Operation operation, std::initializer_list<ValueId> values) {
    return {operation, ValueIds(values)};
}

} // namespace hand_made
