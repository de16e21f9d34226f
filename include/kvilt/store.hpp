// The front: six policies make a store. Read this first.
#pragma once

#include <kvilt/cluster/ring_handle.hpp>
#include <kvilt/cluster/router.hpp>
#include <kvilt/compose/assemble.hpp>
#include <kvilt/compose/composition.hpp>
#include <kvilt/compose/describe.hpp>
#include <kvilt/compose/rules.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/engine/engine.hpp>
#include <kvilt/env/posix.hpp>
#include <kvilt/front/ring_client.hpp>
#include <kvilt/front/snapshot.hpp>
#include <kvilt/log/none.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/none.hpp>

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kvilt {

using engine::WriteOptions;

namespace detail {

// What stands behind the calls of a store: an engine, a router of shards, or a ring of nodes.
template <class Parts, class Partition, class Replication>
struct NodeOf {
    using type = std::conditional_t<Partition::provides.has(Capability::sharded), cluster::Router<Parts, Partition>,
                                    engine::Engine<Parts>>;
    using Options = WriteOptions;
    using Put = Result<void>;
};
template <class Parts, class Partition, class Replication>
    requires(Replication::kind != ReplicationKind::none)
struct NodeOf<Parts, Partition, Replication> {
    using Ring = cluster::RingParts<Parts, Partition, Replication>;
    using type = cluster::Cluster<Ring>;
    using Options = RingWriteOptions;
    using Put = Result<Written>;
};

} // namespace detail

// A key-value store that contains the code for its policies and nothing else. Move-only. Keys of up to 64 KiB, values
// of up to 1 GiB, all byte values legal; keys and values of other types go through KeyCodec and ValueCodec. What is
// passed is borrowed for the call. Under threads::Many every member may be called from any thread, but for close,
// move and destruction. Snapshots and scans end before their store does.
// After a failed log write the store is read-only, and says why, until resume().
template <MemTablePolicy MemTable = memtable::Art<>, LogPolicy Log = log::None, TablePolicy Table = table::None,
          PartitionPolicy Partition = partition::Single, ReplicationPolicy Replication = replication::None,
          ConflictPolicy Conflict = conflict::Overwrite>
class Store : compose::Rules<compose::Composition<MemTable, Log, Table, Partition, Replication, Conflict>> {
    using Parts = engine::Parts<MemTable, Log, Table, cluster::OrderOf<Conflict, Replication>>;
    static constexpr bool replicated = Replication::kind != ReplicationKind::none;
    static constexpr bool sharded = Partition::provides.has(Capability::sharded);
    using Chosen = detail::NodeOf<Parts, Partition, Replication>;
    using Node = typename Chosen::type;
    static constexpr bool on_disk = Parts::on_disk;

public:
    using Composition = compose::Composition<MemTable, Log, Table, Partition, Replication, Conflict>;
    using Options = typename Composition::Options;
    using PutOptions = typename Chosen::Options; // WriteOptions, or RingWriteOptions where there are copies
    using PutResult = typename Chosen::Put;      // Result<void>, or Result<Written> where there are copies
    static constexpr Capabilities provides = Composition::provides;
    static constexpr auto policies = Composition::policies;
    template <Capability one>
    static constexpr bool has = provides.has(one);

    // ---- opening

    // In memory; throws kvilt::Exception on invalid options.
    explicit Store(const Options& options = {})
        requires(!on_disk)
        : node_(or_throw(make(options))) {}

    [[nodiscard]] static Result<Store> open(const Options& options = {})
        requires(!on_disk)
    {
        KVILT_TRY_ASSIGN(node, make(options));
        return Store(std::move(node));
    }

    // Opens or makes the store in `directory`. `environment` must outlive it.
    // Errc: not_found, locked, incompatible (another composition or format), corruption, invalid_option, full, io.
    [[nodiscard]] static Result<Store> open(const std::string& directory, const Options& options = {},
                                            const Environment& environment = Environment::system())
        requires on_disk
    {
        KVILT_TRY_ASSIGN(node, make(options, directory, environment));
        return Store(std::move(node));
    }

    // ---- writing

    // Copies: Errc::unavailable says that nothing was written, unknown that it may be there or come later.
    template <CodableKey Key, CodableValue Value>
    [[nodiscard]] PutResult put(const Key& key, const Value& value, const PutOptions& options = {}) {
        KVILT_TRY(admit());
        return node_->put(KeyBytes<Key>(key), ValueBytes<Value>(value), options);
    }

    // Erasing what is not there is no error.
    template <CodableKey Key>
    [[nodiscard]] PutResult erase(const Key& key, const PutOptions& options = {}) {
        KVILT_TRY(admit());
        return node_->erase(KeyBytes<Key>(key), options);
    }

    // All or nothing, also across a crash and over several shards.
    [[nodiscard]] Result<void> apply(const Batch& batch, const WriteOptions& options = {})
        requires(!replicated)
    {
        KVILT_TRY(admit());
        return node_->apply(batch, options);
    }

    // True if it was written: the key was absent.
    template <CodableKey Key, CodableValue Value>
    [[nodiscard]] Result<bool> put_if_absent(const Key& key, const Value& value, const WriteOptions& options = {})
        requires(!replicated)
    {
        KVILT_TRY(admit());
        return node_->compare_and_set(KeyBytes<Key>(key), std::nullopt, ValueBytes<Value>(value), options);
    }

    // True if it was written: the present value encodes as `expected` does.
    template <CodableKey Key, CodableValue Expected, CodableValue Value>
    [[nodiscard]] Result<bool> compare_and_set(const Key& key, const Expected& expected, const Value& desired,
                                               const WriteOptions& options = {})
        requires(!replicated)
    {
        const ValueBytes<Expected> present(expected);
        KVILT_TRY(admit());
        return node_->compare_and_set(KeyBytes<Key>(key), Bytes(present), ValueBytes<Value>(desired), options);
    }

    // ---- reading

    // Nothing if the key is absent: that is no error. Errc::incompatible: the value was put as another type.
    template <class Value = std::string, CodableKey Key>
    [[nodiscard]] Result<std::optional<Value>> get(const Key& key) const {
        KVILT_TRY(admit());
        return read_value<Value>(*node_, KeyBytes<Key>(key), std::nullopt);
    }

    // A value, or nothing, for each key, in their order.
    template <class Value = std::string, CodableKey Key>
    [[nodiscard]] Result<std::vector<std::optional<Value>>> get_many(std::span<const Key> keys) const {
        KVILT_TRY(admit());
        return read_values<Value>(*node_, keys);
    }
    template <class Value = std::string, CodableKey Key>
    [[nodiscard]] Result<std::vector<std::optional<Value>>> get_many(std::initializer_list<Key> keys) const {
        return get_many<Value>(std::span<const Key>(keys.begin(), keys.size()));
    }

    // Calls use(Bytes) with the value where it lies, without a copy; the bytes are valid in the call. False if the key
    // is absent. Writing inside is legal.
    template <CodableKey Key, class Use>
    [[nodiscard]] Result<bool> view(const Key& key, Use&& use) const {
        KVILT_TRY(admit());
        return node_->view(KeyBytes<Key>(key), std::nullopt, std::forward<Use>(use));
    }

    // The same for many keys, in their order: use(n, Bytes value) for each that is there.
    template <CodableKey Key, class Use>
    [[nodiscard]] Result<void> view_many(std::span<const Key> keys, Use&& use) const {
        KVILT_TRY(admit());
        return view_values(*node_, keys, use);
    }

    // The pairs of a range in key order, over a snapshot taken now: for (auto [key, value] : store.scan(prefix("a")))
    template <class Key = Bytes, class Value = Bytes>
    [[nodiscard]] auto scan(Range range) const
        requires(has<Capability::ordered_keys>) && (has<Capability::ordered_placement>)
    {
        throw_if_closed();
        return ScanRange<typename Node::ScanCursor, Key, Value>(node_->scan(std::move(range), std::nullopt));
    }

    // visit(key, value) returns Visit, or nothing for more. An error ends the walk and is returned.
    template <class Key = Bytes, class Value = Bytes, class Visitor>
    [[nodiscard]] Result<void> scan(Range range, Visitor&& visit) const
        requires(has<Capability::ordered_keys>) && (has<Capability::ordered_placement>)
    {
        KVILT_TRY(admit());
        return scan<Key, Value>(std::move(range)).for_each(std::forward<Visitor>(visit));
    }

    // Throws after close(), as the range form of scan does.
    [[nodiscard]] auto snapshot() const
        requires(has<Capability::versions>) && (!replicated)
    {
        return Snapshot < Node, has<Capability::ordered_keys> && has < Capability::ordered_placement >> (*node_);
    }

    // ---- copies

    // At a level of the caller's choice, by value or as a tag that the compiler checks: get(key, level::quorum).
    // Errc::invalid_argument for a level that this replication cannot give: never a weaker answer instead.
    template <class Value = std::string, CodableKey Key>
    [[nodiscard]] Result<std::optional<Value>> get(const Key& key, const RingReadOptions& options) const
        requires replicated
    {
        KVILT_TRY(admit());
        return front().template get<Value>(key, options);
    }
    template <class Value = std::string, CodableKey Key, Level L>
    [[nodiscard]] Result<std::optional<Value>> get(const Key& key, LevelTag<L>) const
        requires replicated && (Replication::template offers<L>)
    {
        return get<Value>(key, RingReadOptions{L});
    }

    template <CodableKey Key, CodableValue Value, Level L>
    [[nodiscard]] PutResult put(const Key& key, const Value& value, LevelTag<L>)
        requires replicated && (Replication::template offers<L>)
    {
        return put(key, value, RingWriteOptions{.level = L});
    }

    // All concurrent values, and the context for the write that is to replace them.
    template <class Value = std::string, CodableKey Key>
    [[nodiscard]] Result<Fetched<Value>> fetch(const Key& key, const RingReadOptions& options = {}) const
        requires replicated
    {
        KVILT_TRY(admit());
        return front().template fetch<Value>(key, options);
    }

    // The same calls, coordinated by one node: it reaches those that it is not cut off from.
    [[nodiscard]] auto via(NodeId node) const
        requires replicated
    {
        throw_if_closed();
        return RingClient<typename Chosen::Ring>(*node_, node);
    }

    // The operator's side: nodes, owners, stop, start, repair.
    [[nodiscard]] auto cluster()
        requires replicated
    {
        throw_if_closed();
        return RingHandle<typename Chosen::Ring>(*node_);
    }

    // ---- upkeep

    // Everything acknowledged survives power loss when it returns.
    [[nodiscard]] Result<void> sync()
        requires(has<Capability::syncs>)
    {
        KVILT_TRY(admit());
        return node_->sync();
    }

    // Moves everything from memtable and log into tables.
    [[nodiscard]] Result<void> flush()
        requires(has<Capability::tables>)
    {
        KVILT_TRY(admit());
        return node_->flush();
    }

    // Rewrites everything without what is overwritten or erased: into one run of tables, or new log segments.
    [[nodiscard]] Result<void> compact() {
        KVILT_TRY(admit());
        return node_->compact();
    }

    // A consistent copy in a new directory, which opens as a store of the same composition.
    [[nodiscard]] Result<void> checkpoint(const std::string& directory)
        requires(on_disk && !replicated)
    {
        KVILT_TRY(admit());
        return node_->checkpoint(directory);
    }

    // Reads and checks every byte on disk; returns their number.
    [[nodiscard]] Result<std::uint64_t> verify() const
        requires on_disk
    {
        KVILT_TRY(admit());
        return node_->verify();
    }

    // After a failed write or sync, once the cause is mended: begins a new log with all that is in memory.
    [[nodiscard]] Result<void> resume()
        requires on_disk
    {
        KVILT_TRY(admit());
        return node_->resume();
    }

    [[nodiscard]] Stats stats() const { return node_ ? node_->stats() : Stats{.writable = false}; }

    // Makes everything acknowledged durable, says whether that went well, and lets the directory go. Every later call
    // is refused. Destruction without it loses nothing that the log keeps.
    [[nodiscard]] Result<void> close() {
        KVILT_TRY(admit());
        auto result = node_->close();
        node_.reset();
        return result;
    }

private:
    explicit Store(std::unique_ptr<Node> node) : node_(std::move(node)) {}

    auto front() const
        requires replicated
    {
        return RingClient<typename Chosen::Ring>(*node_, node_->front());
    }

    Result<void> admit() const {
        if (node_ != nullptr) [[likely]]
            return {};
        return failure(Errc::closed, "use store", "the store was closed or moved from; open it anew");
    }
    void throw_if_closed() const {
        if (auto open = admit(); !open) throw Exception(std::move(open).error());
    }

    // Where the composition has a directory, its path and the environment follow.
    template <class... Where>
    static Result<std::unique_ptr<Node>> make(const Options& options, const Where&... where) {
        KVILT_TRY(Composition::validate(options));
        if constexpr (replicated)
            return Node::open({engine_options(options), options.partition, options.replication, options.conflict},
                              where...);
        else if constexpr (sharded)
            return Node::open(engine_options(options), options.partition, where...);
        else
            return Node::open(engine_options(options), where...);
    }

    static engine::EngineOptions<Parts> engine_options(const Options& options) {
        engine::EngineOptions<Parts> chosen{.memtable = options.memtable,
                                            .log = options.log,
                                            .table = options.table,
                                            .memory_bytes_max = options.memory_bytes_max,
                                            .read_only = options.read_only,
                                            .create = options.create};
        if constexpr (on_disk) {
            const auto add = [&](std::string_view slot, std::string_view format) {
                if (!format.empty()) chosen.formats.emplace_back(slot, format);
            };
            add("memtable", MemTable::format);
            add("log", Log::format);
            add("table", Table::format);
            add("partition", Partition::format);
            add("partition layout", typename Partition::Map(options.partition, Replication::copies).layout());
            add("replication", Replication::format);
            add("conflict", Parts::Conflict::format);
        }
        return chosen;
    }

    static std::unique_ptr<Node> or_throw(Result<std::unique_ptr<Node>> made) {
        if (!made) throw Exception(std::move(made).error());
        return std::move(*made);
    }

    std::unique_ptr<Node> node_;
};

namespace compose {
template <class Chosen>
using StoreOf = Store<typename Chosen::MemTable, typename Chosen::Log, typename Chosen::Table,
                      typename Chosen::Partition, typename Chosen::Replication, typename Chosen::Conflict>;
} // namespace compose

// Policies in any order; slots without one take Store's defaults.
template <Policy... Policies>
using assemble =
    compose::StoreOf<compose::Slots<compose::Defaults<memtable::Art<>, log::None, table::None, partition::Single,
                                                      replication::None, conflict::Overwrite>,
                                    Policies...>>;

// A line for each slot: policy and capabilities.
template <class S>
std::string describe() {
    return compose::describe<S>();
}

using compose::explain;

} // namespace kvilt
