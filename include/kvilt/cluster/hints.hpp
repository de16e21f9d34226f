// What a node keeps for another one that could not be reached, to hand it on later (Dynamo, 4.6).
#pragma once

#include <kvilt/cluster/copies.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace kvilt::cluster {

struct HintLimits {
    std::size_t bytes_max = 64_MiB;
    std::uint64_t age_us_max = std::uint64_t{3 * 3600} * 1'000'000;
};

// One joined cell for each node and key, with the versions that they were written with. Hints are best effort: what is
// over the bounds is dropped and counted, and anti-entropy does its work. Thread-safe under threads::Many.
template <class P>
class Hints {
public:
    using C = typename P::Conflict;
    template <class T>
    using Atomic = typename P::Threads::template Atomic<T>;

    Hints(engine::Engine<P>& engine, const NodeMemory<P>& memory, const HintLimits& limits)
        : engine_(engine), updater_(engine), memory_(memory), limits_(limits) {}

    // Counts what a former life left.
    Result<void> open() {
        return walk(StoredKey::all_hints(), [&](Bytes stored, const Cell& cell, std::uint64_t) {
            add(weight(stored, cell));
            return true;
        });
    }

    struct Place {
        NodeId node{};
        ShardId shard = 0;
        Bytes key{};
        std::uint64_t era = 0; // of the message that it comes from
        StoredKey stored() const { return StoredKey::hint(node, shard, key); }
    };

    // Joins `cell` with what is kept there. `now_us` is of the wall. Errc::full; unavailable: there was a fence since.
    Result<void> keep(const Place& place, const Cell& cell, std::uint64_t now_us, bool sync) {
        std::string room;
        return put(place, now_us, sync, cell.stamp.size() + cell.value.size(),
                   [&](const Cell* here, Cell& kept) -> engine::Decision {
                       kept = cell;
                       if (here == nullptr || C::covers(cell, *here)) return true;
                       if (C::covers(*here, cell)) return false;
                       kept = C::join(*here, cell, room);
                       return true;
                   });
    }

    // make(const Cell* present, std::string& room) -> Result<Cell>, as of Copies.
    template <class Make>
    Result<void> update(const Place& place, Make make, std::uint64_t now_us, bool sync, CellBuffer& result) {
        std::string room;
        return put(place, now_us, sync, 0, [&](const Cell* here, Cell& kept) -> engine::Decision {
            KVILT_TRY_ASSIGN(cell, make(here, room));
            result.assign(cell);
            kept = *result.cell();
            return true;
        });
    }

    // Calls use(const Cell&) with what is kept for `node`, if it is.
    template <class Use>
    Result<bool> read(NodeId node, ShardId shard, Bytes key, Use use) const {
        return engine_.view_record(StoredKey::hint(node, shard, key),
                                   [&](const Record& record) { use(unpack(record.cell).cell); });
    }

    struct Hint {
        ShardId shard = 0;
        std::string key{};
        std::string stamp{};
        std::string value{};
        Cell cell() const noexcept { return {Kind::put, stamp, value}; }
    };

    // The first hints for `node`, of about `bytes_max` at most. Those that are too old are dropped on the way.
    Result<std::vector<Hint>> first(NodeId node, std::size_t bytes_max, std::uint64_t now_us) {
        std::vector<Hint> found;
        std::vector<Hint> old;
        std::size_t bytes = 0;
        KVILT_TRY(walk(StoredKey::hints(node), [&](Bytes stored, const Cell& cell, std::uint64_t since_us) {
            const bool aged = since_us + limits_.age_us_max < now_us;
            (aged ? old : found)
                .push_back({StoredKey::shard_of_hint(stored), std::string(StoredKey::key_of_hint(stored)),
                            std::string(cell.stamp), std::string(cell.value)});
            bytes += weight(stored, cell);
            return bytes < bytes_max;
        }));
        for (const Hint& hint : old) {
            KVILT_TRY(done(node, hint));
            dropped_.fetch_add(1);
        }
        return found;
    }

