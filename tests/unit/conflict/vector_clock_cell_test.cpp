// The bytes of VectorClock: as its page says them, as sets say them, and as an enemy would.
#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/laws/conflict.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include "vector_model.hpp"

using namespace kvilt;
using Clock = conflict::VectorClock<>;
using laws::Dice;
using laws::OwnedCell;
using laws::same_cell;

namespace {

OwnedCell written(const OwnedCell* present, Bytes context, const WriteStamp& by, Kind kind, Bytes value) {
    std::string room;
    const Cell there = present == nullptr ? Cell{} : present->cell();
    return OwnedCell(Clock::write(present == nullptr ? nullptr : &there, context, by, kind, value, room).value());
}

bool well_formed(Bytes stamp, Bytes value) { return Clock::well_formed({Kind::put, stamp, value}); }

std::string bytes(std::initializer_list<int> list) {
    std::string made;
    for (const int each : list) made += static_cast<char>(each);
    return made;
}

// What an enemy may make of bytes: some changed, cut out, put in or doubled.
std::string spoiled(std::string bytes, Dice& dice) {
    for (std::size_t times = 1 + dice.below(3); times > 0; --times) {
        const std::size_t at = dice.below(bytes.size() + 1);
        switch (dice.below(4)) {
        case 0:
            if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << dice.below(8)));
            break;
        case 1:
            bytes.erase(at, 1 + dice.below(3));
            break;
        case 2:
            bytes.insert(at, 1, static_cast<char>(dice.roll()));
            break;
        default:
            bytes.insert(at, bytes.substr(at, dice.below(6)));
        }
    }
    return bytes;
}

// What well_formed lets through must behave; whatever it is, nothing is read outside of it.
std::string survive(const OwnedCell& hostile, const OwnedCell& good) {
    std::string room, other_room, third_room;
    const Cell cell = hostile.cell();
    if (!Clock::well_formed(cell)) return {};
    if (!same_cell(VectorModel::of(cell).cell().cell(), cell)) return "it has another form too";
    std::string wrong = laws::detail::check_cell<Clock>(cell);
    if (wrong.empty()) wrong = laws::detail::check_pair<Clock>(cell, good.cell());
    if (wrong.empty()) wrong = laws::detail::check_triple<Clock>(good.cell(), cell, cell);
    if (!wrong.empty()) return wrong;
    const auto left = Clock::write(&cell, Clock::context(good.cell()), {.node = {1}, .incarnation = 1, .time = 1 << 20},
                                   Kind::put, "v", room);
    if (left && !Clock::covers(*left, cell)) return "a write does not cover what was present";
    return left && !Clock::well_formed(*left) ? "a write leaves what is not well formed" : "";
}

} // namespace

TEST_CASE("stamps and contexts have the bytes of their page") {
    const WriteStamp by{.node = {1}, .incarnation = 2};
    const OwnedCell tea = written(nullptr, "", by, Kind::put, "tea");
    CHECK(tea.stamp == bytes({3, 1, 2, 1, 0, 0, 3}));
    CHECK(tea.value == "tea");
    CHECK(Clock::context(tea.cell()) == bytes({1, 2, 1}));

    const OwnedCell both = written(&tea, "", {.node = {300}, .incarnation = 1, .time = 6}, Kind::put, "milk");
    CHECK(both.stamp == bytes({7, 1, 2, 1, 0xac, 2, 1, 7, 0, 0, 3, 1, 0, 4}));
    CHECK(both.value == "teamilk");

    const OwnedCell more = written(&both, "", by, Kind::put, "");
    CHECK(more.stamp == bytes({7, 1, 2, 2, 0xac, 2, 1, 7, 0, 1, 3, 0, 0, 0, 1, 0, 4}));
    CHECK(more.value == "teamilk");

    const OwnedCell erased = written(&both, Clock::context(both.cell()), by, Kind::tombstone, "");
    CHECK(erased.stamp == bytes({7, 1, 2, 1, 0xac, 2, 1, 7}));
    CHECK(erased.value == "");
}

TEST_CASE("the model of the tests reads and writes the same bytes") {
    Dice dice(1);
    for (int i = 0; i < 300; ++i) {
        const OwnedCell cell = VectorModel::random(dice).cell();
        REQUIRE(Clock::well_formed(cell.cell()));
        CHECK(same_cell(VectorModel::of(cell.cell()).cell().cell(), cell.cell()));
        CHECK(Clock::context(cell.cell()) == VectorModel::of(cell.cell()).context());
    }
}

TEST_CASE("cells of any kind join as sets do, and keep the laws") {
    for_each_seed(60, [](std::uint64_t seed) {
        Dice dice(seed);
        std::vector<OwnedCell> cells;
        for (int i = 0; i < 12; ++i) cells.push_back(VectorModel::random(dice).cell());
        std::string wrong = laws::check_conflict<Clock>(cells);
        for (const OwnedCell& a : cells)
            for (const OwnedCell& b : cells) {
                std::string room;
                const OwnedCell sets = VectorModel::join(VectorModel::of(a.cell()), VectorModel::of(b.cell())).cell();
                if (!same_cell(Clock::join(a.cell(), b.cell(), room), sets.cell())) wrong += "not what the sets give";
            }
        CHECK_MESSAGE(wrong == "", replay(seed));
        return wrong.empty();
    });
}

