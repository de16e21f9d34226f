// Every policy with every other: which go together is counted twice, by the rules and by hand.
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/conflict/version.hpp>
#include <kvilt/log/buffered.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/memtable/cache.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/memtable/reference.hpp>
#include <kvilt/memtable/skip_list.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/jump.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/partition/redis_slots.hpp>
#include <kvilt/partition/rendezvous.hpp>
#include <kvilt/partition/ring.hpp>
#include <kvilt/partition/scatter_gather.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/partition/slots.hpp>
#include <kvilt/replication/leader_follower.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/replication/quorum.hpp>
#include <kvilt/table/compaction.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_none.hpp>
#include <kvilt/table/lsm.hpp>
#include <kvilt/table/none.hpp>

#include <doctest/doctest.h>

#include <vector>

#if __has_include(<lz4.h>)
#include <kvilt/table/compression_lz4.hpp>
#endif
#if __has_include(<zstd.h>)
#include <kvilt/table/compression_zstd.hpp>
#endif

using namespace kvilt;
using compose::Facts;
using compose::facts_of;
namespace {

template <class... Ts>
struct Types {};

using Compactions = Types<compaction::Lazy, compaction::Leveled, compaction::Tiered>;
using Filters = Types<filter::Locator, filter::Bloom<10>, filter::None>;
using Compressions = Types<compression::None
#if __has_include(<lz4.h>)
                           ,
                           compression::Lz4
#endif
#if __has_include(<zstd.h>)
                           ,
                           compression::Zstd
#endif
                           >;

// Of a table's parts only compression and reads reach its facts, so one compaction and filter stand for all.
template <class... Cs>
void add_tables(std::vector<Facts>& tables, Types<Cs...>) {
    (tables.push_back(facts_of<table::Lsm<Cs, reads::Mapped>>()), ...);
    (tables.push_back(facts_of<table::Lsm<reads::Cached, Cs>>()), ...);
}

template <class... Ks, class... Fs>
constexpr std::size_t product(Types<Ks...>, Types<Fs...>) {
    return sizeof...(Ks) * sizeof...(Fs);
}

template <class C>
constexpr bool same_facts(const Facts& facts) {
    return facts_of<C>().provides == facts.provides && facts_of<C>().needs == facts.needs;
}

const std::vector<Facts> memtables{
    facts_of<memtable::Art<>>(),      facts_of<memtable::Art<threads::Many>>(),
    facts_of<memtable::SkipList<>>(), facts_of<memtable::SkipList<threads::Many>>(),
    facts_of<memtable::Hash<>>(),     facts_of<memtable::Hash<threads::Many>>(),
    facts_of<memtable::Cache<>>(),    facts_of<memtable::Cache<threads::Many>>(),
    facts_of<memtable::Reference>(),
};
const std::vector<Facts> logs{facts_of<log::None>(), facts_of<log::Mapped>(), facts_of<log::Written>(),
                              facts_of<log::Buffered>()};
const std::vector<Facts> partitions{
    facts_of<partition::Single>(),
    facts_of<partition::HashMod>(),
    facts_of<partition::Range>(),
    facts_of<partition::Ring<>>(),
    facts_of<partition::Slots<>>(),
    facts_of<partition::Rendezvous<>>(),
    facts_of<partition::Jump<>>(),
    facts_of<partition::RedisSlots>(),
    facts_of<partition::ScatterGather<partition::Ring<>>>(),
};

// How copies are kept, with what is known of each by hand.
struct Copying {
    Facts facts;
    bool copies;
    bool joins;        // where it must: copies take writes on their own, and the conflict policy can join them
    bool meets;        // linearizable quorums intersect and have one order, and nobody else orders what a leader does
    bool linearizable; // and so must not forget
};

template <std::size_t R, std::size_t W, Mode mode, class C>
Copying quorum(bool joins, bool meets) {
    using Q = replication::Quorum<3, R, W, mode>;
    return {facts_of<Q>() | facts_of<C>(), true, joins, meets, mode == Mode::linearizable};
}

template <Ack ack, class C>
Copying led(bool orders) {
    return {facts_of<replication::LeaderFollower<3, ack>>() | facts_of<C>(), true, true, orders, ack != Ack::async};
}

// A stamped policy without copies lacks what it needs: not joined either.
const std::vector<Copying> copyings{
    {facts_of<replication::None>() | facts_of<conflict::Overwrite>(), false, true, true, false},
    {facts_of<replication::None>() | facts_of<conflict::LastWriteWins<>>(), false, false, true, false},
    {facts_of<replication::None>() | facts_of<conflict::Version>(), false, false, true, false},
    {facts_of<replication::None>() | facts_of<conflict::VectorClock<>>(), false, false, true, false},
    quorum<2, 2, Mode::strict, conflict::Overwrite>(false, true),
    quorum<2, 2, Mode::strict, conflict::LastWriteWins<>>(true, true),
    quorum<2, 2, Mode::strict, conflict::Version>(true, true),
    quorum<1, 1, Mode::strict, conflict::VectorClock<>>(true, true),
    quorum<2, 2, Mode::sloppy, conflict::LastWriteWins<clocks::ProcessWide>>(true, true),
    quorum<2, 2, Mode::sloppy, conflict::VectorClock<>>(true, true),
    quorum<2, 2, Mode::linearizable, conflict::LastWriteWins<>>(true, true),
    quorum<2, 2, Mode::linearizable, conflict::Version>(true, false),
    quorum<2, 2, Mode::linearizable, conflict::VectorClock<>>(true, false),
    quorum<1, 2, Mode::linearizable, conflict::LastWriteWins<>>(true, false),
    quorum<3, 1, Mode::linearizable, conflict::LastWriteWins<>>(true, false),
    led<Ack::majority, conflict::Overwrite>(true),
    led<Ack::majority, conflict::Version>(true),
    led<Ack::majority, conflict::LastWriteWins<>>(false),
    led<Ack::all, conflict::VectorClock<>>(false),
    led<Ack::async, conflict::Overwrite>(true),
    led<Ack::async, conflict::Version>(true),
};

bool valid_by_hand(const Facts& memtable, const Facts& log, const Facts& table, const Facts& partition,
                   const Copying& copying) {
    const bool tables = table.has(Capability::tables);
    const bool forgets = memtable.has(Capability::evicting);
    const bool keeps = log.has(Capability::durable) || tables;
    const bool in_place = table.has(Capability::compression) && !table.has(Capability::block_cache);
    const bool torn = tables && !log.has(Capability::durable) && partition.has(Capability::sharded) && !copying.copies;
    const bool unrepaired = copying.copies && !memtable.has(Capability::ordered_keys);
    const bool breaks_word = copying.linearizable && !log.has(Capability::survives_process);
    return !(forgets && keeps) && !in_place && !torn && !unrepaired && !breaks_word && copying.joins && copying.meets;
}

} // namespace

