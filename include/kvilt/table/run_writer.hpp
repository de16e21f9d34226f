// Writes the files of one run: what a flush and a compaction have in common.
#pragma once

#include <kvilt/table/retention.hpp>
#include <kvilt/table/version.hpp>

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace kvilt::table {

// Spans of keys that older runs cover. Asked in ascending order of keys. For one thread at a time.
template <class Reader>
class OlderRuns {
public:
    // The files whose places in the version `taken` names are inputs of the merge themselves; `taken` is sorted.
    OlderRuns(const Version<Reader>& version, std::uint32_t level_from, const std::vector<std::size_t>& taken) {
        for (std::size_t run = 0; run < version.runs(); ++run) {
            const RunBounds& bounds = version.bounds(run);
            if (bounds.level < level_from) continue;
            Row row;
            for (std::size_t file = bounds.begin; file < bounds.end; ++file)
                if (!std::binary_search(taken.begin(), taken.end(), file)) row.files.push_back(version.reader(file));
            if (!row.files.empty()) rows_.push_back(std::move(row));
        }
    }

    bool may_hold(Bytes key) {
        for (Row& row : rows_) {
            while (row.at < row.files.size() && row.files[row.at]->file().key_last < key) ++row.at;
            if (row.at < row.files.size() && row.files[row.at]->file().key_first <= key) return true;
        }
        return false;
    }

private:
    struct Row {
        std::vector<std::shared_ptr<Reader>> files{}; // shared: the version may go before the job
        std::size_t at = 0;
    };
    std::vector<Row> rows_;
};

// Cuts its records into files of bounded size and disjoint keys. Destroyed before release() it removes what it wrote.
// For one thread at a time.
template <class Directory>
class RunWriter {
public:
    using Reader = typename Directory::Reader;
    using Builder = typename Directory::Builder;

    RunWriter(Directory& directory, std::uint32_t level, std::uint64_t run, std::uint64_t file_bytes_max,
              const std::vector<Sequence>& snapshots, OlderRuns<Reader> older)
        : directory_(&directory), level_(level), run_(run), file_bytes_max_(file_bytes_max), retention_(snapshots),
          older_(std::move(older)) {}
    RunWriter(const RunWriter&) = delete;
    RunWriter& operator=(const RunWriter&) = delete;
    ~RunWriter() {
        for (const auto& reader : finished_) reader->obsolete();
    }

    // Takes the records of a merge in forward order and keeps those that can be seen.
    Result<void> add(const Record& record) {
        if (builder_ && builder_->bytes() >= file_bytes_max_ && !retention_.same_key(record.key)) KVILT_TRY(cut());
        return retention_.take(
            record, [this](Bytes key) { return !older_.may_hold(key); },
            [this](const Record& kept) -> Result<void> {
                if (!builder_) {
                    KVILT_TRY_ASSIGN(builder, directory_->create());
                    builder_.emplace(std::move(builder));
                }
                return builder_->add(kept);
            });
    }

    // Ends the present file, if there is one: synced, all but its name.
    Result<void> cut() {
        if (!builder_) return {};
        finished_.reserve(finished_.size() + 1); // what is finished must not be lost for want of a place
        files_.reserve(files_.size() + 1);
        auto file = builder_->finish();
        builder_.reset();
        if (!file) return std::unexpected(std::move(file).error());
        file->level = level_;
        file->run = run_;
        auto reader = directory_->open(*file);
        if (reader)
            if (auto loaded = (*reader)->load(); !loaded) reader = std::unexpected(std::move(loaded).error());
        if (!reader) {
            directory_->remove(file->number);
            return std::unexpected(std::move(reader).error());
        }
        finished_.push_back(std::move(*reader));
        files_.push_back(std::move(*file));
        return {};
    }

    // Gives the files over to the version that will have them.
    std::vector<TableFile> release() {
        for (const auto& reader : finished_) directory_->keep(reader);
        finished_.clear();
        return std::exchange(files_, {});
    }

private:
    Directory* directory_;
    std::uint32_t level_;
    std::uint64_t run_;
    std::uint64_t file_bytes_max_;
    Retention retention_;
    OlderRuns<Reader> older_;
    std::optional<Builder> builder_{};
    std::vector<std::shared_ptr<Reader>> finished_{};
    std::vector<TableFile> files_{};
};

} // namespace kvilt::table
