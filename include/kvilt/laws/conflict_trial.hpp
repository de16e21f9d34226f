// What the laws of the conflict slot are tried on: replicas that take writes on their own, clients with contexts, a
// network that loses, doubles and reorders, and nodes that forget what they had not synced.
#pragma once

#include <kvilt/conflict/concept.hpp>
#include <kvilt/core/hybrid_clock.hpp>
#include <kvilt/laws/memtable_records.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::laws {

inline bool same_cell(const Cell& a, const Cell& b) noexcept {
    return a.kind == b.kind && a.stamp == b.stamp && a.value == b.value;
}

// A cell with its bytes.
struct OwnedCell {
    OwnedCell() = default;
    explicit OwnedCell(const Cell& cell) : kind(cell.kind), stamp(cell.stamp), value(cell.value) {}
    Cell cell() const noexcept { return {kind, stamp, value}; }

    Kind kind = Kind::put;
    std::string stamp{};
    std::string value{};
};

// Keeps all concurrent values: what is there can be told exactly.
template <class C>
concept KeepsSiblings =
    C::provides.has(Capability::siblings) || requires(const Cell& cell, std::string& room) { C::merged(cell, room); };

// One key, written at random. Beside each cell goes a model of it: which writes it knows of and which of their values
// are there, a bit each. Between every two cells the model joins as sets do; whoever differs has lost or revived a
// value.
template <ConflictPolicy C>
    requires(C::stamp_bytes != 0)
class ConflictTrial {
public:
    struct Options {
        std::uint64_t seed = 1;
        std::size_t steps = 120;
        bool crashes = false; // nodes forget what they have not synced
        bool renews = true;   // a node that has forgotten has a new incarnation, as it must
    };

    explicit ConflictTrial(const Options& options) : options_(options), dice_(mix(options.seed)) {
        for (Replica& replica : replicas_) replica.renew_clock(0);
    }

    // Empty, or a sentence that names what went wrong.
    std::string run() {
        std::string wrong;
        for (std::size_t step = 0; wrong.empty() && step < options_.steps; ++step) wrong = act();
        if (wrong.empty()) wrong = heal();
        return wrong.empty() ? wrong : wrong + " (seed " + std::to_string(options_.seed) + ")";
    }

    // Different cells that were seen; among them such as should not be, with one stamp and two values.
    const std::vector<OwnedCell>& samples() const noexcept { return samples_; }
    std::size_t writes() const noexcept { return values_.size(); }
    std::size_t refused() const noexcept { return refused_; }
    std::size_t crashes() const noexcept { return crashes_; }
    std::size_t lost() const noexcept { return lost_; } // deliveries that C::loses says were dropped
    std::size_t values_most() const noexcept { return values_most_; }

    static constexpr std::size_t replicas = 3;
    static constexpr std::size_t clients = 3;
    static constexpr std::size_t writes_max = 64;

private:
    struct Copy {
        OwnedCell owned{};
        std::uint64_t known = 0; // writes that it knows of
        std::uint64_t live = 0;  // those whose values are there
        bool there = false;
    };
    struct Replica {
        void renew_clock(std::uint64_t floor) {
            clock = std::make_unique<HybridClock<threads::One>>(clocks::Options{}, floor);
        }
        Copy now{};
        Copy synced{};
        std::uint64_t sequence = 0;
        std::uint64_t synced_sequence = 0;
        std::uint32_t incarnation = 1;
        std::unique_ptr<HybridClock<threads::One>> clock{};
    };
    struct Message {
        std::size_t to = 0;
        Copy copy{};
    };

    std::string act() {
        ++now_us_;
        Replica& replica = replicas_[dice_.below(replicas)];
        Copy& client = clients_[dice_.below(clients)];
        switch (dice_.below(10)) {
        case 0:
        case 1:
            client = replica.now;
            return {};
        case 2:
            replica.synced = replica.now;
            replica.synced_sequence = replica.sequence;
            return {};
        case 3:
            if (options_.crashes && dice_.once_in(3)) crash(replica);
            return {};
        case 4:
        case 5:
        case 6:
            return deliver();
        default:
            return write(replica, client);
        }
    }

