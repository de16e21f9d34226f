// A node's part in one group: it votes, it leads, or it follows.
// docs/decisions/0011-leader-and-followers.md
#pragma once

#include <kvilt/cluster/group_memory.hpp>
#include <kvilt/cluster/leader_order.hpp>
#include <kvilt/cluster/payload.hpp>
#include <kvilt/cluster/recent_writes.hpp>
#include <kvilt/cluster/supply.hpp>
#include <kvilt/core/message.hpp>

#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// Leading ends with the life: a new one may lack what the old one had numbered, and must not number anew in its term.
// Thread-safe under threads::Many. Its calls are carried out one at a time, and send nothing.
template <class P>
class LeaderGroup {
public:
    using C = typename P::Conflict;

    // `shards` are those of the group, of which this node is a home or, where all nodes vote, is not.
    LeaderGroup(NodeId self, bool home, std::span<const ShardId> shards, GroupId group, Copies<P>& copies,
                NodeMemory<P>& memory, const RecentWrites& recent)
        : self_(self), home_(home), shards_(shards), copies_(copies), memory_(copies, memory, group), recent_(recent) {}

    Result<void> open() { return memory_.open(); }

    Result<Standing> standing() {
        const std::lock_guard lock(mutex_);
        KVILT_TRY(memory_.ready());
        return stand(true);
    }

    // The term in which it leads, or 0. Without the lock: what is read between two equal answers, which are not 0, is
    // of that term.
    std::uint64_t leading() const noexcept { return leading_.load(std::memory_order_acquire); }

    // Once in a term, and for one who stands where this node does or beyond: so the elected one has what a majority
    // has.
    Result<Standing> vote(const Leader& asked, Position at) {
        const std::lock_guard lock(mutex_);
        KVILT_TRY(memory_.ready());
        const Leader promise = memory_.promise();
        const bool candidate = asked.node == self_;
        if (home_ && (candidate ? memory_.position() < at : at < memory_.position())) return stand(false);
        if (asked.term < promise.term || (asked.term == promise.term && asked != promise)) return stand(false);
        if (asked != promise) KVILT_TRY(promise_to(asked));
        return stand(true);
    }

    // A majority has voted for this node. Its term begins with a position of its own, durable before anything is
    // numbered in it: so a term that has begun once never begins again.
    Result<Standing> lead(std::uint64_t term) {
        const std::lock_guard lock(mutex_);
        KVILT_TRY(memory_.ready());
        if (leading() == term) return stand(true);
        if (!home_ || memory_.promise() != Leader{term, self_} || memory_.position().term >= term) return stand(false);
        session_.reset();
        History history = memory_.history();
        std::uint64_t floor = memory_.position().sequence;
        history.begin(term, floor + 1);
        if (memory_.torn()) KVILT_TRY(adopt(term, floor));
        Together records;
        KVILT_TRY(memory_.move(records, {term, floor + 1}, false, history));
        KVILT_TRY(memory_.make_durable());
        recent_.begin(floor);
        leading_.store(term, std::memory_order_release);
        return stand(true);
    }

    // Makes the next write of the group. The bytes of `made` lie in the request and in `room`; `before` is the position
    // that it follows on. Not done: it does not lead.
    Result<Standing> update(const Message& request, std::string& room, Cell& made, Position& before) {
        const std::lock_guard lock(mutex_);
        KVILT_TRY(memory_.ready());
        if (leading() == 0) return stand(false);
        Result<void> legal;
        KVILT_TRY_ASSIGN(present, copies_.read(request.shard, request.key,
                                               [&](const Cell& cell) { legal = C::check(&cell, request.context); }));
        if (!present) legal = C::check(nullptr, request.context);
        KVILT_TRY(legal);
        before = memory_.position();
        const Position at{leading(), before.sequence + 1};
        made = C::make(at, request.write_kind, request.payload, room);
        if (auto written = write(at, request.shard, request.key, made); !written) {
            step_down();
            return std::unexpected(std::move(written).error());
        }
        recent_.add(at.sequence, request.shard, request.key, made.stamp.size() + made.value.size());
        return stand(true);
    }

    // Takes the write at `at` if it stands at `before`. Done: it has all up to `at`.
    Result<Standing> follow(const Leader& leader, Position before, Position at, ShardId shard, Bytes key,
                            const Cell& cell) {
        const std::lock_guard lock(mutex_);
        KVILT_TRY_ASSIGN(obeys, obey(leader));
        if (!obeys) return stand(false);
        if (stand(true).has(at)) return stand(true);
        if (memory_.torn() || memory_.position() != before) return stand(false);
        KVILT_TRY(write(at, shard, key, cell));
        return stand(true);
    }

