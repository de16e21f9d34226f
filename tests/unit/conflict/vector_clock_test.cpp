#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/laws/conflict.hpp>
#include <kvilt/laws/merge.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <optional>
#include <set>

using namespace kvilt;
using conflict::VectorClock;
using laws::OwnedCell;
using laws::same_cell;
using Clock = VectorClock<>;

namespace {

using Values = std::vector<std::string>;

// A replica that takes writes on its own.
struct Node {
    std::uint32_t number = 0;
    std::uint32_t incarnation = 1;
    std::optional<OwnedCell> copy{};

    Result<void> write(Bytes context, Kind kind, Bytes value) {
        std::string room;
        const Cell there = copy ? copy->cell() : Cell{};
        KVILT_TRY_ASSIGN(left, Clock::write(copy ? &there : nullptr, context,
                                            {.node = {number}, .incarnation = incarnation}, kind, value, room));
        copy = OwnedCell(left);
        return {};
    }
    void put(Bytes context, Bytes value) { REQUIRE(write(context, Kind::put, value)); }
    void erase(Bytes context) { REQUIRE(write(context, Kind::tombstone, "")); }
    void take(const Node& other) {
        std::string room;
        copy = copy ? OwnedCell(Clock::join(copy->cell(), other.copy->cell(), room)) : other.copy;
    }
    std::string context() const { return Clock::context(copy->cell()); }
    Values values() const { return laws::detail::values_of<Clock>(copy->cell()); }
};

// The members of sets, one letter each, in order: "acd".
struct Union {
    static std::string merge(std::span<const Bytes> siblings) {
        std::set<char> all;
        for (const Bytes each : siblings) all.insert(each.begin(), each.end());
        return {all.begin(), all.end()};
    }
};
struct Joined { // keeps doubles and order
    static std::string merge(std::span<const Bytes> siblings) {
        std::string all;
        for (const Bytes each : siblings) all += each;
        return all;
    }
};
struct First {
    static std::string merge(std::span<const Bytes> siblings) { return std::string(siblings.front()); }
};
struct Halves { // the mean: merges of merges weigh differently
    static std::string merge(std::span<const Bytes> siblings) {
        std::size_t sum = 0;
        for (const Bytes each : siblings) sum += each.size();
        return std::string(sum / siblings.size(), 'x');
    }
};

} // namespace

TEST_CASE("a write with the context of a read replaces what was read, and nothing else") {
    Node node{.number = 1};
    node.put("", "milk");
    const std::string milk = node.context();
    node.put(milk, "milk, eggs");
    CHECK(node.values() == Values{"milk, eggs"});
    node.put(milk, "milk, tea"); // of one who has not seen the eggs
    CHECK(node.values() == Values{"milk, eggs", "milk, tea"});
    node.put(node.context(), "milk, eggs, tea");
    CHECK(node.values() == Values{"milk, eggs, tea"});
}

TEST_CASE("a write without a context makes a sibling") {
    Node node{.number = 1};
    node.put("", "a");
    node.put("", "b");
    CHECK(node.values() == Values{"a", "b"});
    CHECK(Clock::values(node.copy->cell()) == 2);
}

TEST_CASE("an erase removes what its context covers, and a concurrent write survives it") {
    Node one{.number = 1}, two{.number = 2};
    one.put("", "a");
    two.take(one);
    const std::string read = two.context();
    one.put(one.context(), "b");
    two.erase(read);
    CHECK(two.values().empty());
    CHECK(Clock::values(two.copy->cell()) == 0);
    two.take(one);
    CHECK(two.values() == Values{"b"});
    one.take(two);
    CHECK(same_cell(one.copy->cell(), two.copy->cell()));
}

TEST_CASE("what is erased stays erased when an old copy comes by") {
    Node one{.number = 1}, old{.number = 2};
    one.put("", "a");
    old.take(one);
    one.erase(one.context());
    CHECK(Clock::covers(one.copy->cell(), old.copy->cell()));
    old.take(one);
    CHECK(old.values().empty());
}

TEST_CASE("an erase without a context is refused where something is present, and leaves nothing where nothing is") {
    Node node{.number = 1};
    node.erase("");
    CHECK(node.values().empty());
    node.put("", "a");
    const auto refused = node.write("", Kind::tombstone, "");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "erase: version conflict: without a context it would erase what nobody has read; "
          "read, then erase with that context");
    CHECK(node.values() == Values{"a"});
}

TEST_CASE("a context from a fresher replica replaces what the writing replica has not seen yet") {
    Node one{.number = 1}, two{.number = 2};
    one.put("", "a");
    one.put("", "b");
    two.put(one.context(), "c");
    CHECK(two.values() == Values{"c"});
    two.take(one);
    CHECK(two.values() == Values{"c"});
}

TEST_CASE("a lone sibling is the plain value, and it is returned where it lies") {
    std::string room, other_room;
    const Bytes value = "in place";
    const Cell first = Clock::write(nullptr, "", {.node = {1}, .incarnation = 1}, Kind::put, value, room).value();
    CHECK(first.value.data() == value.data());
    const Cell second =
        Clock::write(&first, Clock::context(first), {.node = {2}, .incarnation = 1}, Kind::put, "new", other_room)
            .value();
    std::string third_room;
    CHECK(Clock::join(first, second, third_room).value.data() == second.value.data());
    CHECK(Clock::join(second, first, third_room).value.data() == second.value.data());
}

