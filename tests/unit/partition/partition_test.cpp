#include <kvilt/laws/partition.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/jump.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/partition/redis_slots.hpp>
#include <kvilt/partition/rendezvous.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/partition/scatter_gather.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/partition/slots.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <limits>

using namespace kvilt;
namespace {

// Two sites, one of them with two racks.
NodeList spread_out(double largest = 4) {
    return {{.capacity = largest, .rack = "a", .site = "x"},
            {.rack = "a", .site = "x"},
            {.rack = "b", .site = "x"},
            {.rack = "a", .site = "y"},
            {.rack = "a", .site = "y"}};
}

template <class P>
void keeps_laws(const typename P::Options& options = {}) {
    CAPTURE(P::name);
    CHECK(laws::check_partition<P>(options, seed()) == "");
}

// The laws with no node, one, several, and several in racks and of different capacities.
template <class P>
void keeps_laws_on_nodes(double largest = 4) {
    keeps_laws<P>();
    for (const int nodes : {1, 2, 3, 10}) keeps_laws<P>({.nodes = nodes});
    keeps_laws<P>({.nodes = spread_out(largest)});
}

template <class P>
std::string refusal(const typename P::Options& options) {
    const auto valid = P::validate(options);
    return valid ? "" : valid.error().message();
}

// Each breaks one law, and no other before it.
using Honest = partition::HashMod;
template <class BrokenMap>
struct LiarOf : Honest {
    using Map = BrokenMap;
};
template <class BrokenMap>
std::string caught(const Honest::Options& options = {.nodes = 3}) {
    return laws::check_partition<LiarOf<BrokenMap>>(options, seed());
}
struct MapOnHonest : Honest::Map {
    using Honest::Map::Map;
};
struct OwnerOutOfRange : MapOnHonest {
    using MapOnHonest::MapOnHonest;
    NodeId owner(ShardId) const { return NodeId{3}; }
};
struct OwnerNotFirst : MapOnHonest {
    using MapOnHonest::MapOnHonest;
    void prefer(ShardId shard, std::vector<NodeId>& order) const {
        Honest::Map::prefer(shard, order);
        std::swap(order[0], order[1]);
    }
};
struct NodeTwice : MapOnHonest {
    using MapOnHonest::MapOnHonest;
    void prefer(ShardId shard, std::vector<NodeId>& order) const {
        Honest::Map::prefer(shard, order);
        order.back() = order.front();
    }
};
struct NodeMissing : MapOnHonest {
    using MapOnHonest::MapOnHonest;
    void prefer(ShardId shard, std::vector<NodeId>& order) const {
        Honest::Map::prefer(shard, order);
        order.pop_back();
    }
};
struct OrderKept : MapOnHonest {
    using MapOnHonest::MapOnHonest;
    void prefer(ShardId shard, std::vector<NodeId>& order) const {
        const std::vector<NodeId> before = order;
        Honest::Map::prefer(shard, order);
        order.insert(order.end(), before.begin(), before.end());
    }
};
struct Unstable : MapOnHonest {
    using MapOnHonest::MapOnHonest;
    std::string layout() const { return std::to_string(++asked); }
    mutable int asked = 0;
    static inline int made = 0;
    Unstable(const Honest::Options& options, std::size_t copies = 1) : MapOnHonest(options, copies), asked(++made) {}
};
struct Unspread : MapOnHonest {
    using MapOnHonest::MapOnHonest;
    void prefer(ShardId shard, std::vector<NodeId>& order) const { // by number, whatever the sites
        order = {owner(shard)};
        for (std::uint32_t n = 0; n < nodes().size(); ++n)
            if (NodeId{n} != owner(shard)) order.push_back(NodeId{n});
    }
};
struct TooFewNodes : MapOnHonest {
    explicit TooFewNodes(const Honest::Options& options, std::size_t = 1) : MapOnHonest(options, 1) {}
};

// Orders nothing, but says so.
struct Liar : Honest {
    static constexpr Capabilities provides{Capability::sharded, Capability::ordered_placement};
    struct Map : Honest::Map {
        using Honest::Map::Map;
        static constexpr bool ordered = true;
    };
};

// In order by shard, but not by owner.
struct Zigzag : partition::Range {
    struct Map : partition::Range::Map {
        using partition::Range::Map::Map;
        NodeId owner(ShardId shard) const { return NodeId{shard % 2}; }
        void prefer(ShardId shard, std::vector<NodeId>& order) const { order = {owner(shard), owner(shard + 1)}; }
    };
};

} // namespace