    // `hint` has arrived: it goes, unless more has been kept meanwhile.
    Result<void> done(NodeId node, const Hint& hint) {
        const StoredKey stored = StoredKey::hint(node, hint.shard, hint.key);
        std::size_t bytes = 0;
        KVILT_TRY_ASSIGN(gone, updater_.update(
                                   stored, {}, [] { return true; },
                                   [&](const Record* present, Cell& made) -> engine::Decision {
                                       if (present == nullptr) return false;
                                       const Cell here = unpack(present->cell).cell;
                                       if (digest_of(here) != digest_of(hint.cell())) return false;
                                       bytes = weight(stored, here);
                                       made = Cell{.kind = Kind::tombstone};
                                       return true;
                                   }));
        if (gone) remove(bytes);
        return {};
    }

    std::uint64_t count() const noexcept { return count_.load(); }
    std::uint64_t bytes() const noexcept { return bytes_.load(); }
    std::uint64_t dropped() const noexcept { return dropped_.load(); }

private:
    template <class Choose>
    Result<void> put(const Place& place, std::uint64_t now_us, bool sync, std::size_t bytes_about, Choose choose) {
        if (bytes_.load() + bytes_about > limits_.bytes_max) {
            dropped_.fetch_add(1);
            return failure(Errc::full, "keep hint", "this node keeps as many bytes of hints as it may");
        }
        const StoredKey stored = place.stored();
        std::size_t before = 0;
        std::size_t after = 0;
        std::string room;
        const auto decide = [&](const Record* present, Cell& made) -> engine::Decision {
            const Aged here = present == nullptr ? Aged{{}, now_us} : unpack(present->cell);
            KVILT_TRY(memory_.admit(place.era));
            before = present == nullptr ? 0 : weight(stored, here.cell);
            Cell kept;
            KVILT_TRY_ASSIGN(wanted, choose(present == nullptr ? nullptr : &here.cell, kept));
            if (!wanted) return false;
            after = weight(stored, kept);
            made = pack(kept, std::min(here.since_us, now_us), room);
            return true;
        };
        KVILT_TRY_ASSIGN(written, updater_.update(stored, {.sync = sync}, [] { return true; }, decide));
        if (written) {
            add(after);
            if (before != 0) remove(before);
        } else if constexpr (P::durable) {
            if (engine_.syncs({.sync = sync})) return engine_.sync(); // it may be there, and not be safe yet
        }
        return {};
    }

    struct Aged {
        Cell cell;
        std::uint64_t since_us;
    };

    // A hint's cell in the engine has eight bytes more: since when it is kept.
    static Cell pack(const Cell& cell, std::uint64_t since_us, std::string& room) {
        room.clear();
        coding::append(room, since_us);
        room.append(cell.stamp);
        const std::size_t stamp = room.size();
        room.append(cell.value);
        return {Kind::put, Bytes(room).substr(0, stamp), Bytes(room).substr(stamp)};
    }
    static Aged unpack(const Cell& cell) noexcept {
        if (cell.stamp.size() < 8) return {cell, 0};
        return {{Kind::put, cell.stamp.substr(8), cell.value}, coding::load<std::uint64_t>(cell.stamp.data())};
    }

    static std::size_t weight(Bytes stored, const Cell& cell) noexcept {
        return LogRecord::bytes_for(cell.stamp.size() + 8, stored.size(), cell.value.size());
    }

    template <class Visit>
    Result<void> walk(Bytes first, Visit visit) const {
        auto scan = engine_.scan(prefix(first), std::nullopt);
        while (scan.next()) {
            const Aged aged = unpack(scan.cell());
            if (!visit(scan.key(), aged.cell, aged.since_us)) return {};
        }
        return scan.status();
    }

    void add(std::size_t bytes) noexcept {
        bytes_.fetch_add(bytes);
        count_.fetch_add(1);
    }
    void remove(std::size_t bytes) noexcept {
        bytes_.fetch_sub(bytes);
        count_.fetch_sub(1);
    }

    engine::Engine<P>& engine_;
    engine::Updater<P> updater_;
    const NodeMemory<P>& memory_;
    HintLimits limits_;
    Atomic<std::uint64_t> bytes_{0};
    Atomic<std::uint64_t> count_{0};
    Atomic<std::uint64_t> dropped_{0};
};

} // namespace kvilt::cluster
