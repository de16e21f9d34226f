// The shape of the runs, and what to merge when it is lost: one algorithm, three numbers (a fluid LSM tree).
// docs/policies/table.md
#pragma once

#include <kvilt/table/concept.hpp>

#include <algorithm>
#include <concepts>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace kvilt {

namespace compaction {

// Each level is about Ratio times as large as the one above, which holds up to RunsUpper runs; the last level holds up
// to RunsLast. More runs: fewer bytes rewritten, more places to look in.
template <std::uint32_t Ratio, std::uint32_t RunsUpper, std::uint32_t RunsLast>
    requires(Ratio >= 2 && RunsUpper >= 1 && RunsLast >= 1)
struct Fluid {
    static constexpr std::string_view name = "compaction::Fluid";
    static constexpr std::uint32_t ratio = Ratio;
    static constexpr std::uint32_t runs_upper = RunsUpper;
    static constexpr std::uint32_t runs_last = RunsLast;
};

using Lazy = Fluid<8, 3, 1>;     // the default: nearly all data in one run, cheap merges above it
using Leveled = Fluid<10, 1, 1>; // fewest runs, most bytes rewritten
using Tiered = Fluid<8, 7, 7>;   // fewest bytes rewritten, most runs

} // namespace compaction

template <class C>
concept CompactionPolicy = requires {
    { C::name } -> std::convertible_to<std::string_view>;
    { C::ratio } -> std::convertible_to<std::uint32_t>;
    { C::runs_upper } -> std::convertible_to<std::uint32_t>;
    { C::runs_last } -> std::convertible_to<std::uint32_t>;
};

namespace table {

inline constexpr std::uint32_t levels_max = 64;

// What a shape is measured against.
struct Shape {
    std::uint32_t ratio = 8;
    std::uint32_t runs_upper = 3;
    std::uint32_t runs_last = 1;
    std::uint64_t level_bytes_base = 512_MiB; // what level 1 may hold in a single run

    // Level 0 takes flushes: merging each of them at once would rewrite level 1 every time.
    static constexpr std::uint32_t runs_flushed = 3;

    std::uint32_t runs_max(std::uint32_t level, std::uint32_t last) const noexcept {
        if (level == 0) return std::max(runs_upper, runs_flushed);
        return level < last ? runs_upper : runs_last;
    }
    // Where a level is a single run, its bytes are the measure.
    std::uint64_t bytes_max(std::uint32_t level) const noexcept {
        std::uint64_t bytes = level_bytes_base;
        for (std::uint32_t at = 1; at < level; ++at)
            if (__builtin_mul_overflow(bytes, std::uint64_t{ratio}, &bytes)) return ~std::uint64_t{0};
        return bytes;
    }
};

// A run within the files of a version: [begin, end) of them, by key.
struct RunBounds {
    std::uint32_t level = 0;
    std::uint64_t run = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
};

// Newest run first, by key within a run.
inline bool newer_or_lower(const TableFile& a, const TableFile& b) noexcept {
    if (a.level != b.level) return a.level < b.level;
    if (a.run != b.run) return a.run > b.run;
    return a.key_first < b.key_first;
}

inline bool overlap(const TableFile& a, const TableFile& b) noexcept {
    return a.key_first <= b.key_last && b.key_first <= a.key_last;
}

// What to merge: files by their place in the version, a sorted run each, newest first.
struct Compaction {
    std::vector<std::vector<std::size_t>> inputs{};
    std::uint32_t level = 0;            // where it goes
    std::optional<std::uint64_t> run{}; // into this run there; without: a new one, newer than what is there
    bool rewrite = false;               // also a lone file, where anything in it can go
};

// Decides; does nothing. `files` in the order of newer_or_lower.
class Picker {
public:
    Picker(const Shape& shape, std::span<const TableFile> files, std::span<const RunBounds> runs)
        : shape_(shape), files_(files), runs_(runs) {
        for (const RunBounds& run : runs) {
            if (run.level >= levels_.size()) levels_.resize(run.level + std::size_t{1});
            Level& level = levels_[run.level];
            if (level.runs++ == 0) level.newest = static_cast<std::size_t>(&run - runs.data());
            for (const TableFile& file : files.subspan(run.begin, run.end - run.begin)) {
                level.bytes += file.bytes;
                level.entries += file.entries;
                level.tombstones += file.tombstones;
            }
        }
    }

