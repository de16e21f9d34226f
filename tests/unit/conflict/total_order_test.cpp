// The two policies of which one cell always wins: LastWriteWins and Version.
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/conflict/version.hpp>
#include <kvilt/laws/conflict.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <numeric>
#include <optional>

using namespace kvilt;
using conflict::Version;
using laws::OwnedCell;
using laws::same_cell;
using Lww = conflict::LastWriteWins<>;

namespace {

// Decides ties by which of the two it is given first.
struct TiesByPlace : Lww {
    static Cell join(const Cell& a, const Cell& b, std::string&) {
        if (time(a) != time(b)) return time(a) < time(b) ? b : a;
        return node(a) < node(b) ? b : a;
    }
};
// Takes what is erased for the least there is.
struct RevivesErased : Lww {
    static Cell join(const Cell& a, const Cell& b, std::string& room) {
        if (values(a) != values(b)) return values(a) == 0 ? b : a;
        return Lww::join(a, b, room);
    }
    static bool covers(const Cell& a, const Cell& b) {
        std::string room;
        return same_cell(join(a, b, room), a);
    }
    static bool loses(const Cell& present, const Cell& incoming) { return !covers(incoming, present); }
};

template <class C>
OwnedCell stamped(const WriteStamp& by, Kind kind, Bytes value, const OwnedCell* present = nullptr) {
    std::string room;
    const Cell there = present == nullptr ? Cell{} : present->cell();
    const std::string context = present == nullptr ? std::string() : C::context(there);
    return OwnedCell(C::write(present == nullptr ? nullptr : &there, context, by, kind, value, room).value());
}

// Applies the deliveries of each copy in its own order; empty if all copies are then equal.
template <class C>
std::string converge(const std::vector<OwnedCell>& cells) {
    std::vector<std::size_t> order; // each twice
    for (std::size_t i = 0; i < cells.size(); ++i) order.insert(order.end(), 2, i);
    std::optional<OwnedCell> first;
    do {
        OwnedCell copy = cells[order.front()];
        for (const std::size_t next : order) {
            std::string room;
            copy = OwnedCell(C::join(copy.cell(), cells[next].cell(), room));
        }
        if (!first) first = copy;
        if (!same_cell(first->cell(), copy.cell())) return "two orders of delivery leave different copies";
    } while (std::next_permutation(order.begin(), order.end()));
    return {};
}

} // namespace

TEST_CASE("a stamp of LastWriteWins has the bytes of its page") {
    const OwnedCell put = stamped<Lww>({.node = {3}, .time = 0x0102030405060708}, Kind::put, "v");
    CHECK(put.stamp == std::string("\x08\x07\x06\x05\x04\x03\x02\x01\x03\0\0\0\0", 13));
    CHECK(put.value == "v");
    CHECK(put.kind == Kind::put);
    const OwnedCell erased = stamped<Lww>({.node = {3}, .time = 1}, Kind::tombstone, "");
    CHECK(erased.stamp == std::string("\1\0\0\0\0\0\0\0\3\0\0\0\1", 13));
    CHECK(erased.kind == Kind::put);
    CHECK(Lww::values(erased.cell()) == 0);
    CHECK(Lww::time(put.cell()) == 0x0102030405060708);
    CHECK(Lww::context(put.cell()) == "");
}

TEST_CASE("the last write wins: by time, then node, then erased, then value") {
    const std::vector<OwnedCell> ascending{
        stamped<Lww>({.node = {9}, .time = 1}, Kind::put, "z"), stamped<Lww>({.node = {1}, .time = 2}, Kind::put, "y"),
        stamped<Lww>({.node = {2}, .time = 2}, Kind::put, "a"), stamped<Lww>({.node = {2}, .time = 2}, Kind::put, "b"),
        stamped<Lww>({.node = {2}, .time = 2}, Kind::tombstone, "")};
    std::string room;
    for (std::size_t i = 0; i < ascending.size(); ++i)
        for (std::size_t j = 0; j < ascending.size(); ++j) {
            const Cell won = Lww::join(ascending[i].cell(), ascending[j].cell(), room);
            CHECK(same_cell(won, ascending[std::max(i, j)].cell()));
            CHECK(Lww::loses(ascending[i].cell(), ascending[j].cell()) == (j < i));
        }
}

