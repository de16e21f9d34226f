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
          file_bytes_max_(file_bytes_max),
          writer_(directory, level_, run_, file_bytes_max, snapshots, {version, level_, places_of(plan)}) {
        arrange(version, plan);
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

    // A stretch of input files that overlap one another, by key; most often a single one.
    struct Stretch {
        std::size_t begin;
        std::size_t end;
        Bytes reach; // its last key
        bool merge;
    };

    // Sorts the inputs by key, cuts them into stretches, and decides of each whether it is moved or merged.
    void arrange(const Version<Reader>& version, const Compaction& plan) {
        std::vector<Input> inputs;
        for (std::size_t run = 0; run < plan.inputs.size(); ++run)
            for (const std::size_t place : plan.inputs[run]) inputs.push_back({place, run});
        const auto file = [&](std::size_t at) -> const TableFile& { return version.files()[inputs[at].place]; };
        std::sort(inputs.begin(), inputs.end(), [&version](const Input& a, const Input& b) {
            return version.files()[a.place].key_first < version.files()[b.place].key_first;
        });
        std::vector<Stretch> stretches;
        std::vector<bool> small;
        for (std::size_t begin = 0; begin < inputs.size(); begin = stretches.back().end) {
            std::size_t end = begin + 1;
            Bytes reach = file(begin).key_last;
            for (; end < inputs.size() && file(end).key_first <= reach; ++end)
                reach = std::max(reach, Bytes(file(end).key_last));
            const bool alone = end == begin + 1;
            stretches.push_back(
                {begin, end, reach, !alone || (plan.rewrite && worth_a_rewrite(version, inputs[begin].place))});
            small.push_back(alone && file(begin).bytes < file_bytes_max_ / 4);
        }
        gather_small(stretches, small);
        for (std::size_t at = 0; at < stretches.size(); ++at) {
            const Stretch& stretch = stretches[at];
            const bool joins = at != 0 && stretches[at - 1].merge &&
                               !target_between(version, stretches[at - 1].reach, file(stretch.begin).key_first);
            if (stretch.merge && !joins) groups_.emplace_back(plan.inputs.size());
            for (std::size_t input = stretch.begin; input < stretch.end; ++input)
                stretch.merge ? merge(version, inputs[input]) : move(file(input));
        }
    }

    // Whether the run that the outputs go into has a file between two keys that is no input: they must not span it.
    bool target_between(const Version<Reader>& version, Bytes above, Bytes below) const {
        for (std::size_t run = 0; run < version.runs(); ++run) {
            if (version.bounds(run).level != level_ || version.bounds(run).run != run_) continue;
            for (const Choice<Reader>& file : version.choices(run))
                if (above < file.first && file.first < below) return true;
        }
        return false;
    }

    // Small files in a row become one, lest a run fall to crumbs.
    static void gather_small(std::vector<Stretch>& stretches, const std::vector<bool>& small) {
        constexpr std::size_t row_min = 4;
        for (std::size_t begin = 0, end = 0; begin < stretches.size(); begin = end + 1) {
            end = begin;
            while (end < stretches.size() && small[end]) ++end;
            if (end - begin < row_min) continue;
            for (std::size_t at = begin; at < end; ++at) stretches[at].merge = true;
        }
    }

    // Whether a file that overlaps no other has something in it that can go, or is too small to be left alone.
    bool worth_a_rewrite(const Version<Reader>& version, std::size_t place) const {
        const TableFile& file = version.files()[place];
        return file.tombstones != 0 || !version.reader(place)->single_version() || file.bytes < file_bytes_max_ / 2;
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
            if (!files.empty()) sources.emplace_back(files, reads::CacheUse::bypass); // read once: others' blocks stay
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
    std::uint64_t file_bytes_max_;
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
