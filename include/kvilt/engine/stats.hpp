// Figures of a store, to print, to watch and to test against.
#pragma once

#include <kvilt/engine/state.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace kvilt {

// Of one node, or summed over shards. A copy: it does not change.
struct Stats {
    std::uint64_t memtable_keys = 0;  // distinct, active and frozen; over tables with tombstones
    std::uint64_t memtable_bytes = 0; // of the indexes
    std::uint64_t frozen_memtables = 0;
    std::uint64_t log_bytes = 0; // in memory: all segments, spare ones included
    std::uint64_t log_disk_bytes = 0;
    std::uint64_t live_bytes = 0; // of records in the log, where it is cleaned
    std::uint64_t tables = 0;
    std::uint64_t runs = 0;
    std::uint64_t table_bytes = 0;
    std::uint64_t table_entries = 0; // tombstones and old versions included
    std::uint64_t table_tombstones = 0;
    std::uint64_t compaction_debt_bytes = 0;
    std::uint64_t cache_bytes = 0;
    std::uint64_t cache_hits = 0;
    std::uint64_t cache_misses = 0;
    std::uint64_t snapshots = 0;
    std::uint64_t sequence = 0; // of the last commit
    std::uint64_t flushes = 0;
    std::uint64_t compactions = 0;
    std::uint64_t cleaned_segments = 0;
    std::uint64_t stalls = 0;
    std::uint64_t recovery_bytes_cut = 0; // torn tail that the last open dropped
    std::uint64_t shards = 1;
    bool writable = true;
    std::string last_error{}; // of background work, empty when the last went well

    std::uint64_t disk_bytes() const noexcept { return log_disk_bytes + table_bytes; }
    std::uint64_t memory_bytes() const noexcept { return memtable_bytes + log_bytes + cache_bytes; }

    // visit(name, value) for each number.
    template <class Self, class Visitor>
    static void for_each(Self& self, Visitor visit) {
        visit("memtable_keys", self.memtable_keys);
        visit("memtable_bytes", self.memtable_bytes);
        visit("frozen_memtables", self.frozen_memtables);
        visit("log_bytes", self.log_bytes);
        visit("log_disk_bytes", self.log_disk_bytes);
        visit("live_bytes", self.live_bytes);
        visit("tables", self.tables);
        visit("runs", self.runs);
        visit("table_bytes", self.table_bytes);
        visit("table_entries", self.table_entries);
        visit("table_tombstones", self.table_tombstones);
        visit("compaction_debt_bytes", self.compaction_debt_bytes);
        visit("cache_bytes", self.cache_bytes);
        visit("cache_hits", self.cache_hits);
        visit("cache_misses", self.cache_misses);
        visit("snapshots", self.snapshots);
        visit("sequence", self.sequence);
        visit("flushes", self.flushes);
        visit("compactions", self.compactions);
        visit("cleaned_segments", self.cleaned_segments);
        visit("stalls", self.stalls);
        visit("recovery_bytes_cut", self.recovery_bytes_cut);
    }

    // Adds the figures of another shard.
    void add(const Stats& other) {
        std::uint64_t values[32];
        std::size_t count = 0;
        for_each(other, [&](std::string_view, std::uint64_t value) { values[count++] = value; });
        count = 0;
        for_each(*this, [&](std::string_view, std::uint64_t& value) { value += values[count++]; });
        shards += other.shards;
        writable = writable && other.writable;
        if (last_error.empty()) last_error = other.last_error;
    }

    // One "name value" a line.
    std::string to_string() const {
        std::string text;
        for_each(*this, [&](std::string_view name, std::uint64_t value) {
            text.append(name).append(" ").append(std::to_string(value)).append("\n");
        });
        text.append("shards ").append(std::to_string(shards)).append("\n");
        text.append("writable ").append(writable ? "yes" : "no").append("\n");
        if (!last_error.empty()) text.append("last_error ").append(last_error).append("\n");
        return text;
    }

    // The text exposition format of Prometheus, all gauges, names with `prefix`.
    std::string prometheus(std::string_view prefix = "kvilt_") const {
        std::string text;
        const auto gauge = [&](std::string_view name, std::uint64_t value) {
            text.append("# TYPE ").append(prefix).append(name).append(" gauge\n");
            text.append(prefix).append(name).append(" ").append(std::to_string(value)).append("\n");
        };
        for_each(*this, gauge);
        gauge("shards", shards);
        gauge("writable", writable ? 1 : 0);
        return text;
    }

    template <class Stream>
    friend Stream& operator<<(Stream& stream, const Stats& stats) {
        stream << stats.to_string();
        return stream;
    }
};

} // namespace kvilt

namespace kvilt::engine {

// Any thread.
template <class P>
Stats stats_of(State<P>& state, const std::optional<Error>& last_error) {
    Stats stats;
    const typename Epochs<typename P::Threads>::Pin pin(state.epochs);
    {
        const std::lock_guard lock(state.writer);
        const View<P>& view = state.seen();
        const auto add = [&](const Generation<P>& generation) {
            stats.memtable_keys += generation.index.count();
            stats.memtable_bytes += generation.index.bytes_used();
        };
        add(*view.active);
        for (const Generation<P>* generation : view.frozen) add(*generation);
        stats.frozen_memtables = view.frozen.size();
        stats.log_bytes = state.log->memory_bytes();
        if constexpr (P::durable) stats.log_disk_bytes = state.log->disk_bytes();
        stats.live_bytes = state.live_bytes;
    }
    if constexpr (P::tables) {
        const auto& version = *state.seen().tables;
        const TableStats tables = state.tables->stats(version);
        stats.tables = tables.files;
        stats.runs = tables.runs;
        stats.table_bytes = tables.bytes;
        stats.table_entries = tables.entries;
        stats.table_tombstones = tables.tombstones;
        stats.cache_bytes = tables.cache_bytes;
        stats.cache_hits = tables.cache_hits;
        stats.cache_misses = tables.cache_misses;
        stats.compaction_debt_bytes = state.tables->debt_bytes(version);
    }
    stats.snapshots = state.snapshots.count();
    stats.sequence = state.published.load();
    stats.flushes = state.counters.flushes.load();
    stats.compactions = state.counters.compactions.load();
    stats.cleaned_segments = state.counters.cleaned_segments.load();
    stats.stalls = state.counters.stalls.load();
    stats.recovery_bytes_cut = state.counters.bytes_cut.load();
    stats.writable = state.health.healthy();
    if (last_error) stats.last_error = last_error->message();
    return stats;
}

} // namespace kvilt::engine
