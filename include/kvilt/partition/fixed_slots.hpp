// What the policies with a fixed number of hash slots have in common.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/partition/concept.hpp>
#include <kvilt/partition/homes.hpp>
#include <kvilt/partition/node_list.hpp>

#include <cstdint>
#include <vector>

namespace kvilt::partition::detail {

inline constexpr std::size_t slots_max = std::size_t{1} << 20; // a table of 2 MiB

// Mixed once more, as HashMod does and for its reason.
template <std::size_t Q>
ShardId slot_of(Bytes key) noexcept {
    static_assert(Q >= 1 && Q <= slots_max, "kvilt: a partition has 1 to 1,048,576 slots.");
    return static_cast<ShardId>(mix(hash_key(key)) % Q);
}

// Fewer slots than nodes would leave some without a key.
inline Result<void> check_slots(const char* policy, const NodeList& nodes, std::size_t slots) {
    KVILT_TRY(check_node_list(policy, nodes));
    if (nodes.size() <= slots) return {};
    return failure(Errc::invalid_option, policy,
                   std::to_string(nodes.size()) + " nodes share " + std::to_string(slots) +
                       " slots: give the policy more slots, some hundred for each node");
}

// owner(slot) for each, kept small.
template <class Owner>
std::vector<std::uint16_t> owners_of_slots(std::size_t slots, Owner owner) {
    static_assert(nodes_max <= 0xffff);
    std::vector<std::uint16_t> owners;
    owners.reserve(slots);
    for (std::size_t slot = 0; slot < slots; ++slot)
        owners.push_back(static_cast<std::uint16_t>(owner(static_cast<ShardId>(slot)).number));
    return owners;
}

} // namespace kvilt::partition::detail
