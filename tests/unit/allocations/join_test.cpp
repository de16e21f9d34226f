// What a join may cost beside its work: nothing, where its room suffices.
#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/laws/conflict.hpp>

#include <doctest/doctest.h>

#include "allocations.hpp"
#include <optional>

using namespace kvilt;
using Clock = conflict::VectorClock<>;
using laws::OwnedCell;

namespace {

// What a node writes over the copy that it has.
OwnedCell written(const std::optional<OwnedCell>& copy, std::uint32_t node, Bytes context, Bytes value) {
    std::string room;
    const Cell there = copy ? copy->cell() : Cell{};
    return OwnedCell(
        Clock::write(copy ? &there : nullptr, context, {.node = {node}, .incarnation = 1}, Kind::put, value, room)
            .value());
}

} // namespace

TEST_CASE("joining and reading cells allocates nothing where the room suffices") {
    const OwnedCell old = written({}, 3, "", "a value of some length, so that no string of it is short");
    const OwnedCell two = written(old, 2, "", "a second value of some length, so that no string of it is short");
    const OwnedCell one = written(written(old, 1, "", "a third value of some length, so that no string of it is short"),
                                  1, Clock::context(old.cell()), "a fourth value of some length, as the others are");
    std::string room;
    room.reserve(1'000);
    const Cell a = one.cell(), b = two.cell(), c = old.cell();
    std::size_t seen = 0;
    const std::size_t before = allocations;
    const Cell joined = Clock::join(a, b, room);
    Clock::for_each_value(joined, [&seen](Bytes) { ++seen; });
    const bool covered = Clock::covers(joined, c) && !Clock::covers(c, joined) && Clock::well_formed(joined);
    const std::size_t values = Clock::values(joined);
    CHECK(allocations - before == 0);
    CHECK(covered);
    CHECK(values == 3);
    CHECK(seen == 3);
}
