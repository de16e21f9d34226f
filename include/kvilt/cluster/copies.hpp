// The copies of keys that a node is home of: one joined cell for each key.
#pragma once

#include <kvilt/cluster/cell_buffer.hpp>
#include <kvilt/cluster/digest_tree.hpp>
#include <kvilt/cluster/node_memory.hpp>
#include <kvilt/engine/update.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace kvilt::cluster {

// Whatever is written is joined with what is there, under the engine's writer lock; so the newest record of a key is
// the join of all that this node was ever told, and neither reads nor compaction need join anything.
// Thread-safe under threads::Many.
template <class P>
class Copies {
public:
    using C = typename P::Conflict;
    using Tree = DigestTree<typename P::Threads>;

    Copies(engine::Engine<P>& engine, NodeMemory<P>& memory, std::size_t shards)
        : engine_(engine), updater_(engine), memory_(memory), tree_(shards), newest_(memory.time()) {}

    // Calls use(const Cell&) if there is one; its bytes are valid in the call.
    template <class Use>
    [[gnu::always_inline]] Result<bool> read(ShardId shard, Bytes key, Use use) const {
        return engine_.view_record(StoredKey::data(shard, key), [&](const Record& record) { use(record.cell); });
    }

    // True if it says something new. It is as safe as `sync` asks when the call returns, new or not. `era` is of the
    // message that it comes from: Errc::unavailable if there was a fence since.
    [[gnu::always_inline]] Result<bool> write(ShardId shard, Bytes key, const Cell& cell, bool sync,
                                              std::uint64_t era) {
        const std::uint64_t time = C::time(cell);
        KVILT_TRY(memory_.reach(time, time_step));
        const std::size_t leaf = tree_.prefetch(shard, key);
        std::string room;
        KVILT_TRY_ASSIGN(
            written, updater_.update(
                         StoredKey::data(shard, key), {.sync = sync}, [&] { return !newest_wins || time <= newest_; },
                         [&](const Record* present, Cell& made) __attribute__((always_inline)) -> engine::Decision {
                             KVILT_TRY(memory_.admit(era));
                             newest_ = std::max(newest_, time);
                             made = cell;
                             if (present == nullptr) return true;
                             const Cell& here = present->cell;
                             if (C::covers(here, cell)) return false;
                             if (!C::covers(cell, here)) made = C::join(here, cell, room);
                             return true;
                         }));
        return conclude(leaf, written, sync);
    }

    // make(const Cell* present, std::string& room) -> Result<Cell>: what a client's write leaves of what is here.
    // `result` is what is here then. `era` as above.
    template <class Make>
    Result<bool> update(ShardId shard, Bytes key, Make make, bool sync, CellBuffer& result, std::uint64_t era) {
        std::string room;
        KVILT_TRY_ASSIGN(written, updater_.update(
                                      StoredKey::data(shard, key), {.sync = sync}, [] { return true; },
                                      [&](const Record* present, Cell& made) -> engine::Decision {
                                          KVILT_TRY(memory_.admit(era));
                                          KVILT_TRY_ASSIGN(cell,
                                                           make(present == nullptr ? nullptr : &present->cell, room));
                                          result.assign(cell);
                                          made = *result.cell();
                                          return true;
                                      }));
        return conclude(tree_.leaf_of(shard, key), written, sync);
    }

    // Takes an erased cell out of the store, if it still is what `digest` says: all homes have it.
    Result<void> forget(ShardId shard, Bytes key, std::uint64_t digest) {
        KVILT_TRY_ASSIGN(gone, updater_.update(
                                   StoredKey::data(shard, key), {}, [] { return true; },
                                   [&](const Record* present, Cell& made) -> engine::Decision {
                                       made = Cell{.kind = Kind::tombstone};
                                       return present != nullptr && digest_of(present->cell) == digest;
                                   }));
        if (gone) tree_.touch(shard, key);
        return {};
    }

    // visit(key, cell) -> bool for the records of a shard, in order from `from` on, or in reverse from the last one
    // below `from` (none: the last), until it says false.
    template <class Visit>
    Result<void> walk(ShardId shard, Bytes from, bool reverse, Visit visit) const {
        auto scan = engine_.scan(reverse ? below(shard, from) : onward(shard, from), std::nullopt);
        if (reverse) scan.reverse();
        while (scan.next())
            if (!visit(StoredKey::key_of_data(scan.key()), scan.cell())) return {};
        return scan.status();
    }

    Result<void> refresh(ShardId shard) {
        if (!tree_.dirty(shard)) return {};
        return tree_.rebuild(shard, [&](auto add) {
            return walk(shard, {}, false, [&](Bytes key, const Cell& cell) {
                add(key, digest_of(cell));
                return true;
            });
        });
    }

    engine::Engine<P>& engine() noexcept { return engine_; }
    Tree& tree() noexcept { return tree_; }
    const Tree& tree() const noexcept { return tree_; }

private:
    // A time that no cell here has is the newest of its key, whatever the key: nothing need be read.
    static constexpr bool newest_wins = C::total_order && !C::needs_present;
    // A fifth of the default drift: a node that restarts stamps so far ahead, and others must not refuse it.
    static constexpr std::uint64_t time_step = std::uint64_t{100'000} << 12; // us of a hybrid clock

    static Range onward(ShardId shard, Bytes from) {
        return {std::string(Bytes(StoredKey::data(shard, from))), std::string(Bytes(StoredKey::shard(shard + 1)))};
    }
    static Range below(ShardId shard, Bytes end) {
        Range range = onward(shard, {});
        if (!end.empty()) range.to = std::string(Bytes(StoredKey::data(shard, end)));
        return range;
    }

    [[gnu::always_inline]] Result<bool> conclude(std::size_t leaf, bool written, bool sync) {
        if (written)
            tree_.touch(leaf);
        else if constexpr (P::durable)
            if (engine_.syncs({.sync = sync})) KVILT_TRY(engine_.sync()); // it may be there, and not be safe yet
        return written;
    }

    engine::Engine<P>& engine_;
    engine::Updater<P> updater_;
    NodeMemory<P>& memory_;
    Tree tree_;
    std::uint64_t newest_; // at or above the time of every cell here; under the engine's writer lock
};

} // namespace kvilt::cluster
