#include <kvilt/sim/linearizability.hpp>

#include <doctest/doctest.h>

#include "hand_made.hpp"

using namespace kvilt;
using namespace hand_made;
using Verdict = sim::Linearizability::Verdict;

namespace {

Verdict verdict(const Operations& operations) {
    sim::LinearizabilityChecker<> checker;
    const sim::Linearizability judged = checker.check(operations);
    CHECK(judged.text.empty() == (judged.verdict == Verdict::linearizable));
    return judged.verdict;
}

bool good(const Operations& operations) { return verdict(operations) == Verdict::linearizable; }
bool bad(const Operations& operations) { return verdict(operations) == Verdict::violated; }

// A write adds its value, a read returns the sum: an object of a user's own.
struct CounterModel {
    using State = std::uint64_t;
    static State initial() { return 0; }
    static std::uint64_t print(State state) { return state; }
    static std::optional<State> after(State state, const Operation& operation) {
        if (operation.kind == Operation::Kind::write) return state + operation.value;
        return state == operation.value ? std::optional(state) : std::nullopt;
    }
    static bool observes(const Operation& operation) { return operation.kind == Operation::Kind::read; }
    static bool matters(const Operation&, const Operations&) { return true; }
};

} // namespace

TEST_CASE("what happens one by one is linearizable if each read returns the last write") {
    CHECK(good({}));
    CHECK(good({read(0, no_value, 0, 10)}));
    CHECK(good({write(0, 1, 0, 10), read(1, 1, 20, 30), write(0, 2, 40, 50), read(1, 2, 60, 70)}));
    CHECK(good({write(0, 1, 0, 10), erase(0, 20, 30), read(1, no_value, 40, 50)}));
    CHECK(bad({write(0, 1, 0, 10), read(1, no_value, 20, 30)}));
    CHECK(bad({write(0, 1, 0, 10), write(0, 2, 20, 30), read(1, 1, 40, 50)}));
    CHECK(bad({write(0, 1, 0, 10), erase(0, 20, 30), read(1, 1, 40, 50)}));
    CHECK(bad({read(1, 7, 20, 30)}));
    CHECK(bad({read(1, 7, 20, 30), write(0, 7, 40, 50)}));
}

TEST_CASE("a read that overlaps a write may return the old or the new value") {
    CHECK(good({write(0, 1, 0, 10), write(0, 2, 20, 40), read(1, 1, 25, 35)}));
    CHECK(good({write(0, 1, 0, 10), write(0, 2, 20, 40), read(1, 2, 25, 35)}));
    CHECK(good({write(0, 1, 0, 10), read(1, no_value, 10, 20)})); // equal times overlap
}

TEST_CASE("a new value and then the old one, while the write is under way, is an inversion") {
    CHECK(good({write(0, 1, 0, 10), write(0, 2, 20, 90), read(1, 1, 30, 40), read(2, 2, 50, 60)}));
    CHECK(bad({write(0, 1, 0, 10), write(0, 2, 20, 90), read(1, 2, 30, 40), read(2, 1, 50, 60)}));
    CHECK(good({write(0, 1, 0, 10), write(0, 2, 20, 90), read(1, 2, 30, 55), read(2, 1, 50, 60)}));
}

TEST_CASE("a write without answer may appear late, or never, but not go again") {
    const Operation lost = unknown(write(0, 2, 20, 30));
    CHECK(good({write(0, 1, 0, 10), lost, read(1, 1, 40, 50), read(1, 1, 60, 70)}));
    CHECK(good({write(0, 1, 0, 10), lost, read(1, 1, 40, 50), read(1, 2, 60, 70)}));
    CHECK(bad({write(0, 1, 0, 10), lost, read(1, 2, 40, 50), read(1, 1, 60, 70)}));
    CHECK(bad({write(0, 1, 0, 10), read(1, 2, 11, 12), lost})); // before it began
    CHECK(bad({write(0, 1, 0, 10), failed(write(0, 2, 20, 30)), read(1, 2, 40, 50)}));
    CHECK(good({write(0, 1, 0, 10), unknown(erase(0, 20, 30)), read(1, 1, 40, 50), read(1, no_value, 60, 70)}));
    CHECK(good({write(0, 1, 0, 10), unknown(read(1, 99, 20, 30)), failed(read(1, 98, 20, 30))}));
}

TEST_CASE("two readers see concurrent writes in one order") {
    const Operation one = write(0, 1, 0, 100);
    const Operation two = write(1, 2, 0, 100);
    CHECK(good({one, two, read(2, 1, 10, 20), read(2, 2, 30, 40), read(3, 1, 10, 20), read(3, 2, 30, 40)}));
    CHECK(bad({one, two, read(2, 1, 10, 20), read(2, 2, 30, 40), read(3, 2, 10, 20), read(3, 1, 30, 40)}));
}

