// What clients asked of one key and were told: the material of the checkers of histories.
// docs/testing.md
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::sim {

// Values are known by numbers.
using ValueId = std::uint64_t;
inline constexpr ValueId no_value = 0; // never written, or erased

inline constexpr std::uint64_t never_us = ~std::uint64_t{0};

// Of two operations one is before the other if it ended at an earlier time than the other began; at equal times they
// overlap, so a simulation that has its clients wait a microsecond between two operations is judged more sharply.
struct Operation {
    enum class Kind : std::uint8_t { read, write, erase, compare_and_set };
    enum class Outcome : std::uint8_t {
        ok,      // answered
        failed,  // certainly without effect
        unknown, // no answer: takes effect at any time after its start, or never
    };
    std::uint32_t client = 0;
    Kind kind = Kind::read;
    ValueId value = no_value;    // read: what came back; write, compare_and_set: what is to be there
    ValueId expected = no_value; // compare_and_set: what must be there before
    bool swapped = true;         // compare_and_set: false if it was told that something else was there
    std::uint64_t start_us = 0;
    std::uint64_t end_us = never_us; // of an unknown one: when its client gave up; the checkers do not ask
    Outcome outcome = Outcome::ok;
    // By which the store orders writes: that of the write, or of what a read found; 0: not told.
    std::uint64_t version = 0;

    bool changes() const noexcept { return kind != Kind::read && swapped; }
    // What is there behind it, where it changes something.
    ValueId leaves() const noexcept { return kind == Kind::erase ? no_value : value; }
    // From then on it may have no effect that it had not before.
    std::uint64_t settled_us() const noexcept { return outcome == Outcome::ok ? end_us : never_us; }
    bool before(const Operation& other) const noexcept { return settled_us() < other.start_us; }
};

using Operations = std::vector<Operation>;

inline std::string text_of(ValueId value) { return value == no_value ? "nothing" : std::to_string(value); }

// "client 1 writes 7, from 10 us to 25 us".
inline std::string text_of(const Operation& operation) {
    using enum Operation::Kind;
    std::string text = "client " + std::to_string(operation.client);
    switch (operation.kind) {
    case read:
        text += " reads " + (operation.outcome == Operation::Outcome::ok ? text_of(operation.value) : "?");
        break;
    case write:
        text += " writes " + text_of(operation.value);
        break;
    case erase:
        text += " erases";
        break;
    case compare_and_set:
        text += " sets " + text_of(operation.expected) + " to " + text_of(operation.value);
        if (!operation.swapped) text += " in vain";
        break;
    }
    if (operation.version != 0) text += " of version " + std::to_string(operation.version);
    text += ", from " + std::to_string(operation.start_us) + " us";
    if (operation.outcome == Operation::Outcome::failed) return text + ", failed";
    if (operation.outcome == Operation::Outcome::unknown) return text + ", without answer";
    return text + " to " + std::to_string(operation.end_us) + " us";
}

// What is no history at all: a sentence; or empty. With `once`, a value that is written twice too: most checkers must
// know from which write a value came.
inline std::string malformed(const Operations& operations, bool once) {
    std::vector<ValueId> written;
    for (const Operation& operation : operations) {
        const bool valued =
            operation.kind == Operation::Kind::write || operation.kind == Operation::Kind::compare_and_set;
        if (valued && operation.value == no_value) return text_of(operation) + ": value 0 stands for absence";
        if (operation.outcome == Operation::Outcome::ok && operation.end_us < operation.start_us)
            return text_of(operation) + ": it ends before it starts";
        if (valued && operation.swapped && operation.outcome != Operation::Outcome::failed)
            written.push_back(operation.value);
    }
    if (!once) return {};
    std::sort(written.begin(), written.end());
    const auto twice = std::adjacent_find(written.begin(), written.end());
    return twice == written.end() ? ""
                                  : "value " + text_of(*twice) + " is written twice, which this check cannot judge";
}

// The histories of many keys. A store keeps its promise if it does on each key (P-compositionality: Horn and Kroening,
// "Faster linearizability checking via P-compositionality", 2015).
using Histories = std::map<std::string, Operations, std::less<>>;

// `check(operations)` of each key: the first sentence, with its key; or empty.
template <class Check>
std::string check_keys(const Histories& histories, Check&& check) {
    for (const auto& [key, operations] : histories)
        if (std::string broken = check(operations); !broken.empty()) return "key \"" + key + "\": " + broken;
    return {};
}

// Writes histories down while they happen. What is never finished is unknown.
class Recorder {
public:
    struct Ticket {
        Operations* operations = nullptr;
        std::size_t index = 0;
        Operation& operator*() const noexcept { return (*operations)[index]; }
        Operation* operator->() const noexcept { return &(*operations)[index]; }
    };

    // `operation` has what is known at its start. Tickets are good while the recorder stands.
    Ticket begin(const std::string& key, Operation operation, std::uint64_t now_us) {
        operation.start_us = now_us;
        operation.end_us = never_us;
        operation.outcome = Operation::Outcome::unknown;
        Operations& operations = histories_[key];
        operations.push_back(operation);
        return {&operations, operations.size() - 1};
    }

    // Results are put into `*ticket` by whoever knows them.
    static void finish(Ticket ticket, Operation::Outcome outcome, std::uint64_t now_us) noexcept {
        ticket->outcome = outcome;
        ticket->end_us = now_us;
    }

    const Histories& histories() const noexcept { return histories_; }

private:
    Histories histories_;
};

} // namespace kvilt::sim
