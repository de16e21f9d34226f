// Tables of a policy and what they should hold, driven through the same history: the ground of laws/table.hpp.
#pragma once

#include <kvilt/core/merge.hpp>
#include <kvilt/laws/memtable_records.hpp>
#include <kvilt/table/concept.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kvilt::laws {

namespace detail {

struct TableWrite {
    Sequence sequence;
    Kind kind;
    std::string value;
};

// Every version of every key, newest last.
using TableHistory = std::map<std::string, std::vector<TableWrite>, std::less<>>;

// A source of a flush.
class HistorySource {
public:
    explicit HistorySource(const TableHistory& history) : at_(history.begin()), end_(history.end()) { settle(); }
    bool valid() const { return at_ != end_; }
    void next() {
        ++version_;
        settle();
    }
    Record record() const {
        const TableWrite& write = at_->second[at_->second.size() - 1 - version_];
        return {at_->first, write.sequence, {.kind = write.kind, .value = write.value}};
    }

private:
    void settle() {
        while (at_ != end_ && version_ == at_->second.size()) {
            ++at_;
            version_ = 0;
        }
    }
    TableHistory::const_iterator at_;
    TableHistory::const_iterator end_;
    std::size_t version_ = 0; // from the newest
};

// The functions that check return what is wrong, or nothing.
template <TablePolicy T, ThreadsTag Threads>
class TableTrial {
    using Tables = typename T::template Tables<Threads>;
    using Version = typename Tables::Version;
    using Cursor = typename Tables::Cursor;

public:
    TableTrial(TableContext context, typename T::Options options, std::uint64_t seed, std::size_t keys)
        : context_(std::move(context)), options_(options), dice_(seed), keys_(nasty_keys(dice_, keys)) {
        std::sort(keys_.begin(), keys_.end());
    }

    std::string open() {
        tables_.reset();
        auto opened = Tables::open(context_, options_, manifest_);
        if (!opened) return opened.error().message();
        tables_ = std::move(*opened);
        tables_->remove_leftovers(); // the history counts as a durable manifest
        return {};
    }

    // Changes keys of a random span, wide or narrow; of a hundred about `erased` are tombstones.
    void write(std::size_t times, std::size_t erased) {
        const std::size_t width = dice_.once_in(2) ? keys_.size() : 1 + dice_.below(keys_.size() / 8);
        const std::size_t first = dice_.below(keys_.size() - width + 1);
        while (times-- > 0) {
            const std::string& key = keys_[first + dice_.below(width)];
            const bool gone = dice_.below(100) < erased;
            TableWrite change{++sequence_, gone ? Kind::tombstone : Kind::put, {}};
            if (!gone) change.value = std::to_string(sequence_) + std::string(dice_.below(200), 'v');
            pending_[key].push_back(std::move(change));
        }
    }
    void erase_all() {
        for (const std::string& key : keys_) pending_[key].push_back({++sequence_, Kind::tombstone, {}});
    }

    std::string flush() {
        HistorySource source(pending_);
        auto edit = tables_->flush(source, snapshots_);
        if (!edit) return edit.error().message();
        for (auto& [key, writes] : pending_) {
            auto& all = flushed_[key];
            for (TableWrite& write : writes) all.push_back(std::move(write));
        }
        pending_.clear();
        flushed_sequence_ = sequence_;
        apply(*edit);
        return {};
    }

