// The least policies that meet the concepts: what a composition looks like without the code of a real one.
#pragma once

#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/log/concept.hpp>
#include <kvilt/memtable/concept.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/partition/range.hpp>
#include <kvilt/partition/single.hpp>
#include <kvilt/replication/none.hpp>
#include <kvilt/table/none.hpp>

namespace stand_in {

using namespace kvilt;
using enum Capability;

template <class ThreadsOf, Capability... Provided>
struct MemTable {
    using Threads = ThreadsOf;
    struct Options {
        std::size_t bytes_max = 0;
    };
    static constexpr Slot slot = Slot::memtable;
    static constexpr std::string_view name = "stand_in::MemTable";
    static constexpr std::string_view format = "";
    static constexpr Capabilities provides{Provided...};
    static constexpr Capabilities needs{};
    static Result<void> validate(const Options& options) {
        if (options.bytes_max == 1) return failure(Errc::invalid_option, "stand_in::MemTable", "bytes_max is 1");
        return {};
    }

    class Index {
    public:
        Index(const Options&, Epochs<Threads>&) {}
        LogRecord* put(LogRecord*) { return nullptr; }
        LogRecord* find(Bytes) const { return nullptr; }
        void replace(LogRecord*, LogRecord*) {}
        void erase(LogRecord*) {}
        std::size_t count() const { return 0; }
        std::size_t bytes_used() const { return 0; }
    };
};

template <Capability... Provided>
struct LogOf {
    struct Options {
        Sync sync = Sync::never;
        std::uint64_t interval_us = 100'000;
    };
    static constexpr Slot slot = Slot::log;
    static constexpr std::string_view name = "stand_in::Log";
    static constexpr std::string_view format = "stand_in";
    static constexpr Capabilities provides{Provided...};
    static constexpr Capabilities needs{};
    static constexpr bool survives_process = false;
    static Result<void> validate(const Options&) { return {}; }

    template <class Threads>
    class Log {
    public:
        static Result<std::unique_ptr<Log>> open(const LogContext&, const Options&) { return std::make_unique<Log>(); }
        std::size_t room() const { return 0; }
        char* begin(std::size_t) { return nullptr; }
        Result<LogPosition> commit(FrameKind, std::size_t) { return LogPosition{}; }
        Result<void> rotate(std::size_t) { return {}; }
        Result<void> end_segment() { return {}; }
        SegmentNumber segment_of(const LogRecord*) const { return 0; }
        void free(SegmentNumber) {}
        void limit_spare_bytes(std::size_t) {}
    };
};

template <Capability... Provided>
struct TableOf {
    using Options = NoOptions;
    static constexpr Slot slot = Slot::table;
    static constexpr std::string_view name = "stand_in::Table";
    static constexpr std::string_view format = "stand_in";
    static constexpr Capabilities provides{Provided...};
    static constexpr Capabilities needs{};
    static constexpr bool present = true;
    static Result<void> validate(const Options&) { return {}; }

    template <class Threads>
    struct Tables {
        struct Version {};
    };
};

template <std::size_t Copies, Capability... Provided>
struct Copied {
    using Options = NoOptions;
    static constexpr Slot slot = Slot::replication;
    static constexpr std::string_view name = "stand_in::Copied";
    static constexpr std::string_view format = "stand_in";
    static constexpr Capabilities provides{replicated, Provided...};
    static constexpr Capabilities needs{};
    static constexpr std::size_t copies = Copies;
    static constexpr ReplicationKind kind = ReplicationKind::quorum;
    template <Level>
    static constexpr bool offers = true;
    static Result<void> validate(const Options&) { return {}; }
    static Result<WritePlan> write_plan(Level, const Options&) { return WritePlan{}; }
    static Result<ReadPlan> read_plan(Level, const Options&) { return ReadPlan{}; }
};

struct Stamped {
    using Options = NoOptions;
    static constexpr Slot slot = Slot::conflict;
    static constexpr std::string_view name = "stand_in::Stamped";
    static constexpr std::string_view format = "stand_in";
    static constexpr Capabilities provides{Capability::total_order};
    static constexpr Capabilities needs{replicated};
    static constexpr bool total_order = true;
    static constexpr std::size_t stamp_bytes = 8;
    static Result<void> validate(const Options&) { return {}; }
    static constexpr bool needs_present = false;
    static Cell join(const Cell& a, const Cell& b, std::string&) { return a.stamp < b.stamp ? b : a; }
    static bool covers(const Cell& a, const Cell& b) { return a.stamp >= b.stamp; }
    static std::size_t values(const Cell&) { return 1; }
    template <class Visit>
    static void for_each_value(const Cell& cell, Visit visit) {
        visit(cell.value);
    }
    static std::string context(const Cell&) { return {}; }
    static bool well_formed(const Cell&) { return true; }
    static std::uint64_t time(const Cell&) { return 0; }
    static Result<Cell> write(const Cell*, Bytes, const WriteStamp&, Kind kind, Bytes value, std::string&) {
        return Cell{kind, {}, value};
    }
};

using Ordered = MemTable<threads::One, ordered_keys, versions>;
using OrderedMany = MemTable<threads::Many, ordered_keys, versions>;
using Evicting = MemTable<threads::One, evicting>;
using VolatileLog = LogOf<>;
using DurableLog = LogOf<durable, syncs>;
using Tables = TableOf<tables>;
using CompressedMapped = TableOf<tables, compression>;
using CompressedCached = TableOf<tables, compression, block_cache>;

static_assert(MemTablePolicy<Ordered> && LogPolicy<VolatileLog> && TablePolicy<Tables>);
static_assert(ReplicationPolicy<Copied<3>> && ConflictPolicy<Stamped>);

} // namespace stand_in
