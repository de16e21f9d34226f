#include <kvilt/sim/draws.hpp>
#include <kvilt/sim/lost_updates.hpp>
#include <kvilt/sim/resurrection.hpp>

#include <doctest/doctest.h>

#include "hand_made.hpp"
#include "seed.hpp"
#include <chrono>

using namespace kvilt;
using namespace hand_made;
using sim::check_lost_updates;
using sim::check_resurrection;
using sim::SiblingOperations;

namespace {

// One copy under contexts: a write takes away what its context has, and adds its value. The bugs, once in 12 writes:
// take away what the context has not; keep what it has.
struct SiblingRun {
    enum class Bug { none, drops, keeps };

    SiblingOperations operations{};
    ValueIds kept{};

    SiblingRun(std::uint64_t run_seed, Bug bug) {
        sim::Draws draws(run_seed);
        std::vector<ValueIds> contexts(4);
        for (std::uint64_t n = 1; n <= 60; ++n) {
            const auto client = static_cast<std::uint32_t>(draws.below(4));
            const std::uint64_t start_us = 100 * n;
            if (draws.below(3) == 0) { // the context is kept for later: others write in between
                contexts[client] = kept;
                operations.push_back({read(client, no_value, start_us, start_us + 10), kept});
                continue;
            }
            const bool erases = draws.below(6) == 0;
            const bool answered = draws.below(8) != 0;
            Operation operation =
                erases ? erase(client, start_us, start_us + 150) : write(client, n, start_us, start_us + 150);
            if (!answered) operation = unknown(operation);
            operations.push_back({operation, contexts[client]});
            if (!answered && draws.below(2) == 0) continue;
            const bool wrong = draws.below(12) == 0;
            if (!(wrong && bug == Bug::keeps))
                std::erase_if(kept, [&](ValueId value) {
                    return std::find(contexts[client].begin(), contexts[client].end(), value) != contexts[client].end();
                });
            if (wrong && bug == Bug::drops) kept.clear();
            if (!erases) kept.push_back(n);
        }
    }
};

} // namespace

TEST_CASE("an acknowledged value stays or is replaced by one who saw it") {
    const auto one = with(write(0, 1, 0, 10), {});
    const auto two = with(write(1, 2, 0, 10), {});
    CHECK(check_lost_updates({}, {}) == "");
    CHECK(check_lost_updates({one, two}, {1, 2}) == "");
    CHECK(check_lost_updates({one, two}, {2}) ==
          "lost update: client 0 writes 1, from 0 us to 10 us, but in the end it is gone, and nobody who saw it "
          "replaced it");
    CHECK(check_lost_updates({one, two, with(write(0, 3, 20, 30), {1})}, {2, 3}) == "");
    CHECK(check_lost_updates({one, two, with(write(0, 3, 20, 30), {1})}, {3}) != "");
    CHECK(check_lost_updates({one, two, with(write(0, 3, 20, 30), {1, 2})}, {3}) == "");
    CHECK(check_lost_updates({one, with(erase(0, 20, 30), {1})}, {}) == "");
    CHECK(check_lost_updates({one, with(erase(0, 20, 30), {})}, {}) != ""); // a blind erase has seen nothing
}

TEST_CASE("a write without answer may have replaced something, may be there, and may not") {
    const auto one = with(write(0, 1, 0, 10), {});
    const auto lost = with(unknown(write(0, 2, 20, 30)), {1});
    CHECK(check_lost_updates({one, lost}, {1}) == "");
    CHECK(check_lost_updates({one, lost}, {2}) == "");
    CHECK(check_lost_updates({one, lost, with(write(1, 3, 40, 50), {2})}, {3}) == "");
    CHECK(check_lost_updates({one, with(failed(write(0, 2, 20, 30)), {1})}, {}) != "");
}

TEST_CASE("what was replaced or never written is not there in the end") {
    const auto one = with(write(0, 1, 0, 10), {});
    CHECK(check_lost_updates({one, with(write(0, 2, 20, 30), {1})}, {1, 2})
              .ends_with("there is 1 again, after client 0 writes 2, from 20 us to 30 us, in place of {1}"));
    CHECK(check_lost_updates({one}, {1, 9}) == "in the end there is 9, which nobody wrote");
    CHECK(check_lost_updates({with(write(0, 2, 20, 30), {1})}, {2}).ends_with("nobody had begun to write 1"));
    CHECK(check_lost_updates({with(read(0, no_value, 0, 5), {1}), with(write(0, 1, 20, 30), {})}, {1})
              .ends_with("has 1 before it was written"));
    CHECK(check_lost_updates({one, one}, {1}).ends_with("is written twice, which this check cannot judge"));
}

