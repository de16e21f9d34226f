// The runs of one node: reads of them, and what keeps their shape.
#pragma once

#include <kvilt/table/compaction_job.hpp>
#include <kvilt/table/directory.hpp>
#include <kvilt/table/flush_job.hpp>
#include <kvilt/table/options.hpp>
#include <kvilt/table/reader_cursor.hpp>
#include <kvilt/table/run_cursor.hpp>
#include <kvilt/table/version.hpp>

#include <algorithm>
#include <cassert>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kvilt::table {

// What table/concept.hpp describes. Outlives its jobs and cursors; versions and their files may outlive it.
template <CompactionPolicy Compaction, class Filter, class Compression, class Reads, ThreadsTag Threads>
class Tables {
    using Place = Directory<Filter, Compression, Reads, Threads>;

public:
    using Reader = typename Place::Reader;
    using Version = table::Version<Reader>;
    using Found = typename Reader::Found;
    using Cursor = RunCursor<Reader>;
    static constexpr bool records_stay = Reader::records_stay;
    using Job = CompactionJob<Place>;

    static Result<std::unique_ptr<Tables>> open(const TableContext& context, const Options& options,
                                                std::vector<TableFile> live) {
        KVILT_TRY(check_options(options));
        std::unique_ptr<Tables> tables(new Tables(context, options));
        KVILT_TRY(tables->directory_.claim(live));
        std::vector<typename Version::File> files;
        for (TableFile& file : live) {
            if (file.level >= levels_max)
                return failure(Errc::corruption, "open tables",
                               tables->directory_.path(file.number) + " is listed at an impossible level");
            KVILT_TRY_ASSIGN(reader, tables->directory_.open(file));
            files.emplace_back(std::move(file), std::move(reader));
        }
        tables->current_ = new Version(std::move(files), tables->shape_);
        KVILT_TRY(tables->check_runs());
        return tables;
    }
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;
    ~Tables() { delete current_; }

    void remove_leftovers() { directory_.remove_leftovers(); }

    const Version* current() const noexcept { return current_; }

    // A file that was written here, and its first block that was not checked ahead.
    struct Unread {
        std::shared_ptr<Reader> reader;
        std::size_t block = 0;
    };

    // A file that the edit adds is one that it also removes, or an output of flush() or of a job of this object.
    // The next version, and what it will leave behind. Until it is adopted nothing has happened.
    struct Prepared {
        std::unique_ptr<const Version> version;
        std::vector<std::shared_ptr<Reader>> leaving;
        std::vector<Unread> unread;
    };
    Prepared prepare(const TableEdit& edit) {
        std::unordered_map<std::uint64_t, std::shared_ptr<Reader>> leaving;
        for (const std::uint64_t number : edit.removed) leaving.emplace(number, nullptr);
        std::vector<typename Version::File> files;
        Prepared prepared{.version = nullptr, .leaving = {}, .unread = unread_};
        for (std::size_t at = 0; at < current_->files().size(); ++at) {
            const TableFile& file = current_->files()[at];
            if (const auto found = leaving.find(file.number); found != leaving.end())
                found->second = current_->reader(at);
            else
                files.emplace_back(file, current_->reader(at));
        }
        for (const TableFile& file : edit.added) {
            const auto moved = leaving.extract(file.number);
            auto reader = moved ? std::move(moved.mapped()) : directory_.take(file.number);
            if (checks_ahead && !moved) prepared.unread.push_back({reader});
            files.emplace_back(file, std::move(reader));
        }
        for (const auto& [number, reader] : leaving) {
            if (reader == nullptr) continue;
            std::erase_if(prepared.unread, [&](const Unread& unread) { return unread.reader == reader; });
            prepared.leaving.push_back(reader);
        }
        prepared.version = std::make_unique<const Version>(std::move(files), shape_);
        return prepared;
    }
    const Version* adopt(Prepared prepared) noexcept {
        for (const auto& reader : prepared.leaving) reader->obsolete();
        current_ = prepared.version.release();
        unread_.swap(prepared.unread);
        assert(check_runs());
        return current_;
    }
    const Version* apply(const TableEdit& edit) { return adopt(prepare(edit)); }

    Result<bool> find(const Version& version, Bytes key, Sequence at, Found& found) const {
        return version.find(key, at, found);
    }

    // A flush in slices: the source is taken along.
    template <class Source>
    using Flush = FlushJob<Place, Source>;
    template <class Source>
    std::unique_ptr<Flush<Source>> plan_flush(Source source, const std::vector<Sequence>& snapshots) {
        return std::make_unique<Flush<Source>>(directory_, *current_, std::move(source), options_.file_bytes_max,
                                               snapshots);
    }

