#include <kvilt/laws/partition.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/partition/single.hpp>

#include <doctest/doctest.h>

#include <cstdlib>

using namespace kvilt;
namespace {

std::uint64_t seed() {
    const char* given = std::getenv("KVILT_SEED");
    return given == nullptr ? 20'240'607 : std::strtoull(given, nullptr, 10);
}

// Orders nothing, but says so.
struct Liar : partition::HashMod {
    static constexpr Capabilities provides{Capability::sharded, Capability::ordered_placement};
    struct Map : partition::HashMod::Map {
        using partition::HashMod::Map::Map;
        static constexpr bool ordered = true;
    };
};

} // namespace

TEST_CASE("the partitions keep the laws") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_partition<partition::Single>({}, seed()) == "");
    CHECK(laws::check_partition<partition::HashMod>({}, seed()) == "");
    CHECK(laws::check_partition<partition::HashMod>({.shards = 1}, seed()) == "");
    CHECK(laws::check_partition<partition::HashMod>({.shards = 4096}, seed()) == "");
    CHECK(laws::check_partition<partition::Range>({}, seed()) == "");
    CHECK(laws::check_partition<partition::Range>({.splits = {"a", "b", std::string("b\0", 2), "b\xff"}}, seed(),
                                                  {"a", "b", "b\xff", "b\xff\xff"}) == "");
}

TEST_CASE("the laws find a partition that does not keep the order it claims") {
    CHECK(laws::check_partition<Liar>({}, seed()).starts_with("a lower key is in a higher shard"));
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
