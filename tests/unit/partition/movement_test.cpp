// What each partition promises of loads and of movement, measured: docs/partitioning.md has the table.
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/jump.hpp>
#include <kvilt/partition/redis_slots.hpp>
#include <kvilt/partition/rendezvous.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/partition/slots.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <cmath>
#include <cstdio>
#include <set>

using namespace kvilt;
namespace {

constexpr std::size_t key_count = 50'000;
constexpr int nodes_from = 5;
constexpr int nodes_to = 20;

std::string key_of(std::uint64_t n) {
    const std::uint64_t draw = mix(seed(), n);
    return {reinterpret_cast<const char*>(&draw), sizeof draw};
}

template <class Map>
std::vector<std::uint32_t> places(const Map& map) {
    std::vector<std::uint32_t> owners;
    for (std::uint64_t n = 0; n < key_count; ++n) owners.push_back(map.owner(map.shard_of(key_of(n))).number);
    return owners;
}

std::vector<double> loads(const std::vector<std::uint32_t>& owners, std::size_t nodes) {
    std::vector<double> counts(nodes);
    for (const std::uint32_t owner : owners) counts[owner] += 1.0 / static_cast<double>(owners.size());
    return counts;
}

// Of all keys, those that another node has, and those of them that no change of `changed` explains.
struct Movement {
    double moved = 0;
    double between_others = 0;
};
Movement movement(const std::vector<std::uint32_t>& before, const std::vector<std::uint32_t>& after,
                  std::uint32_t changed) {
    std::size_t moved = 0;
    std::size_t between_others = 0;
    for (std::size_t n = 0; n < before.size(); ++n) {
        moved += before[n] != after[n];
        between_others += before[n] != after[n] && before[n] != changed && after[n] != changed;
    }
    const auto all = static_cast<double>(before.size());
    return {static_cast<double>(moved) / all, static_cast<double>(between_others) / all};
}

// Over all numbers of nodes that are tried.
struct Figures {
    double load_mean = 0; // of the fullest node, where 1 is the mean of the nodes
    double load_worst = 0;
    double moved = 0; // where 1 is the new node's share
    double between_old = 0;
};

template <class P, class OptionsOf>
Figures measure(OptionsOf options_of) {
    Figures figures;
    int trials = 0;
    std::vector<std::uint32_t> after = places(typename P::Map(options_of(nodes_from)));
    for (int nodes = nodes_from; nodes <= nodes_to; ++nodes, ++trials) {
        const std::vector<std::uint32_t> before = std::move(after);
        const std::vector<double> load = loads(before, static_cast<std::size_t>(nodes));
        const double most = *std::max_element(load.begin(), load.end()) * nodes;
        figures.load_mean += most;
        figures.load_worst = std::max(figures.load_worst, most);
        after = places(typename P::Map(options_of(nodes + 1)));
        const Movement joined = movement(before, after, static_cast<std::uint32_t>(nodes));
        const Movement left = movement(after, before, static_cast<std::uint32_t>(nodes));
        CHECK(joined.moved == left.moved);
        figures.moved += joined.moved * (nodes + 1);
        figures.between_old += joined.between_others;
    }
    figures.load_mean /= trials;
    figures.moved /= trials;
    figures.between_old /= trials;
    return figures;
}

std::string row(const std::string& name, const Figures& figures) {
    char text[160];
    std::snprintf(text, sizeof text, "| %-28s | %.3f | %.3f | %.3f | %.4f |\n", name.c_str(), figures.load_mean,
                  figures.load_worst, figures.moved, figures.between_old);
    return text;
}

template <class P>
Figures minimal(std::string& table, const std::string& name, double load_worst_max) {
    const Figures figures = measure<P>([](int nodes) { return typename P::Options{.nodes = nodes}; });
    CAPTURE(name);
    CHECK(figures.between_old == 0);
    CHECK(figures.load_worst < load_worst_max);
    table += row(name, figures);
    return figures;
}

// Of the nodes, the greatest load for its capacity.
template <class P>
double worst_for_capacity(const NodeList& nodes) {
    const std::vector<double> load = loads(places(typename P::Map({.nodes = nodes})), nodes.size());
    double sum = 0;
    for (const NodeSpec& node : nodes) sum += node.capacity;
    double worst = 0;
    std::size_t number = 0;
    for (const NodeSpec& node : nodes) worst = std::max(worst, load[number++] * sum / node.capacity);
    return worst;
}

} // namespace