TEST_CASE("LastWriteWins and Version converge under every order of delivery, doubles included") {
    CHECK(converge<Lww>({stamped<Lww>({.node = {1}, .time = 5}, Kind::put, "a"),
                         stamped<Lww>({.node = {1}, .time = 5}, Kind::put, "b"),
                         stamped<Lww>({.node = {1}, .time = 5}, Kind::tombstone, ""),
                         stamped<Lww>({.node = {2}, .time = 4}, Kind::put, "c"),
                         stamped<Lww>({.node = {0}, .time = 5}, Kind::put, "d")}) == "");
    const OwnedCell first = stamped<Version>({.node = {1}, .incarnation = 1}, Kind::put, "first");
    CHECK(converge<Version>({first, stamped<Version>({.node = {1}, .incarnation = 1}, Kind::put, "a", &first),
                             stamped<Version>({.node = {1}, .incarnation = 2}, Kind::put, "b", &first),
                             stamped<Version>({.node = {1}, .incarnation = 2}, Kind::tombstone, "", &first)}) == "");
    CHECK(converge<TiesByPlace>({stamped<Lww>({.node = {1}, .time = 5}, Kind::put, "a"),
                                 stamped<Lww>({.node = {1}, .time = 5}, Kind::put, "b")}) != "");
}

TEST_CASE("of racing writes all but one are lost, and every loss is seen where the write arrives") {
    const std::vector<OwnedCell> racing{stamped<Lww>({.node = {0}, .time = 10}, Kind::put, "a"),
                                        stamped<Lww>({.node = {1}, .time = 11}, Kind::put, "b"),
                                        stamped<Lww>({.node = {2}, .time = 12}, Kind::put, "c")};
    std::size_t losses = 0;
    OwnedCell copy = racing[2];
    for (const OwnedCell& write : racing) {
        std::string room;
        if (Lww::loses(copy.cell(), write.cell())) ++losses;
        copy = OwnedCell(Lww::join(copy.cell(), write.cell(), room));
    }
    CHECK(losses == 2);
    CHECK(copy.value == "c");
}

TEST_CASE("LastWriteWins refuses a context, which it never gave") {
    std::string room;
    const auto refused = Lww::write(nullptr, "x", {}, Kind::put, "v", room);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Errc::invalid_argument);
}

TEST_CASE("a stamp and a context of Version have the bytes of their page") {
    const OwnedCell first = stamped<Version>({.node = {3}, .incarnation = 2}, Kind::put, "v");
    CHECK(first.stamp == std::string("\1\0\0\0\0\0\0\0\3\0\0\0\2\0\0\0\0", 17));
    CHECK(Version::context(first.cell()) == first.stamp.substr(0, 16));
    const OwnedCell erased = stamped<Version>({.node = {4}, .incarnation = 1}, Kind::tombstone, "", &first);
    CHECK(erased.stamp == std::string("\2\0\0\0\0\0\0\0\4\0\0\0\1\0\0\0\1", 17));
    CHECK(Version::values(erased.cell()) == 0);
    CHECK(Version::version(erased.cell()) == 2);
}

TEST_CASE("a write must name the present version, and the refusal names both and the cure") {
    std::string room;
    const WriteStamp by{.node = {2}, .incarnation = 1};
    const OwnedCell first = stamped<Version>(by, Kind::put, "1");
    const OwnedCell second = stamped<Version>(by, Kind::put, "2", &first);
    const Cell present = second.cell();
    const auto stale = Version::write(&present, Version::context(first.cell()), by, Kind::put, "3", room);
    REQUIRE_FALSE(stale);
    CHECK(stale.error().message() ==
          "write: version conflict: the present version is 2 of node 2 (incarnation 1), the write names 1 of node 2 "
          "(incarnation 1); read again and write with the context of that read");
    const auto blind = Version::write(&present, "", by, Kind::put, "3", room);
    REQUIRE_FALSE(blind);
    CHECK(blind.error() == Errc::conflict);
    CHECK(blind.error().message().find("the write names none") != std::string::npos);
    CHECK(Version::write(nullptr, Version::context(present), by, Kind::put, "3", room).error() == Errc::conflict);
    CHECK(Version::write(&present, "xyz", by, Kind::put, "3", room).error() == Errc::invalid_argument);
    CHECK(Version::write(&present, Version::context(present), by, Kind::put, "3", room));
}