    void crash(Replica& replica) {
        replica.now = replica.synced;
        replica.sequence = replica.synced_sequence;
        replica.renew_clock(replica.clock->last());
        if (options_.renews) ++replica.incarnation;
        ++crashes_;
    }

    std::string write(Replica& replica, Copy& client) {
        if (values_.size() == writes_max) return {};
        const bool blind = !client.there || dice_.once_in(4);
        const Copy told = blind ? Copy{} : client;
        if (std::string wrong = see(replica, told); !wrong.empty()) return wrong;
        const Kind kind = dice_.once_in(4) ? Kind::tombstone : Kind::put;
        const std::string context = told.there ? C::context(told.owned.cell()) : std::string();
        const std::string value = kind == Kind::put ? new_value() : std::string();
        const WriteStamp stamp = stamp_of(replica);
        const Cell there = replica.now.owned.cell();
        const Cell* const present = C::needs_present && replica.now.there ? &there : nullptr;
        std::string room, other_room;
        const Result<Cell> left = C::write(present, context, stamp, kind, value, room);
        if (!left) {
            ++refused_;
            return left.error() == Errc::conflict ? std::string() : "a write is refused: " + left.error().message();
        }
        if (!C::well_formed(*left)) return "a write leaves what is not well formed";
        if (told.there && !C::covers(*left, told.owned.cell())) return "a write does not cover what it was told of";
        if (present != nullptr && !C::covers(*left, there)) return "a write does not cover what was present";
        sample(*left);
        if (const std::string other = value + "'"; dice_.once_in(4))
            if (const auto tie = C::write(present, context, stamp, Kind::put, other, other_room)) sample(*tie);
        client = modelled(replica.now, told, kind, *left); // the answer of a write has its context
        if (kind == Kind::put) values_.push_back(value);
        for (std::size_t to = 0; to < replicas; ++to) send(to, client);
        return merge_into(replica, client);
    }

    // What the model knows of a write, by what it was told of.
    Copy modelled(const Copy& present, const Copy& told, Kind kind, const Cell& left) const {
        Copy fresh{.owned = OwnedCell(left), .known = told.known, .there = true};
        if (C::needs_present) {
            fresh.known |= present.known;
            fresh.live = present.live & ~told.known;
        }
        const std::uint64_t id = kind == Kind::put ? std::uint64_t{1} << values_.size() : 0;
        fresh.known |= id;
        fresh.live |= id;
        return fresh;
    }

    void send(std::size_t to, const Copy& copy) {
        for (std::size_t times = dice_.below(4); times > 1; --times) sent_.push_back({to, copy}); // none, one or two
    }

    std::string deliver() {
        if (sent_.empty()) return {};
        std::swap(sent_[dice_.below(sent_.size())], sent_.back());
        const Message message = std::move(sent_.back());
        sent_.pop_back();
        Replica& replica = replicas_[message.to];
        if constexpr (requires(const Cell& cell) { C::loses(cell, cell); })
            if (replica.now.there && C::loses(replica.now.owned.cell(), message.copy.owned.cell())) ++lost_;
        return merge_into(replica, message.copy);
    }

    std::string merge_into(Replica& replica, const Copy& copy) {
        if (!copy.there) return {};
        if (std::string wrong = see(replica, copy); !wrong.empty()) return wrong;
        ++replica.sequence;
        Copy& now = replica.now;
        if (!now.there) {
            now = copy;
        } else {
            std::string room;
            const Cell joined = C::join(now.owned.cell(), copy.owned.cell(), room);
            now.live = (now.live & copy.live) | (now.live & ~copy.known) | (copy.live & ~now.known);
            now.known |= copy.known;
            now.owned = OwnedCell(joined);
        }
        sample(now.owned.cell());
        return judge(now);
    }

