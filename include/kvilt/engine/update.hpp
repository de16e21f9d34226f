// A write that depends on what is there: how a replica joins what it is told with what it has.
#pragma once

#include <kvilt/engine/engine.hpp>

#include <optional>
#include <utility>

namespace kvilt::engine {

// The cell that is to be there from now on, or nothing: it stays as it is.
using Decision = Result<std::optional<Cell>>;

// Keys may be longer by key_prefix_bytes_max than those of a user: the caller has checked them.
template <class P>
class Updater {
public:
    explicit Updater(Engine<P>& engine) : engine_(engine), state_(engine.state()), reader_(engine.state()) {}

    // Puts in the place of what is at `key` what `decide` makes of it; writers of one engine decide one at a time.
    //   look() -> bool                     whether what is there matters; if not, `decide` is given null unread
    //   decide(const Record*) -> Decision  null where there is nothing. What it returns may borrow from the record.
    // Both run under the writer lock, perhaps more than once, and must not call the engine. True: it was written.
    template <class Look, class Decide>
    Result<bool> update(Bytes key, const WriteOptions& options, Look look, Decide decide) {
        KVILT_TRY(Engine<P>::check_sync(options));
        for (;;) {
            Outcome outcome;
            {
                const std::lock_guard lock(state_.writer);
                if (look())
                    read_and_append(key, decide, outcome);
                else
                    outcome.result = append(key, decide(nullptr), outcome);
            }
            if (!outcome.result) return std::unexpected(std::move(outcome.result).error());
            if (!outcome.blocked) {
                if (outcome.bytes == 0) return false;
                KVILT_TRY(engine_.after_commit(outcome.end, outcome.bytes, options));
                return true;
            }
            if constexpr (P::tables) KVILT_TRY(engine_.upkeep().make_way());
        }
    }

private:
    struct Outcome {
        Result<void> result{};
        bool blocked = false; // there was no room
        std::size_t bytes = 0;
        LogPosition end{};
    };

    template <class Decide>
    void read_and_append(Bytes key, Decide& decide, Outcome& outcome) {
        const typename Engine<P>::Pin pin(state_.epochs);
        bool found = false;
        auto read = reader_.find_newest(key, [&](const Record& record) {
            found = true;
            outcome.result = append(key, decide(record.cell.kind == Kind::put ? &record : nullptr), outcome);
        });
        if (!read)
            outcome.result = std::unexpected(std::move(read).error());
        else if (!found)
            outcome.result = append(key, decide(nullptr), outcome);
    }

    Result<void> append(Bytes key, const Decision& decision, Outcome& outcome) {
        if (!decision) return std::unexpected(decision.error());
        if (!*decision) return {};
        const Record record{.key = key, .cell = **decision};
        KVILT_TRY(check_sizes(0, record.cell.value.size()));
        const std::size_t bytes = LogRecord::bytes_for(record);
        KVILT_TRY_ASSIGN(ready, engine_.writer().prepare(bytes));
        outcome.blocked = !ready;
        if (!ready) return {};
        KVILT_TRY_ASSIGN(end, engine_.writer().append(FrameKind::records, bytes, 1, [&](char* at, Sequence first) {
            Record numbered = record;
            numbered.sequence = first;
            LogRecord::write(at, numbered);
        }));
        outcome.bytes = bytes + Frame::header_bytes;
        outcome.end = end;
        return {};
    }

    Engine<P>& engine_;
    State<P>& state_;
    Reader<P> reader_;
};

} // namespace kvilt::engine