TEST_CASE("of racing writes that name one version, exactly one is accepted where one replica decides") {
    const WriteStamp by{.node = {0}, .incarnation = 1};
    OwnedCell present = stamped<Version>(by, Kind::put, "start");
    const std::string context = Version::context(present.cell());
    std::size_t accepted = 0;
    for (int racer = 0; racer < 8; ++racer) {
        std::string room;
        const std::string value = std::to_string(racer);
        const OwnedCell before = present;
        const Cell there = before.cell();
        const auto left = Version::write(&there, context, by, Kind::put, value, room);
        if (left) present = OwnedCell(*left);
        accepted += left ? 1 : 0;
    }
    CHECK(accepted == 1);
    CHECK(present.value == "0");
}

TEST_CASE("what is erased takes a write without a context, and its version goes on") {
    std::string room;
    const WriteStamp by{.node = {0}, .incarnation = 1};
    const OwnedCell first = stamped<Version>(by, Kind::put, "1");
    const OwnedCell erased = stamped<Version>(by, Kind::tombstone, "", &first);
    const Cell there = erased.cell();
    const auto left = Version::write(&there, "", by, Kind::put, "2", room);
    REQUIRE(left);
    CHECK(Version::version(*left) == 3);
    CHECK(Version::covers(*left, there));
}

TEST_CASE("hostile stamps of fixed size are not well formed") {
    const std::string lww("\1\0\0\0\0\0\0\0\3\0\0\0\0", 13);
    CHECK(Lww::well_formed({Kind::put, lww, "v"}));
    CHECK_FALSE(Lww::well_formed({Kind::put, Bytes(lww).substr(1), "v"}));
    CHECK_FALSE(Lww::well_formed({Kind::put, lww + '\0', "v"}));
    CHECK_FALSE(Lww::well_formed({Kind::put, "", "v"}));
    CHECK_FALSE(Lww::well_formed({Kind::tombstone, lww, ""}));
    CHECK_FALSE(Lww::well_formed({Kind::put, lww.substr(0, 12) + '\2', ""}));
    CHECK_FALSE(Lww::well_formed({Kind::put, lww.substr(0, 12) + '\1', "v"}));
    const std::string version("\1\0\0\0\0\0\0\0\3\0\0\0\2\0\0\0\0", 17);
    CHECK(Version::well_formed({Kind::put, version, "v"}));
    CHECK_FALSE(Version::well_formed({Kind::put, Bytes(version).substr(1), "v"}));
    CHECK_FALSE(Version::well_formed({Kind::put, std::string(8, '\0') + version.substr(8), "v"})); // version 0
    CHECK_FALSE(Version::well_formed({Kind::put, std::string(8, '\xff') + version.substr(8), "v"}));
    CHECK_FALSE(Version::well_formed({Kind::put, version.substr(0, 16) + '\1', "v"}));
}

TEST_CASE("LastWriteWins and Version keep the laws") {
    for_each_seed(40, [](std::uint64_t seed) {
        const std::string wrong = laws::check_conflict<Lww>(seed) +
                                  laws::check_conflict<conflict::LastWriteWins<clocks::ProcessWide>>(seed) +
                                  laws::check_conflict<Version>(seed);
        CHECK_MESSAGE(wrong == "", replay(seed));
        return wrong.empty();
    });
}

TEST_CASE("the laws find a join that decides ties by place, and one that revives what is erased") {
    std::string ties, revived;
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        if (ties.empty()) ties = laws::check_conflict<TiesByPlace>(seed);
        if (revived.empty()) revived = laws::check_conflict<RevivesErased>(seed);
    }
    CHECK(ties.starts_with("join is not commutative"));
    CHECK(revived.starts_with("a write does not cover what it was told of"));
}