TEST_CASE("the partitions keep the laws") {
    MESSAGE("KVILT_SEED=", seed());
    keeps_laws<partition::Single>();
    keeps_laws<partition::Single>({.nodes = spread_out()});
    keeps_laws_on_nodes<partition::HashMod>();
    keeps_laws<partition::HashMod>({.shards = 1});
    keeps_laws<partition::HashMod>({.shards = 4096});
    keeps_laws<partition::HashMod>({.shards = 4096, .nodes = spread_out()});
    keeps_laws_on_nodes<partition::Range>();
    for (const NodeList& nodes : {NodeList(), NodeList(1), NodeList(2), NodeList(9), spread_out()})
        CHECK(laws::check_partition<partition::Range>(
                  {.splits = {"a", "b", std::string("b\0", 2), "b\xff"}, .nodes = nodes}, seed(),
                  {"a", "b", "b\xff", "b\xff\xff"}) == "");
    keeps_laws_on_nodes<partition::Ring<>>();
    keeps_laws_on_nodes<partition::Ring<1>>();
    keeps_laws_on_nodes<partition::Slots<>>();
    keeps_laws_on_nodes<partition::Slots<11>>();
    keeps_laws_on_nodes<partition::Rendezvous<>>();
    keeps_laws_on_nodes<partition::Rendezvous<64>>();
    keeps_laws_on_nodes<partition::Jump<>>(1);
    keeps_laws_on_nodes<partition::RedisSlots>();
    keeps_laws_on_nodes<partition::ScatterGather<partition::Ring<>>>();
}

TEST_CASE("the laws find a partition that does not keep the order it claims") {
    CHECK(laws::check_partition<Liar>({}, seed()).starts_with("a lower key is in a higher shard"));
    CHECK(laws::check_partition<Zigzag>({.splits = {"b", "c"}, .nodes = 2}, seed())
              .starts_with("a lower shard is on a higher owner"));
}

TEST_CASE("the laws find owners, orders and homes that are wrong") {
    CHECK(caught<MapOnHonest>() == "");
    CHECK(caught<OwnerOutOfRange>().starts_with("a shard is owned by a node that does not exist"));
    CHECK(caught<OwnerNotFirst>().starts_with("the order of a shard does not begin with its owner"));
    CHECK(caught<NodeTwice>().starts_with("the order of a shard does not name every node once"));
    CHECK(caught<NodeMissing>().starts_with("the order of a shard does not name every node once"));
    CHECK(caught<OrderKept>().starts_with("a shard prefers two orders"));
    CHECK(caught<Unstable>().starts_with("the layout differs for the same options"));
    CHECK(caught<Unspread>({.nodes = spread_out()}).starts_with("the homes of a shard are on too few sites"));
    CHECK(caught<Unspread>({.nodes = {{.rack = "a"}, {.rack = "a"}, {.rack = "b"}}})
              .starts_with("the homes of a shard are in too few racks"));
    CHECK(caught<TooFewNodes>({.shards = 1}).starts_with("there are fewer nodes than copies"));
}

TEST_CASE("homes are on every site, then in every rack, then where there are fewest") {
    const partition::Single::Map map({.nodes = {{.rack = "a", .site = "x"},
                                                {.rack = "a", .site = "x"},
                                                {.rack = "b", .site = "x"},
                                                {.rack = "a", .site = "y"},
                                                {.rack = "a", .site = "y"},
                                                {.rack = "a", .site = "y"}}},
                                     6);
    std::vector<NodeId> order;
    map.prefer(0, order);
    std::string numbers;
    for (const NodeId node : order) numbers += static_cast<char>('0' + node.number);
    CHECK(numbers == "032415");
}

TEST_CASE("without a list, every policy has nodes for its shards and copies") {
    CHECK(partition::Single::Map({}).nodes().size() == 1);
    CHECK(partition::Single::Map({}, 3).nodes().size() == 3);
    CHECK(partition::HashMod::Map({.shards = 2}, 3).nodes().size() == 3);
    CHECK(partition::Range::Map({.splits = {"a"}}, 3).nodes().size() == 3);
    CHECK(partition::Ring<>::Map({}).nodes().size() == 3);
    CHECK(partition::RedisSlots::Map({}, 5).nodes().size() == 5);
    const partition::HashMod::Map hashed({.shards = 4096});
    const partition::Range::Map ranges({.splits = {"a", "b", "c"}});
    for (ShardId shard = 0; shard < 4096; ++shard) REQUIRE(hashed.owner(shard).number == shard);
    for (ShardId shard = 0; shard < 4; ++shard) CHECK(ranges.owner(shard).number == shard);
}

