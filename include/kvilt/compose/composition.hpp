// Six policies as one type: what they provide together, their options, and the list of them for Hana.
// docs/compose.md
#pragma once

#include <kvilt/compose/facts.hpp>
#include <kvilt/conflict/concept.hpp>
#include <kvilt/log/concept.hpp>
#include <kvilt/memtable/concept.hpp>
#include <kvilt/partition/concept.hpp>
#include <kvilt/replication/concept.hpp>
#include <kvilt/table/concept.hpp>

#include <boost/hana/integral_constant.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

namespace kvilt::compose {

// A slot as a value with a type of its own, for Hana.
template <Slot S>
inline constexpr auto slot_c = boost::hana::integral_c<Slot, S>;

template <MemTablePolicy M, LogPolicy L, TablePolicy T, PartitionPolicy P, ReplicationPolicy R, ConflictPolicy C>
struct Composition {
    using MemTable = M;
    using Log = L;
    using Table = T;
    using Partition = P;
    using Replication = R;
    using Conflict = C;
    using Threads = typename M::Threads;

    static constexpr Facts facts =
        facts_of<M>() | facts_of<L>() | facts_of<T>() | facts_of<P>() | facts_of<R>() | facts_of<C>();
    static constexpr Capabilities provides = facts.provides;

    template <Capability one>
    static constexpr bool has = provides.has(one);

    // Pairs of a slot and a hana::type.
    static constexpr auto policies =
        boost::hana::make_tuple(boost::hana::make_pair(slot_c<Slot::memtable>, boost::hana::type_c<M>),
                                boost::hana::make_pair(slot_c<Slot::log>, boost::hana::type_c<L>),
                                boost::hana::make_pair(slot_c<Slot::table>, boost::hana::type_c<T>),
                                boost::hana::make_pair(slot_c<Slot::partition>, boost::hana::type_c<P>),
                                boost::hana::make_pair(slot_c<Slot::replication>, boost::hana::type_c<R>),
                                boost::hana::make_pair(slot_c<Slot::conflict>, boost::hana::type_c<C>));

    // Copies that a promise rests on: what they acknowledge must survive power loss.
    static constexpr bool must_sync = facts.has(Capability::replicated) && facts.has(Capability::linearizable) &&
                                      facts.has(Capability::syncs) && !facts.has(Capability::volatile_replicas);

    static constexpr typename L::Options log_options() {
        typename L::Options options{};
        if constexpr (must_sync) options.sync = Sync::every_write;
        return options;
    }

    struct Options {
        typename M::Options memtable{};
        typename L::Options log = log_options(); // .sync is Sync::every_write where must_sync says so
        typename T::Options table{};
        typename P::Options partition{};
        typename R::Options replication{};
        typename C::Options conflict{};
        std::size_t memory_bytes_max = 0; // one budget for the whole store; 0: each part has its own
        bool read_only = false;           // refused while a writer has the store open
        bool create = true;               // make the store if there is none; read_only never does
    };

    // Each policy judges its own options; then what only options together can show.
    static Result<void> validate(const Options& options) {
        KVILT_TRY(M::validate(options.memtable));
        KVILT_TRY(L::validate(options.log));
        KVILT_TRY(T::validate(options.table));
        KVILT_TRY(P::validate(options.partition));
        KVILT_TRY(R::validate(options.replication));
        KVILT_TRY(C::validate(options.conflict));
        KVILT_TRY(check_nodes<P>(options.partition, R::copies));
        if constexpr (must_sync) {
            if (options.log.sync != Sync::every_write)
                return failure(Errc::invalid_option, "open",
                               "log.sync must be Sync::every_write: a copy that forgets what it has acknowledged "
                               "breaks a linearizable store; leave it as it is, or say unsafe::volatile_replicas");
        }
        if (R::copies > 1 && options.read_only)
            return failure(Errc::invalid_option, "open",
                           "read_only is for stores of one copy: open a node's own directory instead");
        if constexpr (!Threads::many && requires { options.log.sync == Sync::interval; }) {
            if (options.log.sync == Sync::interval)
                return failure(Errc::invalid_option, "open",
                               "log.sync is Sync::interval, which a background thread does: give the memtable "
                               "threads::Many, or use Sync::never and call sync(), or Sync::every_write");
        }
        return {};
    }
};

} // namespace kvilt::compose
