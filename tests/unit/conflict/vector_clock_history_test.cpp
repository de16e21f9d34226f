// What histories leave under VectorClock: no acknowledged value is lost, siblings do not explode, and models that are
// wrong in one point are found.
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/conflict/version.hpp>
#include <kvilt/laws/conflict.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include "vector_model.hpp"
#include <algorithm>
#include <optional>

using namespace kvilt;
using Clock = conflict::VectorClock<>;
using laws::ConflictTrial;
using laws::OwnedCell;

namespace {

// What VectorClock does, but for `spoil` of each join that is neither of the two cells.
template <class Wrong>
struct Spoiled : Clock {
    static Cell join(const Cell& a, const Cell& b, std::string& room) {
        if (covers(a, b)) return a;
        if (covers(b, a)) return b;
        VectorModel joined = VectorModel::join(VectorModel::of(a), VectorModel::of(b));
        Wrong::spoil(joined);
        return joined.written(room);
    }
};
struct DropsADot : Spoiled<DropsADot> {
    static void spoil(VectorModel& joined) {
        if (joined.siblings.size() > 3) joined.siblings.erase(joined.siblings.begin());
    }
};
struct PrunesAnEntry : Spoiled<PrunesAnEntry> {
    static void spoil(VectorModel& joined) {
        if (joined.vector.size() < 4) return;
        for (auto at = joined.vector.begin(); at != joined.vector.end(); ++at)
            if (std::none_of(joined.siblings.begin(), joined.siblings.end(),
                             [&](const auto& sibling) { return sibling.first.first == at->first; })) {
                joined.vector.erase(at);
                return;
            }
    }
};
struct EraseForgets : Clock {
    static Result<Cell> write(const Cell* present, Bytes context, const WriteStamp& by, Kind kind, Bytes value,
                              std::string& room) {
        KVILT_TRY_ASSIGN(left, Clock::write(present, context, by, kind, value, room));
        if (kind == Kind::put || values(left) != 0) return left;
        room.assign(1, '\0');
        return Cell{Kind::put, room, {}};
    }
};
// A plain version vector at the server: a write is known by a vector alone, so it covers all that its node has made.
struct Undotted : Clock {
    static Result<Cell> write(const Cell* present, Bytes context, const WriteStamp& by, Kind kind, Bytes value,
                              std::string& room) {
        std::string covered = kind == Kind::put && present != nullptr ? Clock::context(*present) : std::string(context);
        return Clock::write(present, covered, by, kind, value, room);
    }
};
struct DropsTheValue : Clock { // of a second sibling
    template <class Visit>
    static void for_each_value(const Cell& cell, Visit&& visit) {
        bool first = true;
        Clock::for_each_value(cell, [&](Bytes value) {
            if (std::exchange(first, false)) visit(value);
        });
    }
};

template <class C>
std::string found() {
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
        if (const std::string wrong = laws::check_conflict<C>(seed); !wrong.empty()) return wrong;
    return {};
}

template <class C>
void campaign(const typename ConflictTrial<C>::Options& options, std::uint64_t seeds) {
    std::size_t writes = 0, crashes = 0, lost = 0, most = 0;
    for_each_seed(campaign_seeds(seeds), [&](std::uint64_t seed) {
        auto seeded = options;
        seeded.seed = seed;
        ConflictTrial<C> trial(seeded);
        const std::string wrong = trial.run();
        CHECK_MESSAGE(wrong == "", replay(seed));
        writes += trial.writes();
        crashes += trial.crashes();
        lost += trial.lost();
        most = std::max(most, trial.values_most());
        return wrong.empty();
    });
    MESSAGE(C::name << ": " << writes << " writes, " << crashes << " crashes, " << lost
                    << " deliveries dropped by a later write, at most " << most << " values");
}

} // namespace

TEST_CASE(
    "through loss, doubles and disorder no acknowledged value vanishes unless a write that covered it replaced it") {
    campaign<Clock>({}, 2'000);
}

TEST_CASE("a node that loses its unsynced writes and comes back as another loses nobody else's value") {
    campaign<Clock>({.crashes = true}, 2'000);
}

TEST_CASE("a node that comes back as the same after it has lost writes is found to lose others' values") {
    std::string wrong;
    std::size_t found = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        ConflictTrial<Clock> trial({.seed = seed, .crashes = true, .renews = false});
        if (std::string said = trial.run(); !said.empty()) wrong = said, ++found;
    }
    CHECK(found > 20);
    CHECK(wrong.find("vanished, and no write that was told of it replaced it") != std::string::npos);
}

TEST_CASE("LastWriteWins and Version converge through loss, doubles, disorder and crashes, and count what they drop") {
    campaign<conflict::LastWriteWins<>>({.crashes = true}, 1'000);
    campaign<conflict::Version>({.crashes = true}, 1'000);
    ConflictTrial<conflict::LastWriteWins<>> trial({.seed = 1});
    CHECK(trial.run() == "");
    CHECK(trial.lost() > 0);
}

TEST_CASE("models that are wrong in one point are found") {
    CHECK(found<DropsADot>().find("vanished") != std::string::npos);
    CHECK(found<PrunesAnEntry>().find("is there, though a write replaced it") != std::string::npos);
    CHECK(found<EraseForgets>().starts_with("a write does not cover what it was told of"));
    CHECK(found<Undotted>().find("vanished") != std::string::npos);
    CHECK(found<DropsTheValue>().find("vanished") != std::string::npos);
}

TEST_CASE("a thousand interleaved racing writes leave at most two siblings") {
    std::string contexts[2];
    std::optional<OwnedCell> copy;
    std::size_t most = 0;
    for (int i = 0; i < 1'000; ++i) {
        std::string& context = contexts[i % 2]; // that of the client's own last write
        std::string room;
        const Cell there = copy ? copy->cell() : Cell{};
        const std::string value = "write " + std::to_string(i);
        const auto left =
            Clock::write(copy ? &there : nullptr, context, {.node = {1}, .incarnation = 1}, Kind::put, value, room);
        REQUIRE(left);
        context = Clock::context(*left);
        const OwnedCell next(*left);
        copy = next;
        most = std::max(most, Clock::values(copy->cell()));
    }
    CHECK(most == 2);
}

TEST_CASE("where a server keeps one vector for all values of a key, the same thousand writes leave a thousand") {
    // One server, so its vector is one counter: a write replaces all if its context is not behind, and nothing if it
    // is.
    std::uint64_t contexts[2] = {0, 0};
    std::uint64_t vector = 0;
    std::vector<std::string> values;
    for (int i = 0; i < 1'000; ++i) {
        if (contexts[i % 2] >= vector) values.clear();
        values.push_back("write " + std::to_string(i));
        contexts[i % 2] = ++vector;
    }
    CHECK(values.size() == 1'000);
}