    // On an error nothing is left and nothing has changed. An empty source is an empty edit.
    template <class Source>
    Result<TableEdit> flush(Source& source, const std::vector<Sequence>& snapshots) {
        Flush<Source&> job(directory_, *current_, source, options_.file_bytes_max, snapshots);
        KVILT_TRY(job.step(~std::size_t{0}));
        return job.edit();
    }

    std::unique_ptr<Job> plan(const Version& version, const std::vector<Sequence>& snapshots, bool everything) {
        const Picker picker = version.picker(shape_);
        if (everything && settled_at(version, snapshots)) return nullptr;
        const auto plan = everything ? picker.pick_everything() : picker.pick();
        if (!plan) return nullptr;
        auto job = std::make_unique<Job>(directory_, version, *plan, options_.file_bytes_max, snapshots);
        settled_ = everything ? Settled{job->run(), snapshots} : Settled{};
        return job;
    }

    std::uint64_t merge_after_reads() const noexcept { return options_.merge_after_reads; }
    std::unique_ptr<Job> plan_for_reads(const Version& version, const std::vector<Sequence>& snapshots,
                                        std::uint64_t reads) {
        if (version.runs() < 2) return nullptr;
        const auto plan = version.picker(shape_).pick_for_reads(reads);
        if (!plan) return nullptr;
        settled_ = {};
        return std::make_unique<Job>(directory_, version, *plan, options_.file_bytes_max, snapshots);
    }

    std::uint64_t debt_bytes(const Version& version) const noexcept { return version.debt_bytes(); }

    Result<bool> check_ahead(std::size_t bytes) {
        if constexpr (checks_ahead) {
            if (unread_.empty()) return false;
            auto more = unread_.back().reader->check_ahead(unread_.back().block, bytes);
            if (!more || !*more) unread_.pop_back();
            if (!more) return more;
        }
        return !unread_.empty();
    }

    Result<std::uint64_t> verify(const Version& version) const {
        std::uint64_t bytes = 0;
        for (std::size_t at = 0; at < version.files().size(); ++at) {
            KVILT_TRY_ASSIGN(checked, version.reader(at)->verify());
            bytes += checked;
        }
        return bytes;
    }

    Result<void> link(const Version& version, const std::string& directory) const {
        for (const TableFile& file : version.files()) KVILT_TRY(directory_.link(file.number, directory));
        return directory_.files().sync_directory(directory);
    }

    std::vector<TableFile> files(const Version& version) const { return version.files(); }

    TableStats stats(const Version& version) const {
        TableStats stats{.files = version.files().size(), .runs = version.runs()};
        for (const TableFile& file : version.files()) {
            stats.bytes += file.bytes;
            stats.entries += file.entries;
            stats.tombstones += file.tombstones;
        }
        const BlockCacheStats cache = directory_.cache()->stats();
        stats.cache_bytes = cache.bytes;
        stats.cache_hits = cache.hits;
        stats.cache_misses = cache.misses;
        return stats;
    }

private:
    static constexpr bool checks_ahead = Threads::many && Reader::checked_once; // else nobody has the time, or need

    // The run that a job for everything was to make, and what it had to keep.
    struct Settled {
        std::uint64_t run = 0;
        std::vector<Sequence> snapshots{};
    };

    Tables(const TableContext& context, const Options& options)
        : options_(options), shape_{.ratio = Compaction::ratio,
                                    .runs_upper = Compaction::runs_upper,
                                    .runs_last = Compaction::runs_last,
                                    .level_bytes_base = options.level_bytes_base},
          directory_(context, {.block_bytes = options.block_bytes},
                     std::make_shared<typename Place::Cache>(options.cache_bytes_max)) {}

    // A run that is not sorted would hide keys: the manifest is checked, but not believed.
    Result<void> check_runs() const {
        const auto& files = current_->files();
        for (std::size_t at = 1; at < files.size(); ++at) {
            const TableFile& before = files[at - 1];
            const TableFile& file = files[at];
            if (before.level == file.level && before.run == file.run && before.key_last >= file.key_first)
                return failure(Errc::corruption, "open tables",
                               directory_.path(before.number) + " and " + directory_.path(file.number) +
                                   " are listed as one sorted run, but overlap");
        }
        return {};
    }

    bool settled_at(const Version& version, const std::vector<Sequence>& snapshots) const {
        if (version.runs() == 0) return true;
        if (version.runs() > 1) return false;
        if (version.bounds(0).run == settled_.run && snapshots == settled_.snapshots) return true;
        for (std::size_t at = 0; at < version.files().size(); ++at)
            if (version.files()[at].tombstones != 0 || !version.reader(at)->single_version()) return false;
        return true;
    }

    Options options_;
    Shape shape_;
    Place directory_;
    const Version* current_ = nullptr;
    std::vector<Unread> unread_;
    Settled settled_{};
};

} // namespace kvilt::table