    // The level that is furthest over its target, into the next one; nothing if none is.
    std::optional<Compaction> pick() const {
        std::optional<std::uint32_t> worst;
        double worst_score = 1.0;
        for (std::uint32_t level = 0; level < levels_.size() && level + 1 < levels_max; ++level)
            if (const double score = score_of(level); score > worst_score) {
                worst_score = score;
                worst = level;
            }
        if (!worst) return std::nullopt;
        return compaction_of(*worst);
    }

    // Everything into one run, in the first level that holds it.
    std::optional<Compaction> pick_everything() const {
        if (runs_.empty()) return std::nullopt;
        Compaction plan{.level = std::max(last(), 1U), .rewrite = true};
        std::uint64_t bytes = 0;
        for (const Level& level : levels_) bytes += level.bytes;
        while (shape_.runs_last == 1 && bytes > shape_.bytes_max(plan.level) && plan.level + 1 < levels_max)
            ++plan.level;
        for (const RunBounds& run : runs_) plan.inputs.push_back(all_of(run));
        return plan;
    }

    // The runs of the first levels, as many of them as reads have paid for. Each of `reads` look-ups has looked into
    // every run; one in one run too many pays for one entry to be written anew.
    std::optional<Compaction> pick_for_reads(std::uint64_t reads) const {
        std::uint64_t runs = 0;
        std::uint64_t entries = 0;
        std::optional<std::uint32_t> paid;
        for (std::uint32_t level = 0; level < levels_.size(); ++level) {
            runs += levels_[level].runs;
            entries += levels_[level].entries;
            if (levels_[level].runs != 0 && runs > 1 && reads >= entries / (runs - 1)) paid = level;
        }
        if (!paid) return std::nullopt;
        if (*paid == last()) {
            auto plan = pick_everything();
            plan->rewrite = false;
            return plan;
        }
        Compaction plan{.level = *paid};
        for (const RunBounds& run : runs_)
            if (run.level <= *paid) plan.inputs.push_back(all_of(run));
        return plan;
    }

    // Bytes that stand in too many runs or over the size of their level. What a free move would cure is no debt.
    std::uint64_t debt_bytes() const noexcept {
        std::uint64_t debt = 0;
        for (std::uint32_t level = 0; level < levels_.size(); ++level) {
            const Level& here = levels_[level];
            const std::uint64_t runs_max = shape_.runs_max(level, last());
            for (std::uint64_t excess = 0; runs_max + excess < here.runs; ++excess)
                debt += bytes_of(runs_[here.newest + excess]);
            if (here.runs == 1 && level != 0 && level < last() && runs_max == 1)
                debt += here.bytes - std::min(here.bytes, shape_.bytes_max(level));
        }
        return debt;
    }

private:
    struct Level {
        std::uint64_t runs = 0;
        std::uint64_t bytes = 0;
        std::uint64_t entries = 0;
        std::uint64_t tombstones = 0;
        std::size_t newest = 0; // its first run
    };

    std::uint32_t last() const noexcept { return levels_.empty() ? 0 : static_cast<std::uint32_t>(levels_.size() - 1); }

    // Above 1: over the target. Tombstones count as load where a level below waits to be freed by them.
    double score_of(std::uint32_t level) const noexcept {
        const Level& here = levels_[level];
        if (here.runs == 0) return 0;
        const std::uint32_t runs_max = shape_.runs_max(level, last());
        double load = static_cast<double>(here.runs) / runs_max;
        if (level != 0 && runs_max == 1 && here.runs == 1)
            load = static_cast<double>(here.bytes) / static_cast<double>(shape_.bytes_max(level));
        if (level < last() && here.entries != 0)
            load += static_cast<double>(here.tombstones) / static_cast<double>(here.entries);
        return load;
    }

