// What can still be read of a damaged node, brought to those who also are its homes.
#pragma once

#include <kvilt/cluster/member.hpp>

#include <string>
#include <utility>

namespace kvilt::cluster {

// Walks each shard from both ends to the damage. What lies between is left to the other homes.
template <class Ring>
class Salvage {
public:
    explicit Salvage(Member<Ring>& member) : member_(member) {}

    // Errc::unavailable if another home does not take what it is told.
    Result<void> run() {
        const auto& placed = member_.coordinator().placed();
        const NodeId self = member_.coordinator().self();
        for (ShardId shard = 0; shard < placed.shards(); ++shard)
            if (placed.is_home(shard, self))
                for (const bool reverse : {false, true}) KVILT_TRY(bring(shard, reverse));
        return {};
    }

    std::uint64_t cells() const noexcept { return cells_; }

private:
    static constexpr std::size_t bytes_at_once = 256 * 1024;

    struct Taken final : ReplySink {
        void reply(const Message& message) override { well = !message.error; }
        bool well = false;
    };

    Result<void> bring(ShardId shard, bool reverse) {
        std::string cells;
        Result<void> told;
        auto walked = member_.copies().walk(shard, {}, reverse, [&](Bytes key, const Cell& cell) {
            payload::append_cell(cells, shard, key, cell);
            ++cells_;
            if (cells.size() < bytes_at_once) return true;
            told = tell(shard, cells);
            cells.clear();
            return told.has_value();
        });
        KVILT_TRY(told);
        if (!cells.empty()) KVILT_TRY(tell(shard, cells));
        if (!walked && walked.error() != Errc::corruption && walked.error() != Errc::io) return walked;
        return {};
    }

    Result<void> tell(ShardId shard, const std::string& cells) {
        auto& coordinator = member_.coordinator();
        for (const NodeId home : coordinator.placed().homes(shard)) {
            if (home == coordinator.self()) continue;
            Message message{.kind = MessageKind::exchange,
                            .era = coordinator.era(),
                            .shard = shard,
                            .sync = Ring::P::durable,
                            .payload = cells};
            Taken taken;
            coordinator.send(message, home, taken);
            if (!taken.well)
                return failure(Errc::unavailable, "rebuild node",
                               "node " + std::to_string(home.number) + " does not take what is left: start it first");
        }
        return {};
    }

    Member<Ring>& member_;
    std::uint64_t cells_ = 0;
};

} // namespace kvilt::cluster
