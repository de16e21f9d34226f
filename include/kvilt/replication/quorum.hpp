// Copies without a leader: every home takes writes, and enough of them must answer (Gifford 1979; Dynamo, 2007).
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/replication/concept.hpp>

#include <algorithm>
#include <string>

namespace kvilt {

// How a quorum takes what it cannot reach.
enum class Mode : std::uint8_t {
    strict,       // only homes count: with R + W > N a read sees every write that was acknowledged before it began (a
                  // regular register), and the smaller side of a cut refuses
    linearizable, // strict; writes read the newest version before, reads write back what they return (Attiya, Bar-Noy,
                  // Dolev 1995; Lynch, Shvartsman 1997): single keys are linearizable
    sloppy,       // the next healthy node stands in for a home and hands on what it took: always writable, no promise
                  // to a read, whatever R + W are
};

enum class ReadRepair : std::uint8_t {
    after,  // homes that answered with less are told when the read has returned
    before, // and the read returns what is on W homes: two reads do not go back in time
    none,
};

} // namespace kvilt

namespace kvilt::replication {

// N copies; a write counts when W have it, a read when R have answered.
// Provides: replicated; reads_see_writes where R + W > N in a mode that is not sloppy; linearizable in that mode.
// Needs: nothing; a rule wants ordered_keys beside it, because repair walks keys in order.
template <std::size_t N = 3, std::size_t R = 2, std::size_t W = 2, Mode mode = Mode::strict>
struct Quorum {
    static_assert(N >= 1 && N <= 16, "kvilt: Quorum<N, R, W> has 1 to 16 copies: fewer do not exist, more only cost.");
    static_assert(1 <= R && R <= N && 1 <= W && W <= N,
                  "kvilt: Quorum<N, R, W> must have 1 <= R <= N and 1 <= W <= N: nobody else could answer.");

    struct Options {
        ReadRepair read_repair = ReadRepair::after; // Mode::linearizable always repairs before
        std::size_t hint_bytes_max = 64_MiB;        // on each node, for all that are away
        std::uint64_t hint_age_s_max = 3 * 3600;    // older hints are dropped; anti-entropy does their work
    };

    static constexpr Slot slot = Slot::replication;
    static constexpr std::string_view name = "replication::Quorum";
    static constexpr std::string_view format = "copies";
    static constexpr bool intersects = R + W > N&& mode != Mode::sloppy;
    static constexpr Capabilities provides =
        Capabilities{Capability::replicated} |
        (intersects ? Capabilities{Capability::reads_see_writes} : Capabilities{}) |
        (mode == Mode::linearizable ? Capabilities{Capability::linearizable} : Capabilities{});
    static constexpr Capabilities needs{};
    static constexpr ReplicationKind kind = ReplicationKind::quorum;
    static constexpr std::size_t copies = N;
    static constexpr std::size_t reads = R;
    static constexpr std::size_t writes = W;
    static constexpr bool is_sloppy = mode == Mode::sloppy;
    static constexpr bool is_linearizable = mode == Mode::linearizable;

    template <Level L>
    static constexpr bool offers = L == Level::linearizable ? is_linearizable : (L == Level::two ? N >= 2 : true);

    static Result<void> validate(const Options&) { return {}; }

    static Result<WritePlan> write_plan(Level level, const Options&) {
        KVILT_TRY(check(level));
        WritePlan plan{.needed = answers_at(level, N, W), .stand_ins = is_sloppy};
        plan.version_first = is_linearizable && (level == Level::standard || level == Level::linearizable);
        plan.versions_needed = plan.version_first ? R : 0;
        return plan;
    }

    static Result<ReadPlan> read_plan(Level level, const Options& options) {
        KVILT_TRY(check(level));
        ReadPlan plan{.needed = answers_at(level, N, R), .stand_ins = is_sloppy};
        const bool full = level == Level::standard || level == Level::linearizable;
        plan.write_back = full && (is_linearizable || options.read_repair == ReadRepair::before);
        plan.write_back_needed = W;
        plan.agreement_is_enough = 2 * plan.needed > N;
        plan.repair = options.read_repair != ReadRepair::none;
        return plan;
    }

private:
    static Result<void> check(Level level) {
        if (level == Level::linearizable && !is_linearizable)
            return failure(Errc::invalid_argument, "choose level",
                           "level linearizable needs replication::Quorum<N, R, W, Mode::linearizable>");
        if (level == Level::two && N < 2)
            return failure(Errc::invalid_argument, "choose level", "level two needs two copies, there is one");
        return {};
    }
};

} // namespace kvilt::replication

namespace kvilt::unsafe {

// The same replication, and the word of whoever writes it: he knows that copies may forget in a crash what they have
// acknowledged, as where all of them are in one process that is never to be opened again.
template <class Replication>
struct volatile_replicas : Replication {
    static constexpr Capabilities provides = Replication::provides | Capabilities{Capability::volatile_replicas};
};

} // namespace kvilt::unsafe
