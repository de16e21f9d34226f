// A write that depends on what is there: how a replica joins what it is told with what it has.
#pragma once

#include <kvilt/engine/engine.hpp>

#include <utility>

namespace kvilt::engine {

// Whether the cell that was made is to be there from now on; if not, what is there stays.
using Decision = Result<bool>;

// Keys may be longer by key_prefix_bytes_max than those of a user: the caller has checked them.
template <class P>
class Updater {
public:
    explicit Updater(Engine<P>& engine) : engine_(engine), state_(engine.state()), reader_(engine.state()) {}

    // Puts in the place of what is at `key` what `decide` makes of it; writers of one engine decide one at a time.
    //   look() -> bool                            whether what is there matters; if not, decide() is given null unread
    //   decide(const Record*, Cell&) -> Decision  null where there is nothing; what it makes may borrow from the record
    // Both run under the writer lock, perhaps more than once, and must not call the engine. True: it was written.
    template <class Look, class Decide>
    Result<bool> update(Bytes key, const WriteOptions& options, Look&& look, Decide&& decide) {
        KVILT_TRY(Engine<P>::check_sync(options));
        for (;;) {
            Outcome outcome;
            {
                const std::lock_guard lock(state_.writer);
                KVILT_TRY(look() ? read_and_append(key, decide, outcome) : append(key, nullptr, decide, outcome));
            }
            if (!outcome.blocked) [[likely]] {
                if (outcome.bytes == 0) return false;
                KVILT_TRY(engine_.after_commit(outcome.end, outcome.bytes, options));
                return true;
            }
            if constexpr (P::tables) KVILT_TRY(engine_.upkeep().make_way());
        }
    }

private:
    struct Outcome {
        bool blocked = false; // there was no room
        std::size_t bytes = 0;
        LogPosition end{};
    };

    template <class Decide>
    Result<void> read_and_append(Bytes key, Decide& decide, Outcome& outcome) {
        const typename Engine<P>::Pin pin(state_.epochs);
        bool found = false;
        Result<void> appended;
        const auto append_to = [&](const Record* present) { appended = append(key, present, decide, outcome); };
        KVILT_TRY(reader_.find_newest(pin, key, [&](const Record& record) {
            found = true;
            append_to(record.cell.kind == Kind::put ? &record : nullptr);
        }));
        if (!found) append_to(nullptr);
        return appended;
    }

    template <class Decide>
    [[gnu::always_inline]] Result<void> append(Bytes key, const Record* present, Decide& decide, Outcome& outcome) {
        Record record{.key = key};
        KVILT_TRY_ASSIGN(wanted, decide(present, record.cell));
        if (!wanted) return {};
        KVILT_TRY(check_sizes(0, record.cell.value.size()));
        const std::size_t bytes = LogRecord::bytes_for(record);
        const bool grows = !record.cell.value.empty(); // what is erased makes room, though a cell stays that says so
        KVILT_TRY_ASSIGN(ready, engine_.writer().prepare(bytes, grows));
        outcome.blocked = !ready;
        if (!ready) return {};
        const auto fill = [&](char* at, Sequence first) __attribute__((always_inline)) {
            record.sequence = first;
            LogRecord::write(at, record);
        };
        KVILT_TRY_ASSIGN(end, engine_.writer().append(FrameKind::records, bytes, 1, fill));
        outcome.bytes = bytes + Frame::header_bytes;
        outcome.end = end;
        return {};
    }

    Engine<P>& engine_;
    State<P>& state_;
    Reader<P> reader_;
};

} // namespace kvilt::engine