TEST_CASE("rings, slots, rendezvous and jumps move keys to the new node alone, and loads are as even as documented") {
    MESSAGE("KVILT_SEED=", seed());
    std::string table = "\n| " + std::to_string(nodes_from) + " to " + std::to_string(nodes_to) + " nodes, " +
                        std::to_string(key_count) + " keys | fullest/mean | worst | moved/ideal | between old |\n";
    std::vector<double> means;
    means.push_back(minimal<partition::Ring<1>>(table, "Ring<1>", 8).load_mean);
    means.push_back(minimal<partition::Ring<8>>(table, "Ring<8>", 3).load_mean);
    means.push_back(minimal<partition::Ring<32>>(table, "Ring<32>", 1.9).load_mean);
    means.push_back(minimal<partition::Ring<128>>(table, "Ring<128>", 1.4).load_mean);
    means.push_back(minimal<partition::Ring<512>>(table, "Ring<512>", 1.2).load_mean);
    for (std::size_t n = 2; n < means.size(); ++n) CHECK(means[n] < means[n - 2]);
    minimal<partition::Slots<64>>(table, "Slots<64>", 1.4);
    minimal<partition::Slots<1024>>(table, "Slots<1024>", 1.12);
    minimal<partition::Slots<4096>>(table, "Slots<4096>", 1.1);
    minimal<partition::Rendezvous<1024>>(table, "Rendezvous<1024>", 1.5);
    minimal<partition::Rendezvous<16384>>(table, "Rendezvous<16384>", 1.15);
    minimal<partition::Jump<16384>>(table, "Jump<16384>", 1.15);

    const Figures runs =
        measure<partition::RedisSlots>([](int nodes) { return partition::RedisSlots::Options{.nodes = nodes}; });
    CHECK(runs.load_worst < 1.1);
    CHECK(runs.between_old > 0.1); // no promise here
    table += row("RedisSlots", runs);
    table += row("HashMod, a shard a node", measure<partition::HashMod>([](int nodes) {
                     return partition::HashMod::Options{.shards = static_cast<std::size_t>(nodes)};
                 }));
    MESSAGE(table);
}

TEST_CASE("one shard more moves n of n + 1 keys under HashMod") {
    for (const std::size_t shards : {2U, 10U, 31U}) {
        const auto before = places(partition::HashMod::Map({.shards = shards}));
        const auto after = places(partition::HashMod::Map({.shards = shards + 1}));
        const Movement joined = movement(before, after, static_cast<std::uint32_t>(shards));
        const auto n = static_cast<double>(shards);
        const double sigmas = 4 / std::sqrt(static_cast<double>(key_count));
        CHECK(std::abs(joined.moved - n / (n + 1)) < sigmas);
        CHECK(std::abs(joined.between_others - (n - 1) / (n + 1)) < sigmas);
    }
}

TEST_CASE("exactly the share of the new node moves among slots") {
    const auto check = []<class P>(P, const NodeList& before, const NodeList& after) {
        const typename P::Map old_map({.nodes = before});
        const typename P::Map new_map({.nodes = after});
        const NodeId joined{static_cast<std::uint32_t>(before.size())};
        std::size_t moved = 0;
        for (ShardId shard = 0; shard < new_map.shards(); ++shard) {
            if (old_map.owner(shard) == new_map.owner(shard)) continue;
            REQUIRE(new_map.owner(shard) == joined);
            ++moved;
        }
        double sum = 0;
        for (const NodeSpec& node : after) sum += node.capacity;
        const double ideal = static_cast<double>(new_map.shards()) * after[joined].capacity / sum;
        CHECK(std::abs(static_cast<double>(moved) - ideal) <= 1);
        CHECK(new_map.table().share(joined) == moved);
        CHECK(new_map.epoch() > old_map.epoch());
    };
    for (int nodes = 1; nodes < 40; ++nodes) check(partition::Slots<>(), nodes, nodes + 1);
    std::vector<NodeSpec> specs{{.capacity = 3}};
    for (std::uint64_t n = 0; n < 30; ++n) {
        const NodeList before(specs);
        specs.push_back({.capacity = 0.25 + static_cast<double>(mix(seed(), n) % 1000) / 250});
        check(partition::Slots<1000>(), before, NodeList(specs));
    }
}

TEST_CASE("every node has its share of slots to within one, whoever joins and leaves") {
    MESSAGE("KVILT_SEED=", seed());
    partition::SlotTable table(4096);
    std::vector<double> capacities;
    std::size_t present = 0;
    for (std::uint64_t n = 0; n < 60; ++n) {
        const std::uint64_t draw = mix(seed(), n);
        std::vector<NodeId> before;
        for (std::size_t slot = 0; slot < table.slots(); ++slot) before.push_back(table.owner(slot));
        NodeId changed{static_cast<std::uint32_t>(capacities.size())};
        if (present < 3 || draw % 3 != 0) {
            capacities.push_back(1 + static_cast<double>(draw % 4));
            table.join(capacities.back());
            ++present;
        } else {
            do changed.number = (changed.number + 1) % static_cast<std::uint32_t>(capacities.size());
            while (capacities[changed.number] == 0);
            capacities[changed.number] = 0;
            table.leave(changed);
            --present;
        }
        REQUIRE(table.version() == n + 1);
        double sum = 0;
        for (const double capacity : capacities) sum += capacity;
        std::vector<double> counts(capacities.size());
        for (std::size_t slot = 0; slot < table.slots(); ++slot) {
            const NodeId owner = table.owner(slot);
            counts[owner.number] += 1;
            if (n > 0 && owner != before[slot]) REQUIRE((owner == changed || before[slot] == changed));
        }
        for (std::size_t node = 0; node < counts.size(); ++node)
            REQUIRE(std::abs(counts[node] - 4096 * capacities[node] / sum) <= 1);
    }
}

