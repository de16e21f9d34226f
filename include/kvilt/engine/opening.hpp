// From a directory to a running node: lock, manifest, log scan; then tables, replay, a settled log, a fresh manifest.
// In two steps, because shards decide together how far each log counts.
#pragma once

#include <kvilt/engine/home.hpp>
#include <kvilt/engine/side_by_side.hpp>
#include <kvilt/engine/state.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::engine {

// A store that is in memory only.
template <class P>
    requires(!P::on_disk)
Result<std::unique_ptr<State<P>>> open_volatile(EngineOptions<P> options) {
    KVILT_TRY(apply_budget<P>(options));
    auto state = std::make_unique<State<P>>(std::move(options));
    KVILT_TRY_ASSIGN(log, P::Log::open({}, state->options.log));
    state->log = std::move(log);
    state->active = state->new_generation();
    auto view = std::make_unique<View<P>>();
    view->active = state->active;
    state->publish_view(std::move(view));
    return state;
}

// A writer's opening changes nothing on disk before finish(), but for the beginnings of a new store.
template <class P>
    requires P::on_disk
class Opening {
public:
    static Result<Opening> begin(EngineOptions<P> options, const std::string& directory,
                                 const Environment& environment) {
        KVILT_TRY(apply_budget<P>(options));
        Opening opening(std::move(options), directory, environment);
        KVILT_TRY(opening.lock_and_read());
        KVILT_TRY(opening.open_log());
        return opening;
    }

    const LogScan& scan() const noexcept { return scan_; }

    // Everything in the log from `position` on counts no more.
    void truncate(LogPosition position) { scan_.truncate(position); }

    // At or above every sequence whose records have left the log for tables.
    Sequence flushed() const noexcept { return state_->home.manifest->state().sequence; }

    // Visits the frames that count, in commit order: Result<void> visit(const Frame&).
    template <class Visit>
    Result<void> visit(Visit visit) {
        return state_->log->replay(scan_, visit);
    }

    // The node runs when it returns.
    Result<std::unique_ptr<State<P>>> finish() {
        KVILT_TRY(open_tables());
        first_view();
        KVILT_TRY(replay());
        if (state_->options.read_only)
            state_->health.refuse({Errc::read_only, 0, "write", "the store was opened with {.read_only = true}"});
        else
            KVILT_TRY(settle());
        return std::move(state_);
    }

private:
    Opening(EngineOptions<P> options, std::string directory, const Environment& environment)
        : state_(std::make_unique<State<P>>(std::move(options))) {
        state_->home.environment = environment;
        state_->home.directory = std::move(directory);
    }

    Home& home() noexcept { return state_->home; }

    Result<void> lock_and_read() {
        KVILT_TRY_ASSIGN(known, open_home(home(), state_->options));
        if (known) return {};
        auto made = Manifest::create(home().environment, home().directory, {.formats = state_->options.formats});
        if (!made) return std::unexpected(std::move(made).error());
        home().manifest = std::move(*made);
        return {};
    }

    Result<void> open_log() {
        const LogContext context{.environment = home().environment,
                                 .directory = home().directory,
                                 .identity = home().manifest->identity(),
                                 .read_only = state_->options.read_only,
                                 .segment_bytes_cap = segment_bytes_cap()};
        KVILT_TRY_ASSIGN(log, P::Log::open(context, state_->options.log));
        state_->log = std::move(log);
        if constexpr (P::durable) {
            KVILT_TRY_ASSIGN(found, state_->log->scan(home().manifest->state().log));
            scan_ = std::move(found);
            state_->counters.bytes_cut.store(scan_.bytes_cut);
        }
        return {};
    }

    // Two segments to a full generation, so that it is frozen near its bound.
    std::size_t segment_bytes_cap() const noexcept {
        if constexpr (P::tables)
            return state_->options.memtable.bytes_max / 2;
        else
            return ~std::size_t{0};
    }

    Result<void> open_tables() {
        if constexpr (P::tables) {
            const TableContext context{.environment = home().environment,
                                       .directory = home().directory,
                                       .identity = home().manifest->identity(),
                                       .read_only = state_->options.read_only};
            KVILT_TRY_ASSIGN(tables,
                             TablesOf<P>::type::open(context, state_->options.table, home().manifest->state().tables));
            state_->tables = std::move(tables);
        }
        return {};
    }

    void first_view() {
        state_->active = state_->new_generation();
        auto view = std::make_unique<View<P>>();
        view->active = state_->active;
        if constexpr (P::tables) view->tables = state_->tables->current();
        view->tables_born = state_->epochs.now();
        state_->publish_view(std::move(view));
    }

    // Nobody reads yet, so every record is visible once it is in the index.
    Result<void> replay() {
        Sequence highest = flushed();
        if constexpr (P::durable) {
            FetchedAhead recovered(state_->active->index, [this](LogRecord& record) { recover(&record); });
            KVILT_TRY(state_->log->replay(scan_, [&](const Frame& frame) -> Result<void> {
                bool descriptor = frame.kind == FrameKind::part;
                state_->active->has_parts = state_->active->has_parts || descriptor;
                frame.for_each([&](LogRecord& record) {
                    if (std::exchange(descriptor, false)) return;
                    highest = std::max(highest, record.sequence());
                    recovered.add(record);
                });
                state_->active->log_bytes += Frame::header_bytes + frame.records.size();
                return {};
            }));
            recovered.flush();
            state_->active->segments = state_->log->segments();
        }
        state_->active->highest = highest;
        state_->published.store(highest);
        return {};
    }

    // With tables, commit order is sequence order. Without, the cleaner has copied: the newest counts, and of a record
    // and its copy the copy, whose segment is the younger one. What was copied for a snapshot may stand behind the
    // tombstone that hides it: the tombstone keeps it in its chain, so as not to go first.
    void recover(LogRecord* record) {
        auto& index = state_->active->index;
        record->set_older(nullptr);
        if constexpr (P::tables)
            index.put(record);
        else {
            LogRecord* head = index.find(record->key());
            if (head == nullptr || head->sequence() < record->sequence()) {
                index.put(record);
                state_->replaced(*record, head);
                record->set_older(nullptr);
            } else if (head->sequence() == record->sequence()) {
                index.replace(head, record);
            } else if (head->kind() == Kind::tombstone) {
                head->set_older(record);
            }
        }
    }

    Result<void> settle() {
        ManifestState next = home().manifest->state();
        next.formats = state_->options.formats;
        next.log = {};
        if constexpr (P::durable) {
            KVILT_TRY_ASSIGN(sealed, state_->log->settle(scan_));
            next.log.sealed = std::move(sealed);
            next.log.unlisted_from = state_->log->next_number();
        }
        KVILT_TRY(home().manifest->rewrite(next));
        if constexpr (P::tables) state_->tables->remove_leftovers();
        return {};
    }

    std::unique_ptr<State<P>> state_;
    LogScan scan_{};
};

} // namespace kvilt::engine