TEST_CASE("siblings stand in the order of their dots on every copy") {
    Node one{.number = 1}, two{.number = 2}, three{.number = 3};
    three.put("", "first");
    one.put("", "second");
    two.put("", "third");
    for (Node* node : {&one, &two, &three})
        for (const Node* other : {&three, &one, &two}) node->take(*other);
    CHECK(one.values() == Values{"second", "third", "first"});
    CHECK(two.values() == one.values());
    CHECK(three.values() == one.values());
}

TEST_CASE("no more than a hundred concurrent values are kept: the write is refused and says the cure") {
    Node node{.number = 1};
    for (std::size_t i = 0; i < Clock::siblings_max; ++i) node.put("", "value " + std::to_string(i));
    const OwnedCell before = *node.copy;
    const auto refused = node.write("", Kind::put, "one more");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "write: siblings: the key has 100 concurrent values that this write does not replace, and at most 100 are "
          "kept; fetch them and write one with their context");
    CHECK(same_cell(node.copy->cell(), before.cell()));
    node.put(node.context(), "all of them");
    CHECK(node.values() == Values{"all of them"});
}

TEST_CASE("what eight nodes keep apart at the limit of each can still be joined") {
    Node joined{.number = 100};
    for (std::uint32_t number = 0; number < 8; ++number) {
        Node node{.number = 1'000'000 + number};
        while (node.write("", Kind::put, std::string(200, 'v'))) {
        }
        CHECK(node.values().size() == Clock::siblings_max);
        joined.take(node);
    }
    CHECK(Clock::well_formed(joined.copy->cell()));
    CHECK(Clock::values(joined.copy->cell()) == 8 * Clock::siblings_max);
    CHECK_FALSE(joined.write("", Kind::put, "one more"));
    joined.put(joined.context(), "one");
    CHECK(joined.values() == Values{"one"});
}

TEST_CASE("a vector that has grown too long refuses writes, prunes nothing, and the key can still be erased") {
    Node node{.number = 70'000};
    std::size_t lives = 0;
    Result<void> left{};
    while ((left = node.write(node.copy ? node.context() : "", Kind::put, "v"))) {
        ++node.incarnation;
        ++lives;
    }
    CHECK(left.error() == Errc::full);
    CHECK(left.error().message().find("one for each life of a node") != std::string::npos);
    CHECK(lives > 300);
    CHECK(node.copy->stamp.size() <= Clock::written_stamp_bytes_max);
    node.erase(node.context());
    CHECK(node.values().empty());
}

TEST_CASE("concurrent values have a limit together, and a write over it is refused") {
    const std::string half(Clock::siblings_value_bytes_max / 2 + 1, 'h');
    Node node{.number = 1};
    node.put("", half);
    const auto refused = node.write("", Kind::put, half);
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Errc::invalid_argument);
    node.put(node.context(), half);
}

TEST_CASE("a key that was forgotten gives no dot again") {
    const WriteStamp by{.node = {1}, .incarnation = 1, .time = 40};
    std::string room, other_room, third_room;
    const Cell before = Clock::write(nullptr, "", by, Kind::put, "before", room).value();
    const std::string old_context = Clock::context(before);
    // The cell is erased, its tombstone dropped everywhere; then somebody writes, and the old context comes back.
    const WriteStamp later{.node = {1}, .incarnation = 1, .time = 77};
    const Cell unseen = Clock::write(nullptr, "", later, Kind::put, "unseen", other_room).value();
    const Cell after = Clock::write(&unseen, old_context, later, Kind::put, "after", third_room).value();
    CHECK(laws::detail::values_of<Clock>(after) == Values{"unseen", "after"});
}

TEST_CASE("a context that knows more of the writing node than it has made is refused") {
    Node node{.number = 1}, twin{.number = 1};
    twin.put("", "a");
    twin.put("", "b");
    node.put("", "c");
    const auto refused = node.write(twin.context(), Kind::put, "d");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "write: version conflict: the context knows write 2 of node 1, which has made no "
          "more than 1; read again and write with the context of that read");
}

TEST_CASE("a merge function gives readers one value, and takes away the capability of siblings") {
    using Merged = VectorClock<Union>;
    static_assert(ConflictPolicy<Merged>);
    CHECK_FALSE(Merged::provides.has(Capability::siblings));
    CHECK(Clock::provides.has(Capability::siblings));
    std::string room, other_room, merged_room;
    const WriteStamp by{.node = {1}, .incarnation = 1};
    const Cell one = Merged::write(nullptr, "", by, Kind::put, "ac", room).value();
    CHECK(Merged::merged(one, merged_room).data() == one.value.data());
    const Cell two = Merged::write(&one, "", by, Kind::put, "ad", other_room).value();
    CHECK(Merged::merged(two, merged_room) == "acd");
}

TEST_CASE("the laws of a merge find functions that are none") {
    const std::vector<std::string> samples{"", "a", "b", "ab", "bcd", "xyz"};
    CHECK(laws::check_merge<Union>(samples) == "");
    CHECK(laws::check_merge<Joined>({"a", "b"}) == "merge is not idempotent: \"a\"");
    CHECK(laws::check_merge<First>(samples) == "merge is not commutative: \"\" \"a\"");
    CHECK(laws::check_merge<Halves>({"xx", "xxxxxx"}) == "merge forgets what it has merged: \"xx\" \"xxxxxx\"");
}

TEST_CASE("VectorClock keeps the laws, with and without a merge") {
    for_each_seed(40, [](std::uint64_t seed) {
        const std::string wrong = laws::check_conflict<Clock>(seed) + laws::check_conflict<VectorClock<Union>>(seed);
        CHECK_MESSAGE(wrong == "", replay(seed));
        return wrong.empty();
    });
}