    // ---- catching up: the leader's side

    // What leads `follower` to where this node stands. Not done: it does not lead in `term`.
    Result<Standing> missing(std::uint64_t term, const Standing& follower, std::string& text) {
        const std::lock_guard lock(mutex_);
        KVILT_TRY(memory_.ready());
        if (leading() != term) return stand(false);
        const std::string history = memory_.history().text();
        const bool known = memory_.history().contains(follower.position, memory_.position()) && !follower.torn;
        Missing missing{.replaces = !known, .to = memory_.position(), .history = history};
        missing.whole = known && recent_.reach_back_to(follower.position.sequence);
        std::string cells;
        if (missing.whole) {
            Result<bool> read = true;
            recent_.for_each_key_after(follower.position.sequence, [&](ShardId shard, Bytes key) {
                if (read)
                    read = copies_.read(shard, key,
                                        [&](const Cell& cell) { payload::append_cell(cells, shard, key, cell); });
            });
            KVILT_TRY(read);
        }
        missing.cells = cells;
        text = missing.text();
        return stand(true);
    }

    // A page of the cells that were written after `base`.
    Result<Standing> page(std::uint64_t term, Position base, const Cursor& from, std::size_t bytes_max,
                          std::string& text) {
        if (leading() != term) return standing_not_done();
        std::string cells;
        Missing missing{.next = {from.shard + 1, {}}};
        if (from.shard >= shards_.size()) return failure(Errc::invalid_argument, "catch up", "there is no such shard");
        const ShardId shard = shards_[from.shard];
        KVILT_TRY(copies_.walk(shard, from.key, false, [&](Bytes key, const Cell& cell) {
            if (cells.size() >= bytes_max) {
                missing.next = {from.shard, std::string(key)};
                return false;
            }
            if (C::position(cell) > base) payload::append_cell(cells, shard, key, cell);
            return true;
        }));
        missing.cells = cells;
        text = missing.text();
        if (leading() != term) return standing_not_done();
        return standing();
    }

    // ---- catching up: the follower's side

    Result<Standing> take(const Leader& leader, const Supply& supply, Bytes cells) {
        const std::lock_guard lock(mutex_);
        KVILT_TRY_ASSIGN(obeys, obey(leader));
        if (!obeys || leading() != 0) return stand(false);
        switch (supply.step) {
        case Supply::Step::whole:
            if (memory_.torn() || memory_.position() != supply.from) return stand(false);
            return arrive(supply, cells);
        case Supply::Step::begin:
            return begin_session(leader, supply);
        case Supply::Step::page:
            if (!session_ || session_->number != supply.session || session_->next != supply.first) return stand(false);
            return take_page(supply, cells);
        case Supply::Step::end:
            if (!session_ || session_->number != supply.session || !at_end(session_->next)) return stand(false);
            return arrive(supply, cells);
        }
        return stand(false);
    }

private:
    struct Session {
        std::uint64_t number;
        Cursor next;
    };

    Standing stand(bool done) const {
        const Leader promise = memory_.promise();
        const bool heard = heard_.term == promise.term;
        return {.done = done,
                .promised = promise.term,
                .leader = (heard ? heard_ : promise).node.number,
                .position = memory_.position(),
                .leads = leading() != 0,
                .torn = memory_.torn()};
    }
    Result<Standing> standing_not_done() {
        KVILT_TRY_ASSIGN(now, standing());
        now.done = false;
        return now;
    }

    void step_down() noexcept { leading_.store(0, std::memory_order_release); }

    Result<void> promise_to(const Leader& leader) {
        step_down();
        session_.reset();
        return memory_.set_promise(leader);
    }

    // False: its term is over.
    Result<bool> obey(const Leader& leader) {
        KVILT_TRY(memory_.ready());
        if (leader.term < memory_.promise().term) return false;
        if (leader.term > memory_.promise().term) KVILT_TRY(promise_to(leader));
        heard_ = leader;
        return true;
    }

    Result<void> write(Position at, ShardId shard, Bytes key, const Cell& cell) {
        Together records;
        records.add(StoredKey::data(shard, key), cell);
        KVILT_TRY(memory_.move(records, at));
        copies_.tree().touch(shard, key);
        return {};
    }

    bool at_end(const Cursor& cursor) const noexcept { return cursor.shard >= shards_.size(); }

