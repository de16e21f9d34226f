// Policies with bugs that can be switched on, for rings that must be found out.
#pragma once

#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/conflict/vector_clock.hpp>

#include "ring_campaign.hpp"

namespace planted {

using namespace kvilt;

enum class Bug : std::uint8_t {
    none,
    skips_write_back,
    skips_version_read,
    counts_hints,
    reads_from_one,
    observes_no_time,
    last_arrival_wins,
    tie_by_arrival,
    value_beats_tombstone,
    drops_a_sibling,
};

// Of all policies below. One ring at a time is simulated.
inline Bug bug = Bug::none;

struct Clock {
    using Options = clocks::Options;
    static constexpr std::string_view name = "planted::Clock";
    static constexpr bool shared = false;
    template <ThreadsTag Threads>
    class Source : public HybridClock<Threads> {
    public:
        using HybridClock<Threads>::HybridClock;
        Result<void> observe(std::uint64_t time, std::uint64_t wall_us) {
            return bug == Bug::observes_no_time ? Result<void>{} : HybridClock<Threads>::observe(time, wall_us);
        }
    };
};

struct LastWriteWins : conflict::LastWriteWins<Clock> {
    using Base = conflict::LastWriteWins<Clock>;

    static Cell join(const Cell& a, const Cell& b, std::string& room) {
        if (bug == Bug::last_arrival_wins) return b;
        return covers(a, b) ? a : Base::join(b, a, room);
    }
    // Copies keep what covers what comes.
    static bool covers(const Cell& a, const Cell& b) {
        const auto millisecond = [](const Cell& cell) { return time(cell) >> hybrid_counter_bits >> 10; };
        if (bug == Bug::last_arrival_wins) return a.stamp == b.stamp;
        if (bug == Bug::tie_by_arrival && millisecond(a) == millisecond(b)) return true;
        if (bug == Bug::value_beats_tombstone && values(a) != values(b)) return values(a) > values(b);
        return Base::covers(a, b);
    }
};

struct VectorClock : conflict::VectorClock<> {
    static Cell join(const Cell& a, const Cell& b, std::string& room) {
        const Cell joined = conflict::VectorClock<>::join(a, b, room);
        return bug == Bug::drops_a_sibling && values(joined) > 1 ? a : joined;
    }
};

template <std::size_t N, std::size_t R, std::size_t W, Mode mode>
struct Quorum : replication::Quorum<N, R, W, mode> {
    using Base = replication::Quorum<N, R, W, mode>;
    static Result<WritePlan> write_plan(Level level, const typename Base::Options& options) {
        KVILT_TRY_ASSIGN(plan, Base::write_plan(level, options));
        if (bug == Bug::skips_version_read) plan.version_first = false;
        if (bug == Bug::counts_hints) plan.stand_ins = true;
        return plan;
    }
    static Result<ReadPlan> read_plan(Level level, const typename Base::Options& options) {
        KVILT_TRY_ASSIGN(plan, Base::read_plan(level, options));
        if (bug == Bug::skips_write_back) plan.write_back = plan.repair = false;
        if (bug == Bug::reads_from_one) plan.needed = 1;
        return plan;
    }
};

} // namespace planted