TEST_CASE("what is not in the one form that a cell has is not well formed") {
    CHECK(well_formed(bytes({3, 1, 2, 1, 0, 0, 3}), "tea"));
    CHECK(well_formed(bytes({0}), ""));                                           // nothing is known
    CHECK_FALSE(well_formed("", ""));                                             // no stamp
    CHECK_FALSE(Clock::well_formed({Kind::tombstone, bytes({0}), ""}));           // the engine would drop it
    CHECK_FALSE(well_formed(bytes({4, 1, 2, 1, 0, 0, 3}), "tea"));                // a vector that ends inside an entry
    CHECK_FALSE(well_formed(bytes({9, 1, 2, 1, 0, 0, 3}), "tea"));                // or behind the stamp
    CHECK_FALSE(well_formed(bytes({3, 1, 2, 1, 0, 0, 3}), "te"));                 // a value too short
    CHECK_FALSE(well_formed(bytes({3, 1, 2, 1, 0, 0, 3}), "teas"));               // too long
    CHECK_FALSE(well_formed(bytes({3, 1, 2, 1, 0, 0}), ""));                      // half a sibling
    CHECK_FALSE(well_formed(bytes({3, 1, 2, 1, 1, 0, 0}), ""));                   // an index behind the vector
    CHECK_FALSE(well_formed(bytes({3, 1, 2, 1, 0, 1, 0}), ""));                   // the dot 0
    CHECK_FALSE(well_formed(bytes({3, 1, 2, 0}), ""));                            // the counter 0
    CHECK_FALSE(well_formed(bytes({3, 1, 2, 2, 0, 0, 0, 0, 1, 0}), ""));          // dots that descend
    CHECK_FALSE(well_formed(bytes({3, 1, 2, 2, 0, 0, 0, 0, 0, 0}), ""));          // a dot twice
    CHECK_FALSE(well_formed(bytes({6, 1, 2, 1, 1, 1, 1}), ""));                   // actors that descend
    CHECK_FALSE(well_formed(bytes({6, 1, 2, 1, 1, 2, 1}), ""));                   // an actor twice
    CHECK_FALSE(well_formed(bytes({4, 1, 2, 0x81, 0}), ""));                      // a varint that could be shorter
    CHECK_FALSE(well_formed(bytes({0x80, 0}), ""));                               //
    CHECK_FALSE(well_formed(bytes({7, 0xff, 0xff, 0xff, 0xff, 0xf, 2, 1}), ""));  // no_node
    CHECK_FALSE(well_formed(bytes({7, 1, 0x80, 0x80, 0x80, 0x80, 0x10, 1}), "")); // an incarnation of 33 bits
    CHECK_FALSE(well_formed(bytes({12, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}), "")); // 2^63
}

TEST_CASE("a context that no read returned is refused") {
    std::string room;
    for (const std::string& context : {bytes({1}), bytes({1, 2}), bytes({1, 2, 0}), bytes({1, 2, 1, 1, 2, 1}),
                                       bytes({1, 2, 0x81, 0}), std::string("hello"), std::string(64, '\xff')}) {
        const auto refused = Clock::write(nullptr, context, {.node = {7}}, Kind::put, "v", room);
        REQUIRE_FALSE(refused);
        CHECK(refused.error() == Errc::invalid_argument);
    }
}

TEST_CASE("random and spoiled bytes are refused, or behave") {
    std::size_t accepted = 0, refused = 0;
    for_each_seed(campaign_seeds(2'000), [&](std::uint64_t seed) {
        Dice dice(seed);
        const OwnedCell good = VectorModel::random(dice).cell();
        OwnedCell hostile = VectorModel::random(dice).cell();
        if (dice.once_in(8)) {
            hostile.stamp.clear();
            for (std::size_t left = dice.below(40); left > 0; --left)
                hostile.stamp += static_cast<char>(dice.below(dice.once_in(2) ? 256 : 4));
        } else {
            hostile.stamp = spoiled(hostile.stamp, dice);
            if (dice.once_in(4)) hostile.value = spoiled(hostile.value, dice);
        }
        ++(Clock::well_formed(hostile.cell()) ? accepted : refused);
        std::string wrong = survive(hostile, good);
        std::string room;
        const std::string context = spoiled(Clock::context(good.cell()), dice);
        const Cell there = good.cell();
        const auto left =
            Clock::write(&there, context, {.node = {1}, .incarnation = 1, .time = 1 << 20}, Kind::put, "v", room);
        if (left && !Clock::well_formed(*left)) wrong += "a context makes a write leave what is not well formed";
        // Not even bytes that nobody judged are read outside of.
        static_cast<void>(Clock::values(hostile.cell()));
        static_cast<void>(Clock::covers(hostile.cell(), good.cell()));
        static_cast<void>(Clock::join(hostile.cell(), good.cell(), room));
        CHECK_MESSAGE(wrong == "", replay(seed));
        return wrong.empty();
    });
    MESSAGE(accepted << " spoiled cells were well formed, " << refused << " were not");
}