TEST_CASE("the place of a key and the layout text are part of the format") {
    const partition::HashMod::Map four({.shards = 4});
    CHECK(four.layout() == "hash_mod/4");
    std::string placed;
    for (const char* key : {"", "a", "b", "c", "acc/1", "acc/2", "acc/3", "acc/4"})
        placed += static_cast<char>('0' + four.shard_of(key));
    CHECK(placed == "20321333");

    CHECK(partition::Single::Map({}).layout() == "");
    CHECK(partition::Range::Map({}).layout() == "range/");
    CHECK(partition::Range::Map({.splits = {"a,b", "b%c", std::string("m\0\xff", 3), "z~Z-9._"}}).layout() ==
          "range/a%2Cb,b%25c,m%00%FF,z~Z-9._");
}

TEST_CASE("a list of nodes is part of the layout, unless it is what an empty one stands for") {
    CHECK(partition::HashMod::Map({.shards = 4, .nodes = 4}).layout() == "hash_mod/4");
    CHECK(partition::HashMod::Map({.shards = 4}, 6).layout() == "hash_mod/4");
    CHECK(partition::HashMod::Map({.shards = 4, .nodes = 2}).layout() == "hash_mod/4/nodes/2");
    CHECK(partition::Range::Map({.splits = {"g"}, .nodes = 1}).layout() == "range/g/nodes/1");
    CHECK(partition::Single::Map({.nodes = 2}, 2).layout() == "");
    CHECK(partition::Single::Map({.nodes = 3}, 2).layout() == "nodes/3");
    CHECK(partition::Ring<>::Map({}).layout() == "ring/128/nodes/3");
    CHECK(partition::Slots<>::Map({.nodes = {{.capacity = 0.1}, {.rack = "r/1"}, {.capacity = 2, .site = "s"}}})
              .layout() == "slots/4096/nodes/3:0.1,1@r%2F1,2@@s");
    CHECK(partition::Rendezvous<>::Map({.nodes = {{.directory = "a"}}}).layout() == "rendezvous/16384/nodes/1");
    CHECK(partition::Jump<32>::Map({.nodes = 2}).layout() == "jump/32/nodes/2");
    CHECK(partition::ScatterGather<partition::RedisSlots>::Map({}).layout() == "redis_slots/nodes/3");
}

TEST_CASE("the places of keys on nodes are part of the format") {
    const auto places = []<class Map>(const Map& map) {
        std::string owners;
        std::vector<NodeId> order;
        for (const char* key : {"", "a", "b", "c", "acc/1", "acc/2", "acc/3", "acc/4"}) {
            map.prefer(map.shard_of(key), order);
            for (std::size_t n = 0; n < 3; ++n) owners += static_cast<char>('0' + order[n].number);
            owners += ' ';
        }
        return owners;
    };
    const NodeList weighted{{.capacity = 0.5}, {}, {.capacity = 2}, {}, {}};
    CHECK(places(partition::HashMod::Map({.shards = 8, .nodes = weighted})) == "234 234 401 340 123 401 401 123 ");
    CHECK(places(partition::Ring<>::Map({.nodes = weighted})) == "123 243 234 310 013 432 134 234 ");
    CHECK(places(partition::Slots<>::Map({.nodes = weighted})) == "123 324 241 132 214 421 123 142 ");
    CHECK(places(partition::Rendezvous<>::Map({.nodes = 5})) == "014 213 403 104 230 410 320 120 ");
    CHECK(places(partition::Rendezvous<>::Map({.nodes = weighted})) == "102 213 420 214 231 421 321 213 ");
    CHECK(places(partition::Jump<>::Map({.nodes = 5})) == "402 023 341 130 124 423 243 021 ");
    CHECK(places(partition::RedisSlots::Map({.nodes = weighted})) == "012 401 123 234 012 340 234 234 ");
}