TEST_CASE("of two that compare with one value one sets it") {
    const Operation first = write(0, 1, 0, 10);
    CHECK(good({first, swap(1, 1, 2, 20, 40), in_vain(swap(2, 1, 3, 20, 40)), read(0, 2, 50, 60)}));
    CHECK(bad({first, swap(1, 1, 2, 20, 40), swap(2, 1, 3, 20, 40)}));
    CHECK(bad({first, in_vain(swap(1, 1, 2, 20, 40)), in_vain(swap(2, 1, 3, 20, 40))}));
    CHECK(good({first, swap(1, 1, 2, 20, 40), swap(2, 2, 3, 20, 40), read(0, 3, 50, 60)}));
    CHECK(good({swap(1, no_value, 2, 0, 10), read(0, 2, 20, 30)}));
    CHECK(good({first, unknown(swap(1, 1, 2, 20, 30)), in_vain(swap(2, 1, 3, 40, 50)), read(0, 2, 60, 70)}));
    CHECK(good({first, unknown(swap(1, 1, 2, 20, 30)), swap(2, 1, 3, 40, 50), read(0, 3, 60, 70)}));
    CHECK(bad({first, unknown(swap(1, 9, 2, 20, 30)), read(0, 2, 60, 70)}));
    // Nobody reads the 2 of the write without answer, but somebody was told that something else than 1 was there.
    CHECK(good({first, unknown(write(1, 2, 20, 30)), in_vain(swap(2, 1, 3, 40, 50))}));
    CHECK(bad({first, in_vain(swap(2, 1, 3, 40, 50))}));
}

TEST_CASE("a budget that runs out is a verdict of its own, and no pass") {
    Operations operations;
    for (std::uint32_t client = 0; client < 20; ++client) operations.push_back(write(client, client + 1, 0, 100));
    operations.push_back(read(99, 1, 200, 210));
    operations.push_back(read(99, 2, 220, 230)); // no order has both
    sim::LinearizabilityChecker<> hasty({.states_max = 1000});
    const sim::Linearizability judged = hasty.check(operations);
    CHECK(judged.verdict == Verdict::undecided);
    CHECK(judged.text == "undecided after 1000 states");
    operations.resize(12); // 12 writes
    operations.push_back(read(99, 1, 200, 210));
    operations.push_back(read(99, 2, 220, 230));
    CHECK(bad(operations));
}

TEST_CASE("a violation names the answer that has no place, and an order of what was answered before") {
    sim::LinearizabilityChecker<> checker;
    CHECK(checker({write(0, 1, 0, 10), write(0, 2, 20, 90), read(1, 2, 30, 40), read(2, 1, 50, 60), read(2, 1, 70, 80),
                   write(3, 7, 100, 110)}) ==
          "not linearizable: client 2 reads 1, from 50 us to 60 us, has no place in any order of what began before "
          "its end; without its answer there is:\n"
          "    client 0 writes 1, from 0 us to 10 us\n"
          "    client 0 writes 2, from 20 us, without answer\n"
          "    client 1 reads 2, from 30 us to 40 us");
}

TEST_CASE("a history of several hundred operations is judged") {
    Operations operations;
    for (std::uint64_t n = 0; n < 300; ++n) {
        const auto client = static_cast<std::uint32_t>(n % 6);
        const std::uint64_t start_us = 10 * n;
        operations.push_back(n % 3 == 0 ? write(client, n + 1, start_us, start_us + 55)
                                        : read(client, n - n % 3 + 1, start_us, start_us + 55));
    }
    CHECK(good(operations));
    operations.push_back(read(9, 1, 4000, 4010));
    CHECK(bad(operations));
}

TEST_CASE("an object of a user's own is judged by its own model") {
    sim::LinearizabilityChecker<CounterModel> checker;
    const Operation lost = unknown(write(3, 100, 0, 10));
    CHECK(checker({write(0, 1, 0, 50), write(1, 2, 0, 50), read(2, 2, 10, 20), read(2, 3, 60, 70)}) == "");
    CHECK(checker({write(0, 1, 0, 50), write(1, 2, 0, 50), read(2, 4, 10, 20)}) != "");
    CHECK(checker({write(0, 1, 0, 50), read(2, 0, 10, 20), lost, read(2, 101, 60, 70), read(2, 101, 80, 90)}) == "");
    CHECK(checker({write(0, 1, 0, 50), lost, read(2, 101, 60, 70), read(2, 1, 80, 90)}) != "");
}

TEST_CASE("what is no history is refused by name") {
    sim::LinearizabilityChecker<> checker;
    CHECK(checker({write(0, no_value, 0, 10)}).ends_with("value 0 stands for absence"));
    CHECK(checker({write(0, 1, 10, 0)}).ends_with("it ends before it starts"));
}

TEST_CASE("each key is judged by itself, and a complaint names the key") {
    sim::Recorder recorder;
    const auto put = [&](const char* key, std::uint32_t client, ValueId value, std::uint64_t now_us) {
        return recorder.begin(key, {.client = client, .kind = Operation::Kind::write, .value = value}, now_us);
    };
    sim::Recorder::finish(put("a", 0, 1, 0), Operation::Outcome::ok, 10);
    put("b", 0, 2, 20);
    const auto ticket = recorder.begin("b", {.client = 1}, 30);
    sim::LinearizabilityChecker<> checker;
    CHECK(sim::check_keys(recorder.histories(), checker) == "");
    ticket->value = 2;
    sim::Recorder::finish(ticket, Operation::Outcome::ok, 40);
    CHECK(sim::check_keys(recorder.histories(), checker) == "");
    ticket->value = 1;
    CHECK(sim::check_keys(recorder.histories(), checker).starts_with("key \"b\": not linearizable: client 1 reads 1"));
}
