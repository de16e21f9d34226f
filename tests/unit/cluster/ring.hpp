// Small rings in a world in memory, for the tests of this room.
#pragma once

#include <kvilt/env/memory.hpp>
#include <kvilt/kvilt.hpp>

#include <doctest/doctest.h>

#include <string>

REGISTER_EXCEPTION_TRANSLATOR(const std::bad_expected_access<kvilt::Error>& refused) {
    return doctest::String(refused.error().message().c_str());
}

namespace ring {

using namespace kvilt;

// Five nodes, three copies, two to write and to read; last write wins.
using Strict = assemble<memtable::Art<>, log::Mapped, table::Lsm<>, partition::Ring<16>, replication::Quorum<3, 2, 2>,
                        conflict::LastWriteWins<>>;

template <class Store>
typename Store::Options small(std::size_t nodes = 5) {
    typename Store::Options options;
    options.log.segment_bytes_min = 4096;
    options.partition.nodes = NodeList(nodes);
    return options;
}

inline std::string key(int number) { return "key-" + std::to_string(number); }
inline std::string value(int number) { return "value-" + std::to_string(number); }

// The nodes that are not homes of `key`.
template <class Store>
std::vector<NodeId> strangers(Store& store, const std::string& key) {
    const auto homes = store.cluster().owners(key);
    std::vector<NodeId> others;
    for (const NodeStatus& status : store.cluster().nodes())
        if (std::find(homes.begin(), homes.end(), status.node) == homes.end()) others.push_back(status.node);
    return others;
}

// Cuts every link between `side` and the other nodes, both ways.
template <class Store>
void cut_off(Store& store, const std::vector<NodeId>& side) {
    for (const NodeStatus& other : store.cluster().nodes()) {
        if (std::find(side.begin(), side.end(), other.node) != side.end()) continue;
        for (const NodeId node : side) {
            store.cluster().cut(node, other.node);
            store.cluster().cut(other.node, node);
        }
    }
}

} // namespace ring
