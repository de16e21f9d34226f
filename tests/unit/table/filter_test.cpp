// Filters never deny a key that is there, and rarely claim one that is not.

#include <kvilt/core/checksum.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/filter_locator.hpp>
#include <kvilt/table/filter_none.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace kvilt;
using filter::Kind;

static_assert(filter::FilterPolicy<filter::Locator> && filter::FilterPolicy<filter::Bloom<>> &&
              filter::FilterPolicy<filter::None>);

namespace {

std::uint64_t hash_of(std::uint64_t key) { return hash_key(std::to_string(key)); }

template <std::size_t bits>
double false_positives(std::uint64_t keys) {
    typename filter::Bloom<bits>::Builder builder;
    for (std::uint64_t key = 0; key < keys; ++key) builder.add(hash_of(key), 0);
    const filter::Built built = builder.finish();
    CHECK(built.bytes.size() <= keys * bits / 8 + 192);
    const auto view = filter::Bloom<bits>::View::open(built.kind, built.bytes);
    REQUIRE(view);
    for (std::uint64_t key = 0; key < keys; ++key) REQUIRE(view->may_contain(hash_of(key)));
    std::uint64_t claimed = 0;
    for (std::uint64_t key = keys; key < keys + 100'000; ++key) claimed += view->may_contain(hash_of(key)) ? 1 : 0;
    return static_cast<double>(claimed) / 100'000;
}

struct Located {
    bool found = false;
    std::size_t visits = 0;
};

Located locate(const filter::Locator::View& view, std::uint64_t hash, std::uint64_t address) {
    Located located;
    located.found = view.find(hash, [&](std::uint64_t candidate) {
        ++located.visits;
        return candidate == address;
    });
    return located;
}

void check_locator(std::uint64_t keys, std::uint64_t stride, Kind kind, double bytes_per_key) {
    filter::Locator::Builder builder;
    for (std::uint64_t key = 0; key < keys; ++key) builder.add(hash_of(key), key * stride);
    const filter::Built built = builder.finish();
    CHECK(built.kind == kind);
    CHECK(static_cast<double>(built.bytes.size()) <= static_cast<double>(keys) * bytes_per_key + 64);
    const auto view = filter::Locator::View::open(built.kind, built.bytes);
    REQUIRE(view);
    std::size_t visits = 0;
    for (std::uint64_t key = 0; key < keys; ++key) REQUIRE(locate(*view, hash_of(key), key * stride).found);
    for (std::uint64_t key = keys; key < keys + 100'000; ++key)
        visits += locate(*view, hash_of(key), ~std::uint64_t{0}).visits;
    MESSAGE(visits, " of 100000 absent keys cost a look at an entry");
    CHECK(visits < 60);
}

} // namespace

TEST_CASE("a Bloom filter of 10 bits errs on about one key in a hundred") {
    CHECK(false_positives<10>(100'000) < 0.013);
    CHECK(false_positives<16>(100'000) < 0.002);
    CHECK(false_positives<4>(100'000) < 0.2);
    CHECK(false_positives<10>(1) < 0.01);
}

TEST_CASE("a locator finds every address and hardly any other") {
    check_locator(100'000, 15, Kind::locator, 7.2);
    check_locator(100'000, 40'000, Kind::locator_wide, 9.2);
}

TEST_CASE("a locator stays right where every key wants one bucket") {
    filter::Locator::Builder builder;
    for (std::uint64_t key = 0; key < 500; ++key)
        builder.add(~std::uint64_t{0} << 32 | key, key); // the last one: wraps
    const filter::Built built = builder.finish();
    const auto view = filter::Locator::View::open(built.kind, built.bytes);
    REQUIRE(view);
    for (std::uint64_t key = 0; key < 500; ++key) CHECK(locate(*view, ~std::uint64_t{0} << 32 | key, key).found);
    CHECK_FALSE(locate(*view, ~std::uint64_t{0} << 32 | 9999, 0).found);
}

TEST_CASE("keys with one hash are all visited") {
    filter::Locator::Builder builder;
    for (std::uint64_t key = 0; key < 40; ++key) builder.add(42, key);
    const filter::Built built = builder.finish();
    const auto view = filter::Locator::View::open(built.kind, built.bytes);
    REQUIRE(view);
    std::set<std::uint64_t> seen;
    CHECK_FALSE(view->find(42, [&](std::uint64_t address) { return !seen.insert(address).second; }));
    CHECK(seen.size() == 40);
}

TEST_CASE("addresses beyond the wide locator's reach leave a file without a filter") {
    filter::Locator::Builder builder;
    builder.add(1, std::uint64_t{1} << 32);
    CHECK(builder.finish().kind == Kind::none);
}

TEST_CASE("malformed filters are refused or end") {
    CHECK_FALSE(filter::Locator::View::open(Kind::locator, ""));
    CHECK_FALSE(filter::Locator::View::open(Kind::locator, std::string(65, 'x')));
    CHECK_FALSE(filter::Locator::View::open(Kind::bloom, std::string(64, 'x')));
    CHECK_FALSE(filter::Bloom<>::View::open(Kind::bloom, std::string(64, '\1')));
    CHECK_FALSE(filter::Bloom<>::View::open(Kind::bloom, std::string(128, '\0')));   // no probes
    CHECK_FALSE(filter::Bloom<>::View::open(Kind::bloom, std::string(128, '\xff'))); // too many
    CHECK_FALSE(filter::Bloom<>::View::open(Kind::locator, std::string(128, '\1')));
    const std::string full(640, '\xff'); // every bucket overflows and claims 255 entries
    for (const Kind kind : {Kind::locator, Kind::locator_wide}) {
        const auto view = filter::Locator::View::open(kind, full);
        REQUIRE(view);
        CHECK_FALSE(locate(*view, ~std::uint64_t{0}, 1).found);
    }
}
