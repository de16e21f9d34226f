// Everything that one node holds, for the parts of the engine that act on it.
#pragma once

#include <kvilt/engine/health.hpp>
#include <kvilt/engine/home.hpp>
#include <kvilt/engine/parts.hpp>
#include <kvilt/engine/snapshots.hpp>
#include <kvilt/engine/turn.hpp>
#include <kvilt/engine/watched_mutex.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kvilt::engine {

// An index and the segments its records lie in. Frozen together, flushed together.
template <class P>
struct Generation {
    Generation(const typename P::MemTable::Options& options, Epochs<typename P::Threads>& epochs, Era when)
        : index(options, epochs), born(when) {}

    typename P::Index index;
    std::vector<SegmentNumber> segments{};
    Era born;
    std::size_t log_bytes = 0;
    Sequence highest = 0;
    bool has_parts = false; // of batches over shards
};

template <class P>
struct VersionOf {
    using type = const void;
};
template <class P>
    requires P::tables
struct VersionOf<P> {
    using type = const typename P::Table::template Tables<typename P::Threads>::Version;
};

// Where a read looks, newest first: active, frozen, tables. Immutable but for the active index.
template <class P>
struct View {
    Generation<P>* active = nullptr;
    std::vector<Generation<P>*> frozen{}; // newest first
    typename VersionOf<P>::type* tables = nullptr;
    Era born = 0;
    Era tables_born = 0;
};

// Reads of several runs are counted, for a worker who can make them one.
template <class P>
inline constexpr bool counts_reads = P::tables && P::Threads::many;

struct Homeless {};

template <class P>
using HomeOf = std::conditional_t<P::on_disk, Home, Homeless>;

// The other shards of a store whose batches may span several.
class Peers {
public:
    // Whatever any shard has committed by now survives power loss.
    virtual Result<void> make_durable() = 0;

protected:
    ~Peers() = default;
};

template <class P>
struct TablesOf {
    using type = Homeless;
};
template <class P>
    requires P::tables
struct TablesOf<P> {
    using type = typename P::Table::template Tables<typename P::Threads>;
};

// Figures of the running store. Written by the writer or the maintainer, read by anybody.
template <ThreadsTag Threads>
struct Counters {
    template <class T>
    using Atomic = typename Threads::template Atomic<T>;
    Atomic<std::uint64_t> flushes{0};
    Atomic<std::uint64_t> compactions{0};
    Atomic<std::uint64_t> cleaned_segments{0};
    Atomic<std::uint64_t> stalls{0};
    Atomic<std::uint64_t> bytes_cut{0}; // by the last recovery
};

// Locks, in the order in which they are taken: maintainer, syncer, writer, freeing. No lock is held in a call of the
// user's.
template <class P>
struct State {
    using Threads = typename P::Threads;
    using Mutex = typename Threads::Mutex;
    template <class T>
    using Atomic = typename Threads::template Atomic<T>;

    explicit State(EngineOptions<P> chosen) : options(std::move(chosen)) {}
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() {
        delete view.load(); // after the worker has stopped and every reader has gone
        for (Generation<P>* generation : generations) delete generation;
    }

    EngineOptions<P> options;
    [[no_unique_address]] HomeOf<P> home{};
    Peers* peers = nullptr; // null for a store of one shard
    Health<Threads> health{};
    Snapshots<Threads> snapshots{};
    Counters<Threads> counters{};

    std::unique_ptr<typename P::Log> log{};
    std::unique_ptr<typename TablesOf<P>::type> tables{};
    [[no_unique_address]] Mutex freeing{};
    std::vector<SegmentNumber> ready_segments{};
    int segment_readers = 0;  // guarded by freeing, as the one before
    Epochs<Threads> epochs{}; // behind what its retired things belong to

    [[no_unique_address]] WatchedMutex<Threads> maintainer{};
    [[no_unique_address]] Turn<Threads> syncer{};
    [[no_unique_address]] Mutex writer{};

    Atomic<bool> work_waits{false};       // a generation is frozen, or segments are scanned or freed
    Atomic<std::size_t> leaving_bytes{0}; // of segments that are cleaned and not free yet; changed under `writer`
    Atomic<bool> freeing_lags{false};     // cleaned segments wait in such numbers that writers must help
    Atomic<Sequence> published{0};        // every record at or below is visible
    Atomic<View<P>*> view{nullptr};
    Generation<P>* active = nullptr;           // the writer's
    std::vector<Generation<P>*> generations{}; // all that live; changed under the writer lock
    std::size_t live_bytes = 0;                // in the log, frames included, where it is cleaned; the writer's

    // `record` is the new head of its key, `old` was it before.
    void replaced(const LogRecord& record, const LogRecord* old) noexcept {
        live_bytes += weight(record);
        if (old != nullptr) live_bytes -= weight(*old);
    }
    static std::size_t weight(const LogRecord& record) noexcept {
        return record.kind() == Kind::put ? record.bytes() + Frame::header_bytes : 0;
    }

    // Readers' root: seq_cst orders it behind the announcement of their pin.
    const View<P>& seen() const noexcept { return *view.load(std::memory_order_seq_cst); }

    // Under the writer lock.
    void publish_view(std::unique_ptr<View<P>> next) {
        next->born = epochs.now();
        View<P>* old = view.exchange(next.release(), std::memory_order_seq_cst);
        if (old != nullptr) epochs.retire_delete(old->born, old);
    }

    // The segment is free when the readers who may see its records have gone.
    void retire_segment(SegmentNumber number, Era born = 0) {
        epochs.retire(born, this, reinterpret_cast<void*>(std::uintptr_t{number}), [](void* context, void* which) {
            auto& owner = *static_cast<State*>(context);
            const std::lock_guard lock(owner.freeing);
            owner.ready_segments.push_back(static_cast<SegmentNumber>(reinterpret_cast<std::uintptr_t>(which)));
        });
    }

    // Gives back to the log what nobody sees any more. Under the writer lock; files are removed by the worker, if there
    // is one, but for those of a store that is cleaned, which is to stay within twice its live data.
    void free_ready() {
        const std::lock_guard lock(freeing);
        if (segment_readers != 0 || ready_segments.empty()) return;
        for (const SegmentNumber number : ready_segments) {
            if constexpr (!P::tables) leaving_bytes.fetch_sub(log->capacity_bytes(number));
            log->free(number);
        }
        ready_segments.clear();
        if constexpr (P::durable) {
            if constexpr (Threads::many && P::tables)
                work_waits.store(true, std::memory_order_relaxed);
            else
                log->remove_freed();
        }
    }

    // While one lives, every segment stays: also one that nobody reads by its records any more.
    class SegmentReader {
    public:
        explicit SegmentReader(State& state) : state_(state) { add(1); }
        SegmentReader(const SegmentReader&) = delete;
        SegmentReader& operator=(const SegmentReader&) = delete;
        ~SegmentReader() { add(-1); }

    private:
        void add(int by) noexcept {
            const std::lock_guard lock(state_.freeing);
            state_.segment_readers += by;
        }
        State& state_;
    };

    std::unique_ptr<Generation<P>> make_generation() {
        return std::make_unique<Generation<P>>(options.memtable, epochs, epochs.now());
    }
    Generation<P>* new_generation() {
        auto made = make_generation();
        generations.push_back(made.get());
        return made.release();
    }
};

} // namespace kvilt::engine
