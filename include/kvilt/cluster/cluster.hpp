// Many nodes in one process: a ring of engines, each in its own directory, that keep copies for one another.
// docs/policies/replication.md
#pragma once

#include <kvilt/cluster/approach.hpp>
#include <kvilt/cluster/cluster_scan.hpp>
#include <kvilt/cluster/nodes_opening.hpp>
#include <kvilt/cluster/seat.hpp>
#include <kvilt/env/direct_network.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace kvilt {

// `context` is that of the fetch whose values the write replaces.
struct RingWriteOptions {
    std::string context{};
    Level level = Level::standard;
    bool sync = false; // each copy that counts survives power loss
};

struct RingReadOptions {
    Level level = Level::standard;
};

} // namespace kvilt

namespace kvilt::cluster {

// Thread-safe under threads::Many: every caller coordinates on its own thread, and nodes serve them side by side.
template <class Ring>
class Cluster final : private Suspicion {
public:
    using P = typename Ring::P;
    using C = typename Ring::Conflict;
    using Engine = engine::Engine<P>;
    using Coordinator = typename Ring::Coordinator;
    using Node = Member<Ring>;
    using Options = ClusterOptions<Ring>;

    // A node whose engine cannot be opened is down, and says why: the others go on. An error if it is that of another
    // composition or locked, or if no node opens.
    template <class... Where>
    static Result<std::unique_ptr<Cluster>> open(Options options, const Where&... where) {
        NodesOpening<Ring> opening(options, where...);
        auto cluster = std::unique_ptr<Cluster>(new Cluster(std::move(options), opening.environment()));
        KVILT_TRY(opening.begin(cluster->placed_));
        KVILT_TRY(cluster->begin(opening));
        KVILT_TRY(opening.conclude());
        cluster->opening_ = std::make_unique<NodesOpening<Ring>>(std::move(opening));
        return cluster;
    }

    ~Cluster() {
        for (auto& seat : seats_) (void)seat->leave();
    }

    // ---- requests, coordinated by the front

    Result<Written> put(Bytes key, Bytes value, const RingWriteOptions& options) {
        return write({key, Kind::put, value, options.context, options.level, options.sync}, front());
    }
    Result<Written> erase(Bytes key, const RingWriteOptions& options) { return erase(key, options, front()); }

    // A ring has no snapshots: `at` is none.
    using SnapshotMark = std::monostate;
    using ScanCursor = ClusterScan<Ring>;
    template <class Use>
    Result<bool> view(Bytes key, const std::optional<SnapshotMark>&, Use&& use) const {
        Result<bool> used = false;
        KVILT_TRY(read(key, Level::standard, front(), [&](const std::optional<Cell>& cell, const ReadReached&) {
            if (cell) used = use_value<C>(*cell, use);
        }));
        return used;
    }
    ScanCursor scan(Range range, const std::optional<SnapshotMark>&) const {
        return ScanCursor(front_, std::move(range));
    }

    // ---- the same, coordinated by the front or by a node

    Result<Written> write(const WriteRequest& request, NodeId via) {
        KVILT_TRY(engine::check_sizes(request.key.size(), request.value.size()));
        KVILT_TRY(Engine::check_sync({.sync = request.sync}));
        approach<Ring::Replication::copies>(request.key, engine::For::write);
        return coordinate(via, [&](Coordinator& coordinator) -> Result<Written> {
            typename Ring::Write operation(coordinator, request);
            if (const auto& done = operation.run(); !done) return std::unexpected(done.error());
            return operation.written();
        });
    }

    // Where siblings are kept, an erase without a context erases what a read shows before.
    Result<Written> erase(Bytes key, const RingWriteOptions& options, NodeId via) {
        if constexpr (!C::total_order) {
            if (options.context.empty()) {
                std::string context;
                KVILT_TRY(read(key, options.level, via, [&](const std::optional<Cell>& cell, const ReadReached&) {
                    if (cell) context = C::context(*cell);
                }));
                return write({key, Kind::tombstone, {}, context, options.level, options.sync}, via);
            }
        }
        return write({key, Kind::tombstone, {}, options.context, options.level, options.sync}, via);
    }

    // Calls use(const std::optional<Cell>&, const ReadReached&) when enough have answered.
    template <class Use>
    Result<void> read(Bytes key, Level level, NodeId via, Use use) const {
        if constexpr (!Ring::led) approach<Ring::Replication::reads>(key, engine::For::read);
        return coordinate(via, [&](Coordinator& coordinator) -> Result<void> {
            typename Ring::Read operation(coordinator, key, level);
            if (const auto& done = operation.run(); !done) return std::unexpected(done.error());
            use(operation.cell(), operation.reached());
            return {};
        });
    }

    // ---- upkeep of all nodes that live

    Result<void> sync() {
        return each([](Engine& engine) -> Result<void> {
            if constexpr (P::durable)
                return engine.sync();
            else
                return {};
        });
    }
    Result<void> flush() {
        return each([](Engine& engine) -> Result<void> {
            if constexpr (P::tables)
                return engine.flush();
            else
                return {};
        });
    }
    Result<void> compact() {
        return each([](Engine& engine) { return engine.compact(); });
    }
    Result<void> resume() {
        return each([](Engine& engine) -> Result<void> {
            if constexpr (P::on_disk)
                return engine.resume();
            else
                return {};
        });
    }
    Result<std::uint64_t> verify() const {
        std::uint64_t bytes = 0;
        KVILT_TRY(each([&](Engine& engine) -> Result<void> {
            if constexpr (P::on_disk) {
                KVILT_TRY_ASSIGN(checked, engine.verify());
                bytes += checked;
            }
            return {};
        }));
        return bytes;
    }
    Result<void> close() {
        Result<void> first;
        for (auto& seat : seats_)
            if (auto member = seat->leave())
                if (auto closed = member->close(); !closed && first) first = std::move(closed);
        return first;
    }
    Stats stats() const {
        Stats sum;
        bool any = false;
        (void)each([&](Engine& engine) -> Result<void> {
            if (std::exchange(any, true))
                sum.add(engine.stats());
            else
                sum = engine.stats();
            return {};
        });
        return sum;
    }