TEST_CASE("what a context has erased is not shown again") {
    const auto one = with(write(0, 1, 0, 10), {});
    const auto two = with(write(1, 2, 5, 15), {});
    const auto gone = with(erase(0, 20, 30), {1});
    CHECK(check_resurrection({one, two, gone, with(read(2, no_value, 40, 50), {2})}) == "");
    CHECK(check_resurrection({one, two, gone, with(read(2, no_value, 25, 50), {1, 2})}) == ""); // overlaps the erase
    CHECK(check_resurrection({one, two, gone, with(read(2, no_value, 40, 50), {2, 1})}) ==
          "resurrection: client 2 reads nothing, from 40 us to 50 us, showing {2, 1}, but before that client 0 erases, "
          "from 20 us to 30 us");
    CHECK(check_resurrection({one, with(unknown(erase(0, 20, 30)), {1}), with(read(2, no_value, 40, 50), {1})}) == "");
    CHECK(check_resurrection({one, with(failed(erase(0, 20, 30)), {1}), with(read(2, no_value, 40, 50), {1})}) == "");
    CHECK(check_resurrection({one, with(unknown(erase(1, 20, 25)), {1}), gone, with(read(2, no_value, 40, 50), {1})}) !=
          "");
    // The earliest acknowledged erase counts, in whatever order they stand.
    CHECK(check_resurrection({one, with(erase(1, 20, 90), {1}), gone, with(read(2, no_value, 40, 50), {1})}) != "");
    CHECK(check_resurrection({one, gone, with(erase(1, 20, 90), {1}), with(read(2, no_value, 40, 50), {1})}) != "");
}

TEST_CASE("an erase of a single value covers what was written before it") {
    const Operations written{write(0, 1, 0, 10), erase(0, 20, 30)};
    const auto then = [&](std::initializer_list<Operation> more) {
        Operations operations = written;
        operations.insert(operations.end(), more);
        return check_resurrection(operations);
    };
    CHECK(then({read(1, no_value, 40, 50)}) == "");
    CHECK(then({read(1, 1, 25, 50)}) == "");
    CHECK(then({read(1, 1, 40, 50)}).starts_with("resurrection: client 1 reads 1"));
    CHECK(then({write(0, 2, 25, 35), read(1, 2, 40, 50)}) == "");
    CHECK(then({swap(0, no_value, 2, 40, 50), read(1, 2, 60, 70)}) == "");
    CHECK(then({unknown(write(0, 2, 12, 15)), read(1, 2, 40, 50)}) == ""); // may be later than the erase
    // With versions an erase covers what is older, even if it was under way.
    const Operation under_way = versioned(5, write(0, 2, 15, 35));
    CHECK(check_resurrection({under_way, versioned(6, erase(0, 20, 30)), read(1, 2, 40, 50)}) != "");
    CHECK(check_resurrection({under_way, versioned(4, erase(0, 20, 30)), read(1, 2, 40, 50)}) == "");
}

TEST_CASE("one copy under contexts loses and resurrects nothing, and its bugs are caught") {
    MESSAGE("KVILT_SEED=", seed());
    const std::size_t runs = 2'000;
    std::size_t dropped = 0;
    std::size_t kept = 0;
    std::size_t resurrected = 0;
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t n = 0; n < runs; ++n) {
        const SiblingRun right(mix(seed(), n), SiblingRun::Bug::none);
        REQUIRE(check_lost_updates(right.operations, right.kept) == "");
        REQUIRE(check_resurrection(right.operations) == "");
        const SiblingRun drops(mix(seed(), n), SiblingRun::Bug::drops);
        dropped += check_lost_updates(drops.operations, drops.kept).starts_with("lost update: ");
        const SiblingRun keeps(mix(seed(), n), SiblingRun::Bug::keeps);
        kept += check_lost_updates(keeps.operations, keeps.kept).starts_with("in the end there is ");
        resurrected += !check_resurrection(keeps.operations).empty();
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    MESSAGE("of ", runs, " histories of 60 operations ", dropped, " lose, ", kept, " keep, ", resurrected,
            " resurrect; ", static_cast<std::size_t>(5.0 * static_cast<double>(runs) / taken.count()), " a second");
    CHECK(dropped > runs / 20);
    CHECK(kept > runs / 100);
    CHECK(resurrected > runs / 100);
}
