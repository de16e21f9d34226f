// What an engine is made of: the four policies that concern one node, and their options.
#pragma once

#include <kvilt/conflict/concept.hpp>
#include <kvilt/log/concept.hpp>
#include <kvilt/memtable/concept.hpp>
#include <kvilt/table/concept.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::engine {

template <MemTablePolicy MemTable_, LogPolicy Log_, TablePolicy Table_, ConflictPolicy Conflict_>
struct Parts {
    using MemTable = MemTable_;
    using LogKind = Log_;
    using Table = Table_;
    using Conflict = Conflict_;
    using Threads = typename MemTable::Threads;
    using Index = typename MemTable::Index;
    using Log = typename LogKind::template Log<Threads>;

    static constexpr bool ordered = MemTable::provides.has(Capability::ordered_keys);
    static constexpr bool evicting = MemTable::provides.has(Capability::evicting);
    static constexpr bool durable = LogKind::provides.has(Capability::durable);
    static constexpr bool tables = Table::present;
    static constexpr bool on_disk = durable || tables; // has a directory
};

template <class P>
struct EngineOptions {
    typename P::MemTable::Options memtable{};
    typename P::LogKind::Options log{};
    typename P::Table::Options table{};
    std::size_t memory_bytes_max = 0; // 0: each part's own
    bool read_only = false;
    bool create = true;
    // Slot and format of each policy that leaves something on disk; compared at open.
    std::vector<std::pair<std::string, std::string>> formats{};
};

inline constexpr std::size_t memory_bytes_least = 1_MiB;

// Divides `memory_bytes_max` among the parts, where it is less than they would take on their own. Over tables a quarter
// is the block cache's. Up to three generations are in memory, and one that is flushed and not free yet: each of
// `bytes_max`, its index within it, and half as much in segments that are not full; then spare segments of as much as
// one, and half as much in segments whose files are to be removed. These are seven and a half parts of twelve, and the
// rest is for what is late in being freed. Without tables the cleaner keeps to the budget.
template <class P>
Result<void> apply_budget(EngineOptions<P>& options) {
    const std::size_t budget = options.memory_bytes_max;
    if (budget == 0) return {};
    if (budget < memory_bytes_least)
        return failure(Errc::invalid_option, "open",
                       "memory_bytes_max is " + std::to_string(budget) + ", at least 1 MiB is needed for each shard");
    if constexpr (P::tables) {
        options.memtable.bytes_max = std::min(options.memtable.bytes_max, budget / 12);
        options.table.cache_bytes_max = std::min(options.table.cache_bytes_max, budget / 4);
        if constexpr (requires { options.log.spare_bytes_max; })
            options.log.spare_bytes_max = std::min(options.log.spare_bytes_max, options.memtable.bytes_max);
    }
    if constexpr (P::evicting) options.memtable.bytes_max = std::min(options.memtable.bytes_max, budget);
    return {};
}

// The options of one of `shards` engines that share the budget of a store.
template <class P>
EngineOptions<P> options_of_one(EngineOptions<P> options, std::size_t shards) {
    const std::size_t budget = options.memory_bytes_max;
    if (budget != 0) options.memory_bytes_max = std::max<std::size_t>(budget / shards, 1); // 0 would be no bound
    return options;
}

struct WriteOptions {
    bool sync = false; // survives power loss when the call returns, whatever the log's own setting
};

} // namespace kvilt::engine