    std::string judge(const Copy& copy) {
        const Cell cell = copy.owned.cell();
        if (!C::well_formed(cell)) return "a join is not well formed";
        std::uint64_t found = 0;
        std::size_t unknown = 0, count = 0;
        C::for_each_value(cell, [&](Bytes value) {
            const auto place = std::find(values_.begin(), values_.end(), value);
            ++(place == values_.end() ? unknown : count);
            if (place != values_.end()) found |= std::uint64_t{1} << (place - values_.begin());
        });
        values_most_ = std::max(values_most_, count);
        if (unknown != 0 || (found & ~copy.known) != 0) return "a copy has a value that it cannot know of";
        if (!KeepsSiblings<C>) return {};
        if (const std::uint64_t gone = copy.live & ~found; gone != 0)
            return "the value of write " + first_of(gone) + " vanished, and no write that was told of it replaced it";
        if (const std::uint64_t back = found & ~copy.live; back != 0)
            return "the value of write " + first_of(back) + " is there, though a write replaced it";
        return {};
    }

    // The faults end, everything is delivered, the copies are exchanged; then nothing that is delivered late or again
    // changes anything.
    std::string heal() {
        const std::vector<Message> late = sent_;
        std::string wrong;
        while (wrong.empty() && !sent_.empty()) wrong = deliver();
        for (std::size_t round = 0; round < replicas * replicas * 2 && wrong.empty(); ++round)
            wrong = merge_into(replicas_[round % replicas], replicas_[round / replicas % replicas].now);
        const OwnedCell healed = replicas_[0].now.owned;
        for (std::size_t at = 0; at < late.size() && wrong.empty(); ++at)
            wrong = merge_into(replicas_[late[at].to], late[at].copy);
        if (!wrong.empty()) return wrong;
        for (const Replica& replica : replicas_)
            if (!same_cell(replica.now.owned.cell(), healed.cell())) return "healed copies differ";
        return {};
    }

    // The clock of a node sees what the node sees.
    std::string see(Replica& replica, const Copy& copy) {
        if (!copy.there) return {};
        const Result<void> seen = replica.clock->observe(C::time(copy.owned.cell()), wall_us(replica));
        return seen ? std::string() : seen.error().message();
    }

    WriteStamp stamp_of(Replica& replica) {
        std::uint64_t time = replica.sequence;
        if constexpr (requires { typename C::Clock; }) time = replica.clock->now(wall_us(replica));
        return {.node = {number_of(replica)}, .incarnation = replica.incarnation, .time = time};
    }

    std::uint32_t number_of(const Replica& replica) const {
        return static_cast<std::uint32_t>(&replica - replicas_.data());
    }
    // Clocks that differ by up to 0.2 s.
    std::uint64_t wall_us(const Replica& replica) const {
        return 1'700'000'000'000'000 + now_us_ + mix(options_.seed, number_of(replica)) % 200'000;
    }

    // All differ; the first is empty.
    std::string new_value() {
        if (values_.empty()) return {};
        return "w" + std::to_string(values_.size()) + std::string(dice_.below(20), '.');
    }

    void sample(const Cell& cell) {
        for (const OwnedCell& each : samples_)
            if (same_cell(each.cell(), cell)) return;
        if (samples_.size() < samples_max)
            samples_.emplace_back(cell);
        else
            samples_[dice_.below(samples_max)] = OwnedCell(cell);
    }

    static std::string first_of(std::uint64_t writes) { return std::to_string(std::countr_zero(writes)); }

    static constexpr std::size_t samples_max = 20;

    Options options_;
    Dice dice_;
    std::array<Replica, replicas> replicas_{};
    std::array<Copy, clients> clients_{};
    std::vector<Message> sent_{};
    std::vector<std::string> values_{}; // of writes, by their number
    std::vector<OwnedCell> samples_{};
    std::uint64_t now_us_ = 0;
    std::size_t refused_ = 0;
    std::size_t crashes_ = 0;
    std::size_t lost_ = 0;
    std::size_t values_most_ = 0;
};

} // namespace kvilt::laws
