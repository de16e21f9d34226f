// What to merge, and what to keep: decisions on plain values, without files.
#include <kvilt/table/compaction.hpp>
#include <kvilt/table/retention.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>
#include <random>
#include <string>

namespace {

using namespace kvilt;
using table::Compaction;
using table::Picker;
using table::Retention;
using table::RunBounds;
using table::Shape;

// Files and runs as a version holds them.
struct Layout {
    std::vector<TableFile> files{};
    std::vector<RunBounds> runs{};

    void add(std::uint32_t level, std::uint64_t run, std::string first, std::string last, std::uint64_t bytes = 100,
             std::uint64_t tombstones = 0) {
        files.push_back({.number = files.size() + 1,
                         .level = level,
                         .run = run,
                         .bytes = bytes,
                         .entries = 100,
                         .tombstones = tombstones,
                         .key_first = std::move(first),
                         .key_last = std::move(last)});
    }
    Picker picker(const Shape& shape) {
        std::sort(files.begin(), files.end(), table::newer_or_lower);
        runs.clear();
        for (std::size_t at = 0; at < files.size(); ++at) {
            if (runs.empty() || runs.back().level != files[at].level || runs.back().run != files[at].run)
                runs.push_back({files[at].level, files[at].run, at, at});
            ++runs.back().end;
        }
        return Picker(shape, files, runs);
    }
    std::vector<std::vector<std::uint64_t>> numbers(const Compaction& plan) const {
        std::vector<std::vector<std::uint64_t>> result;
        for (const auto& input : plan.inputs) {
            result.emplace_back();
            for (const std::size_t at : input) result.back().push_back(files[at].number);
        }
        return result;
    }
};

constexpr Shape lazy{.ratio = 8, .runs_upper = 3, .runs_last = 1, .level_bytes_base = 1000};
constexpr Shape leveled{.ratio = 10, .runs_upper = 1, .runs_last = 1, .level_bytes_base = 1000};
constexpr Shape tiered{.ratio = 8, .runs_upper = 7, .runs_last = 7, .level_bytes_base = 1000};

std::uint64_t seed() {
    const char* given = std::getenv("KVILT_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

struct Kept {
    Sequence sequence;
    Kind kind;
    friend bool operator==(const Kept&, const Kept&) = default;
};

// What is kept of the versions of one key, given newest first.
std::vector<Kept> kept(const std::vector<Kept>& versions, std::vector<Sequence> snapshots, bool oldest) {
    Retention retention(std::move(snapshots));
    std::vector<Kept> result;
    for (const Kept& version : versions) {
        const Record record{"key", version.sequence, {.kind = version.kind, .value = "value"}};
        const auto status = retention.take(
            record, [oldest](Bytes) { return oldest; },
            [&](const Record& out) -> Result<void> {
                CHECK(out.key == "key");
                result.push_back({out.sequence, out.cell.kind});
                return {};
            });
        REQUIRE(status.has_value());
    }
    return result;
}

constexpr Kind put = Kind::put;
constexpr Kind gone = Kind::tombstone;

std::optional<Sequence> visible(const std::vector<Kept>& versions, Sequence at) {
    for (const Kept& version : versions)
        if (version.sequence <= at) return version.kind == put ? std::optional(version.sequence) : std::nullopt;
    return std::nullopt;
}

} // namespace

TEST_CASE("a shape within its bounds asks for nothing and owes nothing") {
    for (const Shape& shape : {lazy, leveled, tiered}) {
        Layout layout;
        CHECK(!layout.picker(shape).pick());
        CHECK(!layout.picker(shape).pick_everything());
        for (std::uint64_t run = 1; run <= 3; ++run) layout.add(0, run, "a", "z");
        layout.add(1, 9, "a", "m", 400);
        layout.add(1, 9, "n", "z", 400);
        CHECK(!layout.picker(shape).pick());
        CHECK(layout.picker(shape).debt_bytes() == 0);
    }
}

TEST_CASE("flushed runs beyond the bound are merged with what they overlap below, newest first") {
    Layout layout;
    for (std::uint64_t run = 1; run <= 4; ++run) layout.add(0, run, "d", "f"); // numbers 1 to 4
    layout.add(1, 9, "a", "c");
    layout.add(1, 9, "e", "g");
    layout.add(1, 9, "h", "z");
    const auto plan = layout.picker(lazy).pick();
    REQUIRE(plan);
    CHECK(plan->level == 1);
    CHECK(plan->run == 9);
    CHECK(layout.numbers(*plan) == std::vector<std::vector<std::uint64_t>>{{4}, {3}, {2}, {1}, {6}});
    CHECK(layout.picker(lazy).debt_bytes() == 100);
}

TEST_CASE("runs are merged for reads as soon as look-ups in runs too many are as many as entries to write") {
    Layout layout; // of 100 entries each
    for (std::uint64_t run = 1; run <= 3; ++run) layout.add(0, run, "d", "f");
    SUBCASE("a single level goes where everything would") {
        CHECK(!layout.picker(lazy).pick_for_reads(149));
        const auto plan = layout.picker(lazy).pick_for_reads(150);
        REQUIRE(plan);
        CHECK(plan->level == 1);
        CHECK(!plan->run);
        CHECK(!plan->rewrite);
        CHECK(layout.numbers(*plan) == std::vector<std::vector<std::uint64_t>>{{3}, {2}, {1}});
    }
    SUBCASE("of several levels the first ones stay in the last of them, and the deepest that is paid for decides") {
        for (std::uint64_t file = 0; file < 9; ++file)
            layout.add(2, 9, std::string(1, static_cast<char>('a' + 2 * file)),
                       std::string(1, static_cast<char>('b' + 2 * file)));
        CHECK(!layout.picker(lazy).pick_for_reads(149));
        const auto upper = layout.picker(lazy).pick_for_reads(399);
        REQUIRE(upper);
        CHECK(upper->level == 0);
        CHECK(layout.numbers(*upper) == std::vector<std::vector<std::uint64_t>>{{3}, {2}, {1}});
        const auto everything = layout.picker(lazy).pick_for_reads(400);
        REQUIRE(everything);
        CHECK(everything->level == 2);
        CHECK(everything->inputs.size() == 4);
    }
    SUBCASE("of one run there is nothing to merge") {
        Layout one;
        one.add(1, 9, "a", "c");
        CHECK(!one.picker(lazy).pick_for_reads(~std::uint64_t{0}));
        CHECK(!Layout{}.picker(lazy).pick_for_reads(~std::uint64_t{0}));
    }
}

TEST_CASE("a last level beyond its size moves down whole, and the level it leaves holds several runs") {
    Layout layout;
    layout.add(1, 9, "a", "m", 600);
    layout.add(1, 9, "n", "z", 600);
    auto plan = layout.picker(lazy).pick();
    REQUIRE(plan);
    CHECK(plan->level == 2);
    CHECK(!plan->run);
    CHECK(layout.numbers(*plan) == std::vector<std::vector<std::uint64_t>>{{1, 2}});
    CHECK(layout.picker(lazy).debt_bytes() == 0);

    layout = {};
    for (std::uint64_t run = 11; run <= 14; ++run) layout.add(0, run, "a", "z");
    layout.add(1, 10, "a", "z");
    layout.add(2, 9, "a", "z", 1200);
    plan = layout.picker(lazy).pick();
    REQUIRE(plan);
    CHECK(plan->level == 1);
    CHECK(!plan->run); // a run of its own beside number 10
    CHECK(plan->inputs.size() == 4);
}

TEST_CASE("a level of several runs takes in what is disjoint from its newest") {
    Layout layout;
    for (std::uint64_t run = 11; run <= 14; ++run) layout.add(0, run, "n", "z");
    layout.add(1, 10, "a", "m");
    layout.add(2, 9, "a", "z", 1200);
    const auto plan = layout.picker(lazy).pick();
    REQUIRE(plan);
    CHECK(plan->run == 10);
    CHECK(plan->inputs.size() == 4);
}

TEST_CASE("a level of one run hands down the file that overlaps least, tombstones preferred") {
    Layout layout;
    layout.add(1, 9, "a", "c", 600);
    layout.add(1, 9, "d", "f", 600);
    layout.add(1, 9, "g", "i", 600);
    layout.add(2, 8, "a", "b", 900);
    layout.add(2, 8, "d", "e", 300);
    layout.add(2, 8, "g", "h", 500);
    auto plan = layout.picker(leveled).pick();
    REQUIRE(plan);
    CHECK(plan->level == 2);
    CHECK(plan->run == 8);
    CHECK(layout.numbers(*plan) == std::vector<std::vector<std::uint64_t>>{{2}, {5}});
    CHECK(layout.picker(leveled).debt_bytes() == 800);

    layout.files[2].tombstones = 100; // "g" to "i": 500 / 2 is less than 300
    plan = layout.picker(leveled).pick();
    REQUIRE(plan);
    CHECK(layout.numbers(*plan) == std::vector<std::vector<std::uint64_t>>{{3}, {6}});
}

TEST_CASE("tombstones are load: a level full of them goes down early") {
    Layout layout;
    layout.add(0, 5, "a", "z", 100, 90);
    CHECK(!layout.picker(lazy).pick()); // nothing below that they could free
    layout.add(1, 4, "a", "z", 500);
    const auto plan = layout.picker(lazy).pick();
    REQUIRE(plan);
    CHECK(plan->level == 1);
    CHECK(plan->inputs.size() == 2);
}

TEST_CASE("a store that another policy shaped is brought into shape") {
    Layout layout;
    for (std::uint64_t run = 1; run <= 6; ++run) layout.add(1, run, "a", "z", 50);
    CHECK(!layout.picker(tiered).pick());
    const auto plan = layout.picker(leveled).pick();
    REQUIRE(plan);
    CHECK(plan->level == 2);
    CHECK(plan->inputs.size() == 6);

    layout = {};
    for (std::uint64_t run = 11; run <= 17; ++run) layout.add(0, run, "d", "e", 50);
    for (std::uint64_t run = 1; run <= 2; ++run) layout.add(1, run, "a", "z", 50);
    const auto whole = layout.picker(leveled).pick();
    REQUIRE(whole);
    CHECK(whole->level == 1);
    CHECK(whole->inputs.size() == 9); // one run must come of it
}

TEST_CASE("everything goes into one run of the level that its size asks for") {
    Layout layout;
    layout.add(0, 5, "a", "z", 3000);
    layout.add(1, 4, "a", "z", 3000);
    const auto plan = layout.picker(lazy).pick_everything();
    REQUIRE(plan);
    CHECK(plan->level == 2);
    CHECK(plan->rewrite);
    CHECK(plan->inputs.size() == 2);
}

TEST_CASE("of versions that nobody can see apart the newest stays") {
    CHECK(kept({{9, put}, {7, put}, {3, put}}, {}, false) == std::vector<Kept>{{9, put}});
    CHECK(kept({{9, put}, {7, put}, {3, put}}, {7}, false) == std::vector<Kept>{{9, put}, {7, put}});
    CHECK(kept({{9, put}, {7, put}, {3, put}}, {3, 8}, false) == std::vector<Kept>{{9, put}, {7, put}, {3, put}});
    CHECK(kept({{9, put}, {9, put}}, {9}, false) == std::vector<Kept>{{9, put}});
}

TEST_CASE("a tombstone goes only when it hides nothing") {
    CHECK(kept({{9, gone}, {7, put}}, {}, false) == std::vector<Kept>{{9, gone}}); // an older run may hold the key
    CHECK(kept({{9, gone}, {7, put}}, {}, true).empty());
    CHECK(kept({{9, gone}, {7, put}}, {8}, true) == std::vector<Kept>{{9, gone}, {7, put}});
    CHECK(kept({{9, gone}, {7, gone}}, {8}, true).empty());
    CHECK(kept({{9, gone}, {7, gone}, {5, put}}, {6, 8}, true) == std::vector<Kept>{{7, gone}, {5, put}});
    CHECK(kept({{9, put}, {7, gone}}, {8}, true) == std::vector<Kept>{{9, put}});
}

TEST_CASE("whatever is dropped, every snapshot and every later reader see what they saw") {
    const std::uint64_t first = seed();
    for (std::uint64_t round = 0; round < 20'000; ++round) {
        std::mt19937_64 random(first + round);
        CAPTURE(first + round);
        std::vector<Kept> versions;
        std::vector<Sequence> snapshots;
        for (Sequence sequence = 20; sequence > 0; --sequence)
            if (random() % 3 == 0) versions.push_back({sequence, random() % 2 == 0 ? put : gone});
        for (Sequence sequence = 1; sequence <= 20; ++sequence)
            if (random() % 6 == 0) snapshots.push_back(sequence);
        const bool oldest = random() % 2 == 0;
        const auto result = kept(versions, snapshots, oldest);
        REQUIRE(visible(result, sequence_max) == visible(versions, sequence_max));
        for (const Sequence at : snapshots) REQUIRE(visible(result, at) == visible(versions, at));
        REQUIRE(result.size() <= snapshots.size() + 1);
        if (oldest) { // no tombstone without something to hide
            if (!result.empty()) REQUIRE(result.back().kind == put);
        } else if (!versions.empty()) { // an older run's record must stay hidden, from the same readers
            for (const Sequence at : snapshots) {
                const auto any = [at](const Kept& version) { return version.sequence <= at; };
                REQUIRE(std::any_of(result.begin(), result.end(), any) ==
                        std::any_of(versions.begin(), versions.end(), any));
            }
        }
    }
}
