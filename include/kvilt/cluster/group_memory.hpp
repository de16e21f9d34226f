// What a node keeps of a group from one life to the next: its promise, its position, and the terms before it.
// docs/decisions/0011-leader-and-followers.md
#pragma once

#include <kvilt/cluster/beliefs.hpp>
#include <kvilt/cluster/copies.hpp>
#include <kvilt/cluster/grouped_placements.hpp>
#include <kvilt/cluster/position.hpp>
#include <kvilt/cluster/together.hpp>

#include <string>
#include <utility>

namespace kvilt::cluster {

//   vote/G       u64: term << 16 | node      the last promise: nothing of an earlier term is obeyed
//   position/G   position | u8 torn          written as one with the cells that it speaks of
//   terms/G      history                     written as one with the first position of a term
// For one thread at a time.
template <class P>
class GroupMemory {
public:
    GroupMemory(Copies<P>& copies, NodeMemory<P>& memory, GroupId group)
        : copies_(copies), memory_(memory), vote_name_("vote/" + std::to_string(group)),
          position_name_("position/" + std::to_string(group)), terms_name_("terms/" + std::to_string(group)) {}

    Result<void> open() {
        KVILT_TRY_ASSIGN(vote, memory_.read(vote_name_));
        promise_ = unpack(vote);
        return load();
    }
    // After a write that failed the store has it or has not: only the store knows.
    Result<void> ready() { return loaded_ ? Result<void>() : load(); }

    const Leader& promise() const noexcept { return promise_; }
    const Position& position() const noexcept { return position_; }
    bool torn() const noexcept { return torn_; }
    const History& history() const noexcept { return history_; }

    // Durable when it returns, with all that was written before.
    Result<void> set_promise(const Leader& leader) {
        KVILT_TRY(memory_.write_safely(vote_name_, pack(leader)));
        promise_ = leader;
        return {};
    }

    // Writes `records`, and stands at `to` from then on.
    Result<void> move(Together& records, Position to, bool torn = false) {
        if (to.term == position_.term) return write(records, to, torn, nullptr);
        History history = history_;
        history.begin(to.term, to.sequence);
        return write(records, to, torn, &history);
    }
    Result<void> move(Together& records, Position to, bool torn, const History& history) {
        return write(records, to, torn, &history);
    }

    Result<void> make_durable() { return memory_.make_durable(); }

private:
    Result<void> write(Together& records, Position to, bool torn, const History* history) {
        std::string text;
        to.append_to(text);
        text.push_back(torn ? '\1' : '\0');
        records.note(StoredKey::own(position_name_), text);
        const std::string terms = history == nullptr ? std::string() : history->text();
        if (history != nullptr) records.note(StoredKey::own(terms_name_), terms);
        if (auto written = write_together(copies_.engine(), records); !written) {
            loaded_ = false;
            return written;
        }
        position_ = to;
        torn_ = torn;
        if (history != nullptr) history_ = History(*history);
        return {};
    }

    Result<void> load() {
        bool well = true;
        position_ = {};
        torn_ = false;
        history_ = {};
        const auto read_position = [&](Bytes value) {
            coding::Reader reader(value);
            position_ = Position::read(reader);
            torn_ = reader.fixed<std::uint8_t>() != 0;
            well = well && reader.done();
        };
        const auto read_terms = [&](Bytes value) { well = history_.read(value) && well; };
        KVILT_TRY(copies_.engine().view(StoredKey::own(position_name_), std::nullopt, read_position));
        KVILT_TRY(copies_.engine().view(StoredKey::own(terms_name_), std::nullopt, read_terms));
        if (!well) return failure(Errc::corruption, "open node", "a position or its terms are malformed");
        loaded_ = true;
        return {};
    }

    Copies<P>& copies_;
    NodeMemory<P>& memory_;
    std::string vote_name_;
    std::string position_name_;
    std::string terms_name_;
    Leader promise_{0, NodeId{0}};
    Position position_{};
    bool torn_ = false;
    History history_{};
    bool loaded_ = false;
};

} // namespace kvilt::cluster