    // Some slices of the compaction that is due; gives it up in the middle once in a while.
    std::string compact(bool everything) {
        const Version& version = *tables_->current();
        auto job = !everything && dice_.once_in(4) ? tables_->plan_for_reads(version, snapshots_, dice_.below(2'000))
                                                   : tables_->plan(version, snapshots_, everything);
        if (job == nullptr) return {};
        for (;;) {
            auto done = job->step(1 + dice_.below(20'000));
            if (!done) return done.error().message();
            if (*done) break;
            if (!everything && dice_.once_in(40)) return {};
            if (!everything && dice_.once_in(20)) { // writers go on meanwhile
                write(dice_.below(50), 20);
                if (auto wrong = flush(); !wrong.empty()) return wrong;
            }
        }
        apply(job->edit());
        return {};
    }

    // Some of what was written, or all.
    std::string check_ahead() {
        for (;;) {
            const auto more = tables_->check_ahead(1 + dice_.below(8'000));
            if (!more) return more.error().message();
            if (!*more || dice_.once_in(8)) return {};
        }
    }

    void take_snapshot() { snapshots_.push_back(sequence_); }
    void drop_snapshot() {
        if (!snapshots_.empty())
            snapshots_.erase(snapshots_.begin() + static_cast<long>(dice_.below(snapshots_.size())));
    }
    void drop_snapshots() { snapshots_.clear(); }

    // Every reader sees what it should: the newest, and each snapshot.
    std::string compare(const Tables& tables) {
        std::vector<Sequence> readers = snapshots_;
        readers.push_back(flushed_sequence_);
        for (const Sequence at : readers) {
            for (const std::string& key : keys_)
                if (auto wrong = compare_find(tables, key, at); !wrong.empty()) return wrong;
            if (auto wrong = compare_scan(tables, at); !wrong.empty()) return wrong;
        }
        return compare_runs(tables);
    }
    std::string compare() { return compare(*tables_); }

    // No file but those of the version, and each of them whole.
    std::string inspect() {
        const Version& version = *tables_->current();
        const auto names = context_.environment.files->list(context_.directory);
        if (!names) return names.error().message();
        if (names->size() != tables_->files(version).size()) return "files are left that no version has";
        const auto verified = tables_->verify(version);
        if (!verified) return verified.error().message();
        if (*verified != tables_->stats(version).bytes) return "verify() does not check every byte";
        return {};
    }

    // After everything was compacted with no snapshot left: nothing but the keys that are there.
    std::string inspect_settled() {
        std::size_t live = 0;
        for (const auto& [key, writes] : flushed_) live += writes.back().kind == Kind::put ? 1 : 0;
        const TableStats stats = tables_->stats(*tables_->current());
        if (stats.runs > 1) return "compacting everything leaves more than one run";
        if (stats.tombstones != 0) return "compacting everything leaves tombstones that hide nothing";
        if (stats.entries != live) return "compacting everything leaves hidden records";
        if (tables_->plan(*tables_->current(), snapshots_, true) != nullptr)
            return "what is compacted already is compacted again";
        return {};
    }

    // The same content through links in another, empty directory.
    std::string compare_linked(const std::string& directory) {
        if (auto linked = tables_->link(*tables_->current(), directory); !linked) return linked.error().message();
        TableContext context = context_;
        context.directory = directory;
        context.read_only = true;
        auto opened = Tables::open(context, options_, manifest_);
        if (!opened) return opened.error().message();
        return compare(**opened);
    }

private:
    void apply(const TableEdit& edit) {
        for (const std::uint64_t number : edit.removed)
            std::erase_if(manifest_, [number](const TableFile& file) { return file.number == number; });
        manifest_.insert(manifest_.end(), edit.added.begin(), edit.added.end());
        const Version* former = tables_->current();
        tables_->apply(edit);
        delete former;
    }

    const TableWrite* expected(const std::vector<TableWrite>& writes, Sequence at) const {
        const auto above = std::partition_point(writes.begin(), writes.end(),
                                                [at](const TableWrite& write) { return write.sequence <= at; });
        if (above == writes.begin() || (above - 1)->kind == Kind::tombstone) return nullptr;
        return &*(above - 1);
    }

    std::string compare_find(const Tables& tables, const std::string& key, Sequence at) {
        typename Tables::Found found;
        const auto hit = tables.find(*tables.current(), key, at, found);
        if (!hit) return hit.error().message();
        typename Version::Search search(*tables.current(), key, at);
        while (search.step()) {
        }
        typename Tables::Found searched;
        const auto same = search.find(searched);
        if (!same) return same.error().message();
        if (*same != *hit || (*hit && (searched.record.sequence != found.record.sequence ||
                                       searched.record.cell.value != found.record.cell.value)))
            return "a search ends at something else than find()";
        const auto writes = flushed_.find(key);
        const TableWrite* wanted = writes == flushed_.end() ? nullptr : expected(writes->second, at);
        const bool present = *hit && found.record.cell.kind == Kind::put;
        if (present != (wanted != nullptr)) return present ? "find() brings a deleted key back" : "find() misses a key";
        if (!present) return {};
        if (found.record.key != key || found.record.sequence != wanted->sequence ||
            found.record.cell.value != wanted->value)
            return "find() gives another version than the newest at or below";
        return {};
    }

    // Every run sorted, forwards and backwards alike.
    std::string compare_runs(const Tables& tables) {
        const Version& version = *tables.current();
        for (std::size_t run = 0; run < version.runs(); ++run) {
            Cursor cursor(tables, version, run);
            std::vector<std::pair<std::string, Sequence>> seen;
            for (cursor.seek_first(); cursor.valid(); cursor.next()) {
                seen.emplace_back(cursor.record().key, sequence_max - cursor.record().sequence);
                if (seen.size() > 1 && seen[seen.size() - 2] >= seen.back()) return "a run is not sorted";
            }
            if (!cursor.status()) return cursor.status().error().message();
            for (cursor.seek_last(); cursor.valid(); cursor.previous()) {
                if (seen.empty() || seen.back().first != cursor.record().key) return "a run differs backwards";
                seen.pop_back();
            }
            if (!seen.empty()) return "a run is shorter backwards";
        }
        return {};
    }

    // A scan from a random key on, and one back from there.
    std::string compare_scan(const Tables& tables, Sequence at) {
        const Version& version = *tables.current();
        std::vector<Cursor> cursors;
        for (std::size_t run = 0; run < version.runs(); ++run) cursors.emplace_back(tables, version, run);
        Merge<Cursor> merge(std::move(cursors));
        const std::string& middle = keys_[dice_.below(keys_.size())];
        std::vector<std::pair<std::string, std::string>> wanted[2], seen[2];
        for (const auto& [key, writes] : flushed_)
            if (const TableWrite* write = expected(writes, at)) wanted[key < middle].emplace_back(key, write->value);
        std::optional<std::string> decided;
        for (merge.seek(middle); merge.valid(); merge.next()) {
            const Record record = merge.record();
            if (record.sequence > at || record.key == decided) continue;
            decided = record.key;
            if (record.cell.kind == Kind::put) seen[0].emplace_back(record.key, record.cell.value);
        }
        for (merge.seek_before(middle); merge.valid(); merge.previous()) { // the newest of a key comes last
            const Record record = merge.record();
            if (record.sequence > at) continue;
            if (!seen[1].empty() && seen[1].back().first == record.key) seen[1].pop_back();
            if (record.cell.kind == Kind::put) seen[1].emplace_back(record.key, record.cell.value);
        }
        std::reverse(seen[1].begin(), seen[1].end());
        if (seen[0] != wanted[0]) return "a scan forwards does not see what the history says";
        if (seen[1] != wanted[1]) return "a scan backwards does not see what the history says";
        return {};
    }

    TableContext context_;
    typename T::Options options_;
    Dice dice_;
    std::vector<std::string> keys_;
    std::unique_ptr<Tables> tables_{};
    std::vector<TableFile> manifest_{};
    TableHistory flushed_{};
    TableHistory pending_{};
    std::vector<Sequence> snapshots_{};
    Sequence sequence_ = 0;
    Sequence flushed_sequence_ = 0;
};

} // namespace detail

} // namespace kvilt::laws