TEST_CASE("every combination of policies is valid or is told why not") {
    std::vector<Facts> tables;
    add_tables(tables, Compressions());
    const std::size_t variants = product(Compactions(), Filters());

    std::size_t valid = 0;
    std::size_t invalid = 0;
    std::size_t disputed = 0;
    const auto judge = [&](const Facts& memtable, const Facts& log, const Facts& table, std::size_t weight) {
        for (const Facts& partition : partitions)
            for (const Copying& copying : copyings) {
                const auto rules = compose::explain(memtable | log | table | partition | copying.facts);
                (rules.empty() ? valid : invalid) += weight;
                disputed += rules.empty() != valid_by_hand(memtable, log, table, partition, copying);
                for (const auto& rule : rules) REQUIRE(rule.sentence.size() > 40);
            }
    };
    for (const Facts& memtable : memtables)
        for (const Facts& log : logs) {
            judge(memtable, log, facts_of<table::None>(), 1);
            for (const Facts& table : tables) judge(memtable, log, table, variants);
        }
    MESSAGE("combinations: ", valid + invalid, ", valid: ", valid, ", refused: ", invalid);
    CHECK(disputed == 0);
    CHECK(valid + invalid ==
          memtables.size() * logs.size() * partitions.size() * copyings.size() * (1 + variants * tables.size()));
    CHECK(valid > 0);
    CHECK(invalid > 0);
}

TEST_CASE("a table's compaction and filter do not touch the rules") {
    const auto check = []<class... Cs, class... Fs>(Types<Cs...>, Types<Fs...>) {
        constexpr Facts plain = facts_of<table::Lsm<>>();
        CHECK((same_facts<table::Lsm<Cs>>(plain) && ...));
        CHECK((same_facts<table::Lsm<Fs>>(plain) && ...));
    };
    check(Compactions(), Filters());
}
