// Carries a compaction out, a slice at a time.
#pragma once

#include <kvilt/core/merge.hpp>
#include <kvilt/table/run_cursor.hpp>
#include <kvilt/table/run_writer.hpp>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace kvilt::table {

// Input files that overlap one another are merged; a file that overlaps none is moved: it stays as it is and changes
// its level. Readers and flushes go on meanwhile. Outlived by its directory. One call at a time.
template <class Directory>
class CompactionJob {
public:
    using Reader = typename Directory::Reader;

    CompactionJob(Directory& directory, const Version<Reader>& version, const Compaction& plan,
                  std::uint64_t file_bytes_max, const std::vector<Sequence>& snapshots)
        : directory_(&directory), level_(plan.level), run_(plan.run ? *plan.run : directory.take_number()),
          writer_(directory, level_, run_, file_bytes_max, snapshots, {version, level_, places_of(plan)}) {
        const OlderRuns<Reader> older(version, level_, places_of(plan));
        arrange(version, plan, older);
    }

    // Reads and writes about `bytes_budget` bytes, a sync at the end of each file aside. True when the outputs are
    // complete and durable. After an error only destruction is left: it removes the outputs.
    Result<bool> step(std::size_t bytes_budget) {
        if (failed_) return failure(Errc::closed, "compact tables", "this job has failed before: plan a new one");
        if (done_) return true;
        auto result = work(bytes_budget);
        failed_ = !result;
        return result;
    }

    // Once done.
    TableEdit edit() const { return edit_; }
    std::uint64_t run() const noexcept { return run_; } // where the outputs go

private:
    using Files = std::vector<Choice<Reader>>;
    using Group = std::vector<Files>; // files to merge, a vector for each input run, newest first

    // An input file: its place in the version, and which input run it is of.
    struct Input {
        std::size_t place;
        std::size_t run;
    };

    static std::vector<std::size_t> places_of(const Compaction& plan) {
        std::vector<std::size_t> places;
        for (const auto& input : plan.inputs) places.insert(places.end(), input.begin(), input.end());
        std::sort(places.begin(), places.end());
        return places;
    }

    // Walks the input files by key: each stretch of overlapping files is moved or merged as one.
    void arrange(const Version<Reader>& version, const Compaction& plan, const OlderRuns<Reader>& older) {
        const auto& files = version.files();
        std::vector<Input> inputs;
        for (std::size_t run = 0; run < plan.inputs.size(); ++run)
            for (const std::size_t place : plan.inputs[run]) inputs.push_back({place, run});
        std::sort(inputs.begin(), inputs.end(), [&files](const Input& a, const Input& b) {
            return files[a.place].key_first < files[b.place].key_first;
        });
        bool joined = false; // to the group before
        for (std::size_t begin = 0; begin < inputs.size();) {
            std::size_t end = begin + 1;
            Bytes reach = files[inputs[begin].place].key_last;
            for (; end < inputs.size() && files[inputs[end].place].key_first <= reach; ++end)
                reach = std::max(reach, Bytes(files[inputs[end].place].key_last));
            const TableFile& first = files[inputs[begin].place];
            const bool alone = end == begin + 1 && !plan.rewrite;
            if (alone && !worth_a_rewrite(first, older)) {
                move(first);
                joined = false;
            } else {
                if (!joined) groups_.emplace_back(plan.inputs.size());
                for (std::size_t at = begin; at < end; ++at) merge(version, inputs[at]);
                joined = true;
            }
            begin = end;
        }
    }

    // Tombstones that can go now would otherwise stay until something overlaps them.
    static bool worth_a_rewrite(const TableFile& file, const OlderRuns<Reader>& older) {
        return file.tombstones != 0 && file.tombstones >= file.entries / 8 &&
               !older.touches(file.key_first, file.key_last);
    }

    void move(const TableFile& file) {
        if (file.level == level_ && file.run == run_) return;
        edit_.removed.push_back(file.number);
        edit_.added.push_back(file);
        edit_.added.back().level = level_;
        edit_.added.back().run = run_;
    }
    void merge(const Version<Reader>& version, const Input& input) {
        const std::shared_ptr<Reader>& reader = version.reader(input.place);
        groups_.back()[input.run].emplace_back(*reader);
        edit_.removed.push_back(reader->file().number);
        held_.push_back(reader);
    }

    Result<bool> work(std::size_t bytes_budget) {
        constexpr std::size_t record_bytes = 16; // what a record weighs beside its key and value
        for (std::size_t spent = 0; spent < bytes_budget;) {
            if (!merge_ && !open_group()) return complete();
            if (!merge_->valid()) {
                KVILT_TRY(merge_->status());
                KVILT_TRY(writer_.cut());
                merge_.reset();
                continue;
            }
            const Record record = merge_->record();
            spent += record_bytes + record.key.size() + record.cell.stamp.size() + record.cell.value.size();
            KVILT_TRY(writer_.add(record));
            merge_->next();
        }
        return false;
    }

    bool open_group() {
        if (next_group_ == groups_.size()) return false;
        std::vector<RunCursor<Reader>> sources;
        for (const Files& files : groups_[next_group_++])
            if (!files.empty()) sources.emplace_back(files);
        merge_.emplace(std::move(sources));
        merge_->seek_first();
        return true;
    }

    Result<bool> complete() {
        if (!groups_.empty()) KVILT_TRY(directory_->sync());
        for (TableFile& file : writer_.release()) edit_.added.push_back(std::move(file));
        done_ = true;
        return true;
    }

    Directory* directory_;
    std::uint32_t level_;
    std::uint64_t run_;
    RunWriter<Directory> writer_;
    TableEdit edit_{};
    std::vector<std::shared_ptr<Reader>> held_{}; // inputs, whatever becomes of the version
    std::vector<Group> groups_{};
    std::size_t next_group_ = 0;
    std::optional<Merge<RunCursor<Reader>>> merge_{};
    bool done_ = false;
    bool failed_ = false;
};

} // namespace kvilt::table