    // Writes of a former leader that came out of order may have hidden what was in order. They become writes of this
    // term: none of them is with a majority, or one who has it in order had been elected.
    Result<void> adopt(std::uint64_t term, std::uint64_t& last) {
        const Position position = memory_.position();
        for (const ShardId shard : shards_) {
            std::string from;
            for (bool more = true; more;) {
                Together records;
                std::string room;
                std::vector<std::string> keys;
                more = false;
                KVILT_TRY(copies_.walk(shard, from, false, [&](Bytes key, const Cell& cell) {
                    if (keys.size() == adopted_at_once) {
                        from = key;
                        more = true;
                        return false;
                    }
                    if (C::position(cell) <= position) return true;
                    const Kind kind = C::values(cell) == 0 ? Kind::tombstone : Kind::put;
                    records.add(StoredKey::data(shard, key), C::make({term, ++last}, kind, cell.value, room));
                    keys.emplace_back(key);
                    return true;
                }));
                if (keys.empty()) continue;
                KVILT_TRY(memory_.move(records, position, true));
                for (const std::string& key : keys) copies_.tree().touch(shard, key);
            }
        }
        return {};
    }

    // ---- what a follower is given

    // Who has moved since it was asked where it stands may have acknowledged what the leader had not yet written then:
    // it must not step back behind that.
    Result<Standing> begin_session(const Leader& leader, const Supply& supply) {
        if (supply.from != memory_.position() || supply.torn != memory_.torn()) return stand(false);
        if (supply.after != 0 && !(session_ && session_->number == supply.after && at_end(session_->next)))
            return stand(false);
        History theirs;
        if (!theirs.read(supply.history)) return failure(Errc::corruption, "catch up", "a history is malformed");
        const auto common = memory_.history().common(memory_.position(), theirs, supply.to);
        const Position position = common.value_or(memory_.position());
        if (position != memory_.position() && memory_.position().term >= leader.term) return stand(false);
        History ours = memory_.history();
        ours.cut(position);
        Together records;
        KVILT_TRY(memory_.move(records, position, true, ours));
        session_ = Session{supply.session, {}};
        return stand(true);
    }

    Result<Standing> take_page(const Supply& supply, Bytes cells) {
        if (at_end(supply.first)) return stand(false);
        const ShardId shard = shards_[supply.first.shard];
        const bool to_the_end = supply.next.shard != supply.first.shard;
        Together records;
        std::set<std::string, std::less<>> keys;
        KVILT_TRY(add_cells(cells, records, [&](const payload::Entry& entry) { keys.emplace(entry.key); }));
        if (supply.replaces)
            KVILT_TRY(copies_.walk(shard, supply.first.key, false, [&](Bytes key, const Cell&) {
                if (!to_the_end && key >= supply.next.key) return false;
                if (keys.emplace(key).second) records.remove(StoredKey::data(shard, key));
                return true;
            }));
        KVILT_TRY(memory_.move(records, memory_.position(), true));
        for (const std::string& key : keys) copies_.tree().touch(shard, key);
        session_->next = supply.next;
        return stand(true);
    }

    // It stands where its leader stood.
    Result<Standing> arrive(const Supply& supply, Bytes cells) {
        History history;
        if (!history.read(supply.history)) return failure(Errc::corruption, "catch up", "a history is malformed");
        Together records;
        KVILT_TRY(add_cells(cells, records, [](const payload::Entry&) {}));
        KVILT_TRY(memory_.move(records, supply.to, false, history));
        payload::for_each_cell(cells,
                               [&](const payload::Entry& entry) { copies_.tree().touch(entry.shard, entry.key); });
        session_.reset();
        return stand(true);
    }

    template <class See>
    Result<void> add_cells(Bytes cells, Together& records, See see) {
        bool well = true;
        const bool read = payload::for_each_cell(cells, [&](const payload::Entry& entry) {
            well = well && C::well_formed(entry.cell);
            if (well) records.add(StoredKey::data(entry.shard, entry.key), entry.cell);
            see(entry);
        });
        if (!read || !well) return failure(Errc::corruption, "catch up", "a page is malformed");
        return {};
    }

    static constexpr std::size_t adopted_at_once = 64;

    NodeId self_;
    bool home_;
    std::span<const ShardId> shards_;
    Copies<P>& copies_;
    GroupMemory<P> memory_;
    RecentWrites recent_;
    Leader heard_{};                   // of whose term and place a message has told
    std::optional<Session> session_{}; // the one that is being given to it
    typename P::Threads::template Atomic<std::uint64_t> leading_{0};
    [[no_unique_address]] mutable typename P::Threads::Mutex mutex_{};
};

} // namespace kvilt::cluster
