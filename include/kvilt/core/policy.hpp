// What every policy of every slot states about itself.
#pragma once

#include <kvilt/core/result.hpp>

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace kvilt {

enum class Slot : std::uint8_t { memtable, log, table, partition, replication, conflict };

constexpr std::string_view name_of(Slot slot) noexcept {
    constexpr std::string_view names[] = {"memtable", "log", "table", "partition", "replication", "conflict"};
    return names[static_cast<std::size_t>(slot)];
}

enum class Capability : std::uint8_t {
    ordered_keys,      // the memtable keeps byte order
    ordered_placement, // the partition keeps byte order, or merges
    evicting,          // the memtable may forget
    versions,          // the memtable chains versions, so snapshots can be read
    durable,           // the log outlives the process
    syncs,             // the log can survive power loss
    tables,            // sorted runs on disk
    sharded,           // several engines
    replicated,        // several copies of a key
    total_order,       // of two records of a key one always wins
    siblings,          // concurrent values are kept
    compression,       // blocks are stored compressed
    block_cache,       // blocks are read through a cache
    threads_many,      // callable from any thread
    leader,            // one replica orders the writes of a key
    linearizable,      // reads and writes of a key are linearizable
    reads_see_writes,  // a read sees every acknowledged write before it
    survives_process,  // what is acknowledged is there when the process dies
    volatile_replicas, // it is said that copies may forget what they acknowledged
    count_             // not a capability
};

constexpr std::string_view name_of(Capability capability) noexcept {
    constexpr std::string_view names[] = {
        "ordered_keys",     "ordered_placement", "evicting",   "versions",     "durable",          "syncs",
        "tables",           "sharded",           "replicated", "total_order",  "siblings",         "compression",
        "block_cache",      "threads_many",      "leader",     "linearizable", "reads_see_writes", "survives_process",
        "volatile_replicas"};
    return names[static_cast<std::size_t>(capability)];
}

// A set of capabilities as bits: set algebra at compile time for free.
class Capabilities {
public:
    constexpr Capabilities() noexcept = default;
    constexpr Capabilities(std::initializer_list<Capability> list) noexcept {
        for (const Capability one : list) bits_ |= bit(one);
    }
    constexpr bool has(Capability one) const noexcept { return (bits_ & bit(one)) != 0; }
    constexpr bool has(Capabilities all) const noexcept { return (bits_ & all.bits_) == all.bits_; }
    constexpr bool empty() const noexcept { return bits_ == 0; }
    friend constexpr Capabilities operator|(Capabilities a, Capabilities b) noexcept { return a |= b; }
    friend constexpr Capabilities operator-(Capabilities a, Capabilities b) noexcept {
        a.bits_ &= ~b.bits_;
        return a;
    }
    constexpr Capabilities& operator|=(Capabilities other) noexcept {
        bits_ |= other.bits_;
        return *this;
    }
    friend constexpr bool operator==(Capabilities, Capabilities) noexcept = default;

private:
    static constexpr std::uint64_t bit(Capability one) noexcept {
        return std::uint64_t{1} << static_cast<unsigned>(one);
    }
    std::uint64_t bits_ = 0;
};

// `name` is for people; `format` names what the policy leaves on disk, empty if nothing, and is compared at open.
// `Options` is an aggregate whose members all have defaults; `validate` judges its values alone.
template <class P>
concept Policy = requires(const typename P::Options& options) {
    { P::slot } -> std::convertible_to<Slot>;
    { P::name } -> std::convertible_to<std::string_view>;
    { P::format } -> std::convertible_to<std::string_view>;
    { P::provides } -> std::convertible_to<Capabilities>;
    { P::needs } -> std::convertible_to<Capabilities>;
    { P::validate(options) } -> std::same_as<Result<void>>;
    requires std::default_initializable<typename P::Options>;
};

// The options of a policy that has none.
struct NoOptions {};

} // namespace kvilt