    // ---- for the operator: see RingHandle

    const typename Ring::Placed& placed() const noexcept { return placed_; }
    NodeId front() const noexcept { return {static_cast<std::uint32_t>(placed_.nodes())}; }
    bool known(NodeId node) const noexcept { return node.number < placed_.nodes(); }
    Seat<Ring>& seat(NodeId node) const noexcept { return *seats_[node.number]; }
    Coordinator& front_coordinator() noexcept { return *front_; }
    DirectNetwork& network() noexcept { return network_; }
    auto& operating() noexcept { return operating_; } // the lock of those who change nodes

    // A node with the engine that is on its disk; `fresh`: with a new one, where none may be, which is not whole.
    Result<std::unique_ptr<Node>> revive(NodeId node, bool fresh) {
        KVILT_TRY_ASSIGN(engine, opening_->open_engine(node, fresh));
        return Node::open(node, std::move(engine), context());
    }

    // Removes what is in a node's directory. It does not live.
    Result<void> wipe(NodeId node) {
        if constexpr (P::on_disk) {
            FileSystem& files = *environment_.files;
            const std::string directory = opening_->directory_of(node);
            KVILT_TRY_ASSIGN(there, files.exists(directory));
            if (!there) return {};
            KVILT_TRY_ASSIGN(names, files.list(directory));
            for (const std::string& name : names) KVILT_TRY(files.remove(directory + "/" + name));
        }
        return {};
    }

private:
    Cluster(Options options, const Environment& environment)
        : options_(std::move(options)), environment_(environment),
          placed_(typename Ring::Partition::Map(options_.partition, Ring::Replication::copies),
                  Ring::Replication::copies),
          network_(placed_.nodes() + 1) {
        for (std::uint32_t node = 0; node < placed_.nodes(); ++node) {
            seats_.push_back(std::make_unique<Seat<Ring>>());
            network_.attach(NodeId{node}, *seats_.back());
        }
    }

    RingContext<Ring> context() {
        return {placed_,
                network_,
                environment_,
                options_.replication,
                options_.conflict,
                this,
                Time_::shared ? time_.get() : nullptr};
    }

    Result<void> begin(NodesOpening<Ring>& opening) {
        std::uint64_t time = 0;
        std::uint64_t era = 0;
        std::optional<Error> first;
        std::vector<std::unique_ptr<Engine>> engines = opening.take_engines();
        for (std::uint32_t node = 0; node < engines.size(); ++node) {
            if (engines[node] == nullptr) {
                seats_[node]->stay_down(*opening.why_down(NodeId{node}));
                continue;
            }
            NodeMemory<P> memory(*engines[node]);
            KVILT_TRY_ASSIGN(reached, memory.read("time"));
            KVILT_TRY_ASSIGN(fenced, memory.read("era"));
            time = std::max(time, reached);
            era = std::max(era, fenced);
        }
        time_ = std::make_unique<typename Ring::Time>(ClockOf<C>::options(options_.conflict), time);
        const auto life = static_cast<std::uint32_t>(environment_.random->next() >> 33);
        front_.emplace(front(), life, placed_, network_, *environment_.clock, *time_, options_.replication);
        front_->learn_era(era);
        front_->set_suspicion(this);
        for (std::uint32_t node = 0; node < engines.size(); ++node) {
            if (engines[node] == nullptr) continue;
            KVILT_TRY_ASSIGN(member, Node::open(NodeId{node}, std::move(engines[node]), context()));
            seats_[node]->take(std::move(member));
        }
        return {};
    }

    // The homes that a request is likely to go to, before it does.
    template <std::size_t homes>
    void approach(Bytes key, engine::For purpose) const {
        if constexpr (DescendingIndex<typename P::Index> && homes > 1) {
            const ShardId shard = placed_.shard_of(key);
            cluster::approach<Ring, homes>(seats_, placed_.homes(shard).first(homes), shard, key, purpose);
        }
    }

    using Time_ = typename ClockOf<C>::type;

    bool suspects(NodeId node) const override { return known(node) && !seats_[node.number]->lives(); }

    // act(Coordinator&) -> Result
    template <class Act>
    std::invoke_result_t<Act&, Coordinator&> coordinate(NodeId via, Act act) const {
        if (via == front()) return act(*front_);
        std::optional<std::invoke_result_t<Act&, Coordinator&>> result;
        if (known(via)) seats_[via.number]->with([&](Node& member) { result.emplace(act(member.coordinator())); });
        if (result) return std::move(*result);
        return failure(Errc::unavailable, "coordinate", "node " + std::to_string(via.number) + " does not live");
    }

    template <class Act>
    Result<void> each(Act act) const {
        Result<void> first;
        for (auto& seat : seats_)
            seat->with([&](Node& member) {
                if (auto result = act(member.engine()); !result && first) first = std::move(result);
            });
        return first;
    }

    Options options_;
    Environment environment_;
    typename Ring::Placed placed_;
    DirectNetwork network_;
    std::unique_ptr<typename Ring::Time> time_{};
    mutable std::optional<Coordinator> front_{};
    std::unique_ptr<NodesOpening<Ring>> opening_{}; // keeps the store's lock
    std::vector<std::unique_ptr<Seat<Ring>>> seats_{};
    [[no_unique_address]] typename P::Threads::Mutex operating_{};
};

} // namespace kvilt::cluster