TEST_CASE("hashing spreads keys evenly") {
    const partition::HashMod::Map map({.shards = 8});
    std::size_t counts[8] = {};
    for (int i = 0; i < 80'000; ++i) ++counts[map.shard_of("user/" + std::to_string(i))];
    for (const std::size_t count : counts) {
        CHECK(count > 9'500);
        CHECK(count < 10'500);
    }
}

TEST_CASE("a split is the first key of its shard") {
    const partition::Range::Map map({.splits = {"g", "p"}});
    CHECK(map.shards() == 3);
    CHECK(map.shard_of("") == 0);
    CHECK(map.shard_of("fz") == 0);
    CHECK(map.shard_of("g") == 1);
    CHECK(map.shard_of("ozz") == 1);
    CHECK(map.shard_of("p") == 2);
    CHECK(map.shard_of("\xff\xff") == 2);
}

TEST_CASE("splits must ascend, and the refusal names the two that do not") {
    const auto refused = partition::Range::validate({.splits = {"a", "c", "b\n"}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() == "partition::Range: invalid option: splits must ascend, but \"c\" stands before "
                                       "\"b%0A\": sort them and drop doubles");
    CHECK_FALSE(partition::Range::validate({.splits = {"a", "a"}}));
    CHECK_FALSE(partition::Range::validate({.splits = {""}}));
    CHECK(partition::Range::validate({.splits = {"a", "b"}}));
    CHECK_FALSE(partition::HashMod::validate({.shards = 0}));
    CHECK_FALSE(partition::HashMod::validate({.shards = 4097}));
}

TEST_CASE("nodes that cannot be placed on are refused with the cure") {
    using partition::Ring;
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinite = std::numeric_limits<double>::infinity();
    for (const double capacity : {0.0, -1.0, none, infinite, -infinite, 1e-10, 1e10})
        CHECK(refusal<Ring<>>({.nodes = {{}, {.capacity = capacity}}})
                  .starts_with("partition::Ring: invalid option: node 1 has capacity "));
    CHECK(refusal<partition::Single>({.nodes = {{.capacity = 0}}}) ==
          "partition::Single: invalid option: node 0 has capacity 0, but must have one from 1e-09 to 1e+09: state its "
          "size relative to the others'");
    for (const long long count : {-1LL, 4097LL, 1'000'000'000'000LL})
        CHECK(refusal<partition::HashMod>({.nodes = count}).find("more than 4096") != std::string::npos);
    CHECK(refusal<partition::HashMod>({.nodes = 4096}) == "");
    CHECK(refusal<partition::Range>({.nodes = {{.directory = "d"}, {.directory = "e"}, {.directory = "d"}}}) ==
          "partition::Range: invalid option: two nodes have the directory d: give each its own");
    CHECK(refusal<partition::RedisSlots>({.nodes = {{.rack = std::string(256, 'r')}}}).ends_with("shorten it"));
    CHECK(refusal<partition::Slots<4>>({.nodes = 5}).find("5 nodes share 4 slots: give") != std::string::npos);
    CHECK(refusal<partition::Rendezvous<4>>({.nodes = 4}) == "");
    CHECK(refusal<Ring<>>({.nodes = {{.capacity = 1e6}}}).find("make 1 to 4194304: state them") != std::string::npos);
    CHECK(refusal<Ring<>>({.nodes = {{.capacity = 0.001}}}).find("make 0 points") != std::string::npos);
    CHECK(refusal<partition::Jump<>>({.nodes = {{}, {.capacity = 2}}})
              .ends_with("partition::Ring, Slots or "
                         "Rendezvous"));
    CHECK(refusal<partition::Jump<>>({.nodes = {{.capacity = 2}, {.capacity = 2}}}) == "");
}

TEST_CASE("a list of fewer nodes than copies is refused where the copies are known") {
    CHECK(check_nodes<partition::Ring<>>({}, 5));
    CHECK(check_nodes<partition::Ring<>>({.nodes = 3}, 3));
    const auto refused = check_nodes<partition::Ring<>>({.nodes = 2}, 3);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() == "open: invalid option: partition::Ring: 3 copies of each key need as many "
                                       "nodes, but there are 2: add nodes, or leave .nodes out");
    CHECK_FALSE(check_nodes<partition::Single>({.nodes = 2}, 1)); // one engine
    CHECK_FALSE(check_nodes<partition::Single>({.nodes = {{.directory = "d"}}}, 1));
    CHECK(check_nodes<partition::Single>({.nodes = 1}, 1));
    CHECK(check_nodes<partition::Single>({.nodes = 2}, 2));
}
