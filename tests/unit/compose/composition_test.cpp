#include <kvilt/compose/assemble.hpp>
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/describe.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/replication/quorum.hpp>

#include <boost/hana/length.hpp>
#include <doctest/doctest.h>

#include "stand_ins.hpp"

using namespace kvilt;
namespace {

template <class M, class L = stand_in::VolatileLog, class T = table::None, class P = partition::Single>
using Composed = compose::Composition<M, L, T, P, replication::None, conflict::Overwrite>;

using Plain = Composed<stand_in::Ordered, stand_in::DurableLog>;
using Sharded = Composed<stand_in::OrderedMany, stand_in::DurableLog, stand_in::Tables, partition::HashMod>;

template <class C>
struct Ruled : compose::Rules<C> {};

using Standard = compose::Defaults<stand_in::Ordered, stand_in::VolatileLog, table::None, partition::Single,
                                   replication::None, conflict::Overwrite>;

} // namespace

TEST_CASE("a composition provides what its policies provide together") {
    static_assert(Plain::has<Capability::ordered_keys> && Plain::has<Capability::durable>);
    static_assert(Plain::has<Capability::ordered_placement> && Plain::has<Capability::total_order>);
    static_assert(!Plain::has<Capability::threads_many> && !Plain::has<Capability::tables>);
    static_assert(Sharded::has<Capability::threads_many> && Sharded::has<Capability::sharded>);
    static_assert(!Sharded::has<Capability::ordered_placement>);
    static_assert(!Composed<stand_in::Ordered>::has<Capability::durable>);
}

TEST_CASE("options are written with designated initialisers and have defaults for all the rest") {
    const Plain::Options plain{.log = {.sync = Sync::every_write}};
    CHECK(plain.log.sync == Sync::every_write);
    CHECK(plain.log.interval_us == 100'000);
    CHECK(plain.create);
    CHECK_FALSE(plain.read_only);
    const Sharded::Options sharded{.partition = {.shards = 7}, .memory_bytes_max = 64_MiB};
    CHECK(sharded.partition.shards == 7);
    CHECK(Sharded::validate(sharded).has_value());
}

TEST_CASE("every policy validates its own options") {
    CHECK(Plain::validate({.memtable = {.bytes_max = 1}}).error() == Errc::invalid_option);
    const auto refused = Sharded::validate({.partition = {.shards = 0}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() == "partition::HashMod: invalid option: shards is 0, but must be 1 to 4096");
}

TEST_CASE("timed syncs are refused without a thread that could do them") {
    const auto refused = Plain::validate({.log = {.sync = Sync::interval}});
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Errc::invalid_option);
    CHECK(refused.error().subject.find("threads::Many") != std::string::npos);
    CHECK(Sharded::validate({.log = {.sync = Sync::interval}}).has_value());
}

TEST_CASE("a composition that keeps the rules compiles with them as its base") {
    static_assert(sizeof(Ruled<Plain>) == 1 && sizeof(Ruled<Sharded>) == 1);
    static_assert(Ruled<Plain>::evicting_memtable_stands_alone);
}

TEST_CASE("explain names the broken rules of any policies in any order") {
    using compose::explain;
    static_assert(explain<stand_in::Ordered, stand_in::DurableLog>().empty());
    static_assert(explain<stand_in::Evicting>().empty());
    static_assert(explain<>().empty());

    constexpr auto evicting = explain<stand_in::DurableLog, stand_in::Evicting>();
    static_assert(evicting.size() == 1 && evicting[0].name == "evicting_memtable_stands_alone");
    CHECK(evicting[0].sentence.find("Use log::None and table::None") != std::string_view::npos);
    static_assert(explain<stand_in::Evicting, stand_in::Tables>().has("evicting_memtable_stands_alone"));

    static_assert(explain<stand_in::CompressedMapped>().has("compression_needs_cached_reads"));
    static_assert(explain<stand_in::CompressedCached>().empty());

    using Diverging = stand_in::Copied<3>;
    using Led = stand_in::Copied<3, Capability::leader>;
    static_assert(explain<Diverging, conflict::Overwrite>().has("diverging_copies_need_a_join"));
    static_assert(explain<stand_in::Ordered, Diverging, stand_in::Stamped>().empty());
    static_assert(explain<stand_in::Ordered, Led, conflict::Overwrite>().empty());
    static_assert(explain<Led, conflict::Overwrite>().has("copies_are_repaired_in_order"));
    static_assert(explain<replication::None, stand_in::Stamped>().has("needs_are_provided"));

    using Exact = replication::Quorum<3, 2, 2, Mode::linearizable>;
    using Forgetful = unsafe::volatile_replicas<Exact>;
    static_assert(explain<stand_in::Ordered, Exact, stand_in::Stamped>().has("linearizable_copies_keep_their_word"));
    static_assert(explain<stand_in::Ordered, Forgetful, stand_in::Stamped>().empty());

    constexpr auto two = explain<stand_in::Evicting, stand_in::DurableLog, stand_in::CompressedMapped>();
    static_assert(two.size() == 2);
    for (const auto& rule : two) CHECK(rule.sentence.starts_with("kvilt: "));
}

TEST_CASE("assembled policies find their slots, whatever their order, and the rest are defaults") {
    using A = compose::Slots<Standard, partition::HashMod, stand_in::DurableLog>;
    using B = compose::Slots<Standard, stand_in::DurableLog, partition::HashMod>;
    static_assert(std::is_same_v<A::Partition, partition::HashMod> && std::is_same_v<B::Partition, A::Partition>);
    static_assert(std::is_same_v<A::Log, stand_in::DurableLog> && std::is_same_v<B::Log, A::Log>);
    static_assert(std::is_same_v<A::MemTable, stand_in::Ordered> && std::is_same_v<A::Table, table::None>);
    static_assert(std::is_same_v<compose::Slots<Standard>::Conflict, conflict::Overwrite>);
}

TEST_CASE("describe lists slots, policies and capabilities") {
    static_assert(decltype(boost::hana::length(Plain::policies))::value == 6);
    const std::string text = compose::describe<Plain>();
    INFO(text);
    CHECK(text.starts_with("memtable     stand_in::MemTable"));
    CHECK(text.find("ordered_keys, versions\n") != std::string::npos);
    CHECK(text.find("\ntable        table::None                       -\n") != std::string::npos);
    CHECK(text.find("\ntogether ") != std::string::npos);
}