    Compaction compaction_of(std::uint32_t level) const {
        const Level& here = levels_[level];
        Compaction plan{.level = level + 1};
        const bool single = here.runs == 1 && shape_.runs_max(level, last()) == 1;
        if (single && level < last()) {
            plan.inputs.push_back({least_overlapping(level)});
        } else {
            // A last level that outgrew its size comes here too: it moves as it is, since nothing is below.
            for (std::size_t run = here.newest; run < here.newest + here.runs; ++run)
                plan.inputs.push_back(all_of(runs_[run]));
        }
        add_target(plan);
        return plan;
    }

    // A level of one run takes part where it overlaps. A level of several gets one more, unless its newest has room.
    void add_target(Compaction& plan) const {
        if (plan.level >= levels_.size() || levels_[plan.level].runs == 0) return;
        const Level& target = levels_[plan.level];
        const RunBounds& newest = runs_[target.newest];
        std::vector<std::size_t> overlapping = overlapping_files(plan, newest);
        if (shape_.runs_max(plan.level, std::max(last(), plan.level)) > 1) {
            if (overlapping.empty()) plan.run = newest.run;
        } else if (target.runs == 1) {
            plan.run = newest.run;
            if (!overlapping.empty()) plan.inputs.push_back(std::move(overlapping));
        } else { // the store was shaped by another policy before
            for (std::size_t run = target.newest; run < target.newest + target.runs; ++run)
                plan.inputs.push_back(all_of(runs_[run]));
        }
    }

    std::vector<std::size_t> overlapping_files(const Compaction& plan, const RunBounds& run) const {
        std::vector<bool> taken(run.end - run.begin);
        for (const auto& input : plan.inputs)
            for (const std::size_t file : input) {
                std::size_t at = first_reaching(run, files_[file].key_first);
                for (; at < run.end && files_[at].key_first <= files_[file].key_last; ++at)
                    taken[at - run.begin] = true;
            }
        std::vector<std::size_t> found;
        for (std::size_t at = run.begin; at < run.end; ++at)
            if (taken[at - run.begin]) found.push_back(at);
        return found;
    }

    // The file that frees most for the bytes below that have to be rewritten with it.
    std::size_t least_overlapping(std::uint32_t level) const {
        const RunBounds& run = runs_[levels_[level].newest];
        std::size_t best = run.begin;
        double best_cost = -1;
        for (std::size_t file = run.begin; file < run.end; ++file) {
            const TableFile& candidate = files_[file];
            double below = 0;
            for (const RunBounds& under : runs_) {
                if (under.level != level + 1) continue;
                std::size_t at = first_reaching(under, candidate.key_first);
                for (; at < under.end && files_[at].key_first <= candidate.key_last; ++at)
                    below += static_cast<double>(files_[at].bytes);
            }
            const auto entries = static_cast<double>(std::max<std::uint64_t>(candidate.entries, 1));
            const double density = static_cast<double>(candidate.tombstones) / entries;
            const double cost = below / (static_cast<double>(candidate.bytes + 1) * (1 + density));
            if (best_cost < 0 || cost < best_cost) {
                best_cost = cost;
                best = file;
            }
        }
        return best;
    }

    // The first file of the run that ends at or above `key`.
    std::size_t first_reaching(const RunBounds& run, Bytes key) const noexcept {
        const auto begin = files_.begin() + static_cast<std::ptrdiff_t>(run.begin);
        const auto end = files_.begin() + static_cast<std::ptrdiff_t>(run.end);
        const auto found = std::partition_point(begin, end, [key](const TableFile& f) { return f.key_last < key; });
        return static_cast<std::size_t>(found - files_.begin());
    }

    static std::vector<std::size_t> all_of(const RunBounds& run) {
        std::vector<std::size_t> files;
        for (std::size_t at = run.begin; at < run.end; ++at) files.push_back(at);
        return files;
    }
    std::uint64_t bytes_of(const RunBounds& run) const noexcept {
        std::uint64_t bytes = 0;
        for (std::size_t at = run.begin; at < run.end; ++at) bytes += files_[at].bytes;
        return bytes;
    }

    Shape shape_;
    std::span<const TableFile> files_;
    std::span<const RunBounds> runs_;
    std::vector<Level> levels_;
};

} // namespace table

} // namespace kvilt
