#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/laws/conflict.hpp>

#include <doctest/doctest.h>

#include <cstdlib>

using namespace kvilt;
namespace {

// Keeps whichever record it is given first.
struct FirstGiven : conflict::Overwrite {
    static Record join(const Record& a, const Record&) { return a; }
};
// Counts what it has seen.
struct Adds : conflict::Overwrite {
    static Record join(const Record& a, const Record& b) {
        return {a.key, a.sequence + b.sequence, a.sequence < b.sequence ? b.cell : a.cell};
    }
};

} // namespace

TEST_CASE("the later write wins, be it a put or a tombstone") {
    const Record old{.key = "k", .sequence = 7, .cell = {.value = "old"}};
    const Record gone{.key = "k", .sequence = 9, .cell = {.kind = Kind::tombstone}};
    CHECK(conflict::Overwrite::join(old, gone).sequence == 9);
    CHECK(conflict::Overwrite::join(gone, old).cell.kind == Kind::tombstone);
}

TEST_CASE("Overwrite keeps the laws of a join") {
    const char* given = std::getenv("KVILT_SEED");
    const std::uint64_t seed = given == nullptr ? 1 : std::strtoull(given, nullptr, 10);
    MESSAGE("KVILT_SEED=", seed);
    CHECK(laws::check_conflict<conflict::Overwrite>(seed) == "");
}

TEST_CASE("the laws find joins that are none") {
    CHECK(laws::check_conflict<FirstGiven>().starts_with("join is not commutative"));
    CHECK(laws::check_conflict<Adds>().starts_with("join is not idempotent"));
}