TEST_CASE("of nodes with equal capacities none owns two slots in a row") {
    std::string table = "\n| nodes | 3 slots in a row with 3 owners, of 4096 |\n";
    partition::SlotTable slots(4096);
    slots.join(1);
    for (int nodes = 2; nodes <= 64; ++nodes) {
        slots.join(1);
        std::size_t distinct = 0;
        for (std::size_t slot = 0; slot < slots.slots(); ++slot) {
            const NodeId next = slots.owner((slot + 1) % slots.slots());
            REQUIRE(slots.owner(slot) != next);
            const NodeId third = slots.owner((slot + 2) % slots.slots());
            distinct += third != next && third != slots.owner(slot);
        }
        if (nodes > 4) CHECK(distinct > 3600);
        if ((nodes & (nodes - 1)) == 0 || nodes < 8)
            table += "| " + std::to_string(nodes) + " | " + std::to_string(distinct) + " |\n";
    }
    MESSAGE(table);
}

TEST_CASE("nodes hold keys in proportion to their capacities") {
    const NodeList nodes{
        {}, {}, {}, {}, {}, {.capacity = 2}, {.capacity = 2}, {.capacity = 2}, {.capacity = 4}, {.capacity = 4}};
    std::string table = "\n| capacities 1 1 1 1 1 2 2 2 4 4 | fullest for its capacity |\n";
    const auto check = [&]<class P>(P, const char* name, double most) {
        const double worst = worst_for_capacity<P>(nodes);
        CAPTURE(name);
        CHECK(worst < most);
        char text[80];
        std::snprintf(text, sizeof text, "| %s | %.3f |\n", name, worst);
        table += text;
    };
    check(partition::Ring<128>(), "Ring<128>", 1.35);
    check(partition::Ring<512>(), "Ring<512>", 1.2);
    check(partition::Slots<>(), "Slots<4096>", 1.1);
    check(partition::Rendezvous<>(), "Rendezvous<16384>", 1.15);
    check(partition::RedisSlots(), "RedisSlots", 1.1);
    MESSAGE(table);
}

TEST_CASE("a node that is drained, wherever it is in the list, moves its own keys only") {
    const auto check = []<class P>(P) {
        std::vector<NodeSpec> specs(10);
        const auto before = places(typename P::Map({.nodes = NodeList(specs)}));
        specs[3].capacity = 1e-9;
        const auto after = places(typename P::Map({.nodes = NodeList(specs)}));
        CHECK(std::count(before.begin(), before.end(), 3U) > 1000);
        CHECK(std::count(after.begin(), after.end(), 3U) == 0);
        CHECK(movement(before, after, 3).between_others == 0);
    };
    check(partition::Ring<>());
    check(partition::Rendezvous<>());
}

TEST_CASE("copies are spread as evenly as owners") {
    std::string table = "\n| homes of 3 copies on 10 nodes | fullest/mean |\n";
    const auto check = [&]<class P>(P, const char* name, double most) {
        const typename P::Map map({.nodes = 10}, 3);
        std::vector<NodeId> order;
        double load[10] = {};
        constexpr std::uint64_t keys = 20'000;
        for (std::uint64_t n = 0; n < keys; ++n) {
            map.prefer(map.shard_of(key_of(n)), order);
            for (std::size_t home = 0; home < 3; ++home) load[order[home].number] += 10.0 / (3 * keys);
        }
        const double worst = *std::max_element(load, load + 10);
        CAPTURE(name);
        CHECK(worst < most);
        char text[80];
        std::snprintf(text, sizeof text, "| %s | %.3f |\n", name, worst);
        table += text;
    };
    check(partition::Ring<128>(), "Ring<128>", 1.3);
    check(partition::Slots<>(), "Slots<4096>", 1.15);
    check(partition::Rendezvous<>(), "Rendezvous<16384>", 1.15);
    check(partition::Jump<>(), "Jump<16384>", 1.15);
    check(partition::RedisSlots(), "RedisSlots", 1.1);
    MESSAGE(table);
}

TEST_CASE("the next point of a ring is found as by a search through all of them") {
    for (const int nodes : {1, 3, 100}) {
        const partition::Ring<128>::Map map({.nodes = nodes});
        std::set<std::pair<std::uint64_t, std::uint32_t>> points;
        for (std::uint32_t node = 0; node < static_cast<std::uint32_t>(nodes); ++node)
            for (std::uint64_t n = 0; n < 128; ++n) points.emplace(mix(mix(node), n), node);
        REQUIRE(map.shards() == points.size());
        for (std::uint64_t n = 0; n < 20'000; ++n) {
            const std::string key = key_of(n);
            auto next = points.lower_bound({mix(hash_key(key)), 0});
            if (next == points.end()) next = points.begin();
            REQUIRE(map.owner(map.shard_of(key)).number == next->second);
        }
    }
}
