// Copies with a leader: one home of a key orders its writes, the others follow.
// docs/policies/replication.md
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/replication/concept.hpp>

#include <string>

namespace kvilt {

// When a write counts.
enum class Ack : std::uint8_t {
    async,    // the leader has it: a failover may lose the last ones that were acknowledged
    majority, // a majority of the homes has it, and so has every leader to come
    all,      // every home has it: no write while one is away
};

} // namespace kvilt

namespace kvilt::replication {

// N copies. The leader of a key is elected by a majority of its homes; of two copies by one of all nodes, so that the
// follower of a ring of three nodes or more can take over. With Ack::majority and all, a read asks the leader, and a
// majority whether it still leads: single keys are linearizable. With Ack::async the leader alone is asked.
// Provides: replicated, leader; with Ack::majority and all also reads_see_writes and linearizable.
// Needs: ordered_keys, because catching up walks keys in order.
// Source: D. Ongaro and J. Ousterhout, In search of an understandable consensus algorithm, 2014, with copies in the
// place of its log; Kafka's KIP-101 for what a follower must undo.
template <std::size_t N = 3, Ack ack = Ack::majority>
struct LeaderFollower {
    static_assert(N >= 2 && N <= 16,
                  "kvilt: LeaderFollower<N, ack> has 2 to 16 copies: one copy is replication::None.");

    struct Options {
        std::size_t recent_writes_max = 256;       // of each group: who lacks no more gets them without a walk
        std::size_t recent_bytes_max = 4_MiB;      // of their cells
        std::size_t catch_up_page_bytes = 256_KiB; // where a walk is needed
    };
    static constexpr Slot slot = Slot::replication;
    static constexpr std::string_view name = "replication::LeaderFollower";
    static constexpr std::string_view format = "leader/1";
    static constexpr Capabilities provides =
        Capabilities{Capability::replicated, Capability::leader} |
        (ack == Ack::async ? Capabilities{} : Capabilities{Capability::reads_see_writes, Capability::linearizable});
    static constexpr Capabilities needs{};
    static constexpr ReplicationKind kind = ReplicationKind::leader;
    static constexpr std::size_t copies = N;
    static constexpr std::size_t majority = N / 2 + 1;
    static constexpr bool all_nodes_vote = N < 3; // a majority of two would be both

    template <Level L>
    static constexpr bool offers = L != Level::linearizable || ack != Ack::async;

    static Result<void> validate(const Options& options) {
        if (options.catch_up_page_bytes != 0) return {};
        return failure(Errc::invalid_option, "open",
                       "replication::LeaderFollower: catch_up_page_bytes is 0, so nobody would catch up");
    }

    // `needed` homes, the leader among them, have it in order.
    static Result<WritePlan> write_plan(Level level, const Options&) {
        KVILT_TRY(check(level));
        return WritePlan{.needed = answers_at(level, N, ack == Ack::async ? 1 : ack == Ack::majority ? majority : N)};
    }

    // `needed` homes, the leader among them, stand by its term and have what it returns. Level::one is any home.
    static Result<ReadPlan> read_plan(Level level, const Options&) {
        KVILT_TRY(check(level));
        return ReadPlan{.needed = answers_at(level, N, ack == Ack::async ? 1 : majority)};
    }

private:
    static Result<void> check(Level level) {
        if (level == Level::linearizable && ack == Ack::async)
            return failure(Errc::invalid_argument, "choose level",
                           "level linearizable needs replication::LeaderFollower<N, Ack::majority>");
        return {};
    }
};

} // namespace kvilt::replication
