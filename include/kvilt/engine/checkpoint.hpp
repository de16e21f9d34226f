// A copy of a running store that opens as a store.
#pragma once

#include <kvilt/engine/scan.hpp>
#include <kvilt/engine/state.hpp>

#include <string>
#include <vector>

namespace kvilt::engine {

inline Result<void> prepare_checkpoint(FileSystem& files, const std::string& directory) {
    KVILT_TRY_ASSIGN(there, files.exists(directory));
    if (!there) return files.create_directory(directory);
    KVILT_TRY_ASSIGN(names, files.list(directory));
    if (names.empty()) return {};
    return failure(Errc::exists, "checkpoint", directory + " is not empty; name a new directory");
}

// Hard links to the tables and a fresh manifest. The caller holds the maintainer lock and has flushed.
template <class P>
Result<void> checkpoint_tables(State<P>& state, const std::string& directory) {
    const typename Epochs<typename P::Threads>::Pin pin(state.epochs);
    const View<P>& view = state.seen();
    if (state.options.read_only && view.active->index.count() != 0)
        return failure(Errc::read_only, "checkpoint",
                       "the log of " + state.home.directory +
                           " holds records, and a read-only store cannot flush them");
    KVILT_TRY(prepare_checkpoint(*state.home.environment.files, directory));
    KVILT_TRY(state.tables->link(*view.tables, directory));
    const ManifestState& own = state.home.manifest->state();
    auto made = Manifest::create(state.home.environment, directory,
                                 {.identity = own.identity, // the tables' checksums are salted with it
                                  .formats = own.formats,
                                  .sequence = own.sequence,
                                  .tables = state.tables->files(*view.tables)});
    if (!made) return std::unexpected(std::move(made).error());
    return {};
}

// Without tables: the live records, as of now, go into a log of their own.
template <class P>
class LogCopy {
public:
    LogCopy(State<P>& state, std::string directory) : state_(state), directory_(std::move(directory)) {}

    Result<void> run() {
        KVILT_TRY(prepare_checkpoint(*state_.home.environment.files, directory_));
        KVILT_TRY_ASSIGN(manifest, Manifest::create(state_.home.environment, directory_, empty_copy()));
        KVILT_TRY_ASSIGN(
            log, P::Log::open(
                     {.environment = state_.home.environment, .directory = directory_, .identity = manifest.identity()},
                     state_.options.log));
        log_ = std::move(log);
        KVILT_TRY_ASSIGN(scanned, log_->scan(manifest.state().log));
        KVILT_TRY_ASSIGN(settled, log_->settle(scanned));
        KVILT_TRY(copy());
        return log_->seal();
    }

private:
    // The manifest is the maintainer's, who edits it when he frees segments.
    ManifestState empty_copy() const {
        const std::lock_guard lock(state_.maintainer);
        const ManifestState& own = state_.home.manifest->state();
        return {.identity = own.identity, .formats = own.formats};
    }

    // Unordered indexes are visited by the writer alone: writers wait for the whole copy.
    Result<void> copy() {
        if constexpr (P::ordered) {
            Scan<P> scan(state_, all(), std::nullopt);
            while (scan.next())
                KVILT_TRY(add({.key = scan.key(), .sequence = ++sequence_, .cell = {.value = scan.value()}}));
            return scan.status();
        } else {
            Result<void> result;
            const std::lock_guard lock(state_.writer);
            state_.active->index.for_each([&](const LogRecord* head) {
                if (!result || head->kind() != Kind::put) return;
                Record record = head->record();
                record.sequence = ++sequence_;
                result = add(record);
            });
            return result;
        }
    }

    Result<void> add(const Record& record) {
        const std::size_t body_bytes = LogRecord::bytes_for(record);
        if (log_->room() < body_bytes) KVILT_TRY(log_->rotate(body_bytes));
        LogRecord::write(log_->begin(body_bytes), record);
        auto end = log_->commit(FrameKind::records, body_bytes);
        if (!end) return std::unexpected(std::move(end).error());
        return {};
    }

    State<P>& state_;
    std::string directory_;
    std::unique_ptr<typename P::Log> log_{};
    Sequence sequence_ = 0;
};

template <class P>
Result<void> checkpoint_log(State<P>& state, const std::string& directory) {
    return LogCopy<P>(state, directory).run();
}

} // namespace kvilt::engine
