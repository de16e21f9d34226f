// What the homes of a key say together.
#include <kvilt/cluster/cell_buffer.hpp>
#include <kvilt/conflict/last_write_wins.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace kvilt;
using Clock = conflict::LastWriteWins<>;
using Joined = cluster::Joined<Clock>;

namespace {

struct Stamped {
    Stamped(std::uint64_t time, Bytes value)
        : cell(Clock::write(nullptr, {}, {.node = {1}, .incarnation = 1, .time = time}, Kind::put, value, stamp)
                   .value()) {}
    Stamped(const Stamped&) = delete;
    std::string stamp{};
    Cell cell;
};

} // namespace

TEST_CASE("who has the join agrees with it, and who has less or more is told from it") {
    const Stamped old(1, "old"), late(2, "late");
    Joined joined;
    CHECK(joined.version() == Joined::nothing);
    const std::size_t first = joined.add(old.cell);
    CHECK(first == joined.version());
    CHECK(joined.add(old.cell) == joined.version());
    const std::size_t second = joined.add(late.cell);
    CHECK(second == joined.version());
    CHECK(first != joined.version());
    CHECK(joined.add(old.cell) == Joined::less);
    CHECK(joined.cell()->value == "late");
}

TEST_CASE("two cells of one stamp and different values do not agree, and the greater is the join in either order") {
    const Stamped a(1, "a"), b(1, "b");
    for (const bool a_first : {true, false}) {
        Joined joined;
        const std::size_t said_first = joined.add(a_first ? a.cell : b.cell);
        const std::size_t said_second = joined.add(a_first ? b.cell : a.cell);
        CHECK(said_first != said_second);
        CHECK((a_first ? said_second : said_first) == joined.version());
        CHECK(joined.cell()->value == "b");
    }
}
