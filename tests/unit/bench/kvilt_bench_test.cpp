// What kvilt_bench's figures rest on: the watch's histogram, and who is asked for.
#include <doctest/doctest.h>

#include "../../../bench/kvilt_bench/distributions.hpp"
#include "../../../bench/kvilt_bench/keys.hpp"
#include "../../../bench/kvilt_bench/latency.hpp"
#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

using namespace bench;

namespace {

// How often each of the first ten ranks comes among a million.
std::vector<double> shares(const Zipfian& zipfian) {
    constexpr std::size_t drawn = 1'000'000;
    Random random(1);
    std::vector<double> counts(10);
    for (std::size_t n = 0; n < drawn; ++n)
        if (const std::uint64_t rank = zipfian(random); rank < counts.size()) counts[rank] += 1.0 / drawn;
    return counts;
}

} // namespace

TEST_CASE("a quantile is within half a percent of what a sorted list says") {
    Random random(7);
    Histogram histogram;
    std::vector<std::uint64_t> values;
    for (int n = 0; n < 100'000; ++n) {
        values.push_back(random.next() >> random.below(60)); // of all sizes
        histogram.add(values.back());
    }
    std::ranges::sort(values);
    for (const double share : {0.001, 0.25, 0.5, 0.99, 0.999, 1.0}) {
        const auto at = static_cast<std::size_t>(std::ceil(share * static_cast<double>(values.size()))) - 1;
        const auto right = static_cast<double>(values[at]);
        CHECK(std::abs(histogram.quantile(share) - right) <= 0.005 * right);
    }
    CHECK(histogram.max() == values.back());
    CHECK(histogram.count() == values.size());
}

TEST_CASE("small values are counted exactly, and histograms add up") {
    Histogram one;
    Histogram other;
    for (std::uint64_t value = 0; value < 200; ++value) (value % 2 == 0 ? one : other).add(value);
    one.merge(other);
    CHECK(one.count() == 200);
    CHECK(one.quantile(0.5) == 99);
    CHECK(one.quantile(1) == 199);
    CHECK(Histogram().quantile(0.5) == 0);
}

TEST_CASE("every operation is called once, in order, and one in `every` is timed alone") {
    for (const std::uint64_t count : {0u, 1u, 7u, 8u, 9u, 100u}) {
        Histogram latencies;
        std::vector<std::uint64_t> called;
        timed(count, 8, latencies, [&](std::uint64_t n) { called.push_back(n); });
        REQUIRE(called.size() == count);
        for (std::uint64_t n = 0; n < count; ++n) CHECK(called[n] == n);
        CHECK(latencies.count() == (count + 7) / 8);
    }
}

TEST_CASE("a permutation meets each number once, in an order of its seed") {
    for (const std::uint64_t count : {1u, 2u, 3u, 1000u, 1024u, 1025u, 100'000u}) {
        std::vector<bool> met(count);
        std::size_t in_place = 0;
        const Permutation order(count, 5);
        for (std::uint64_t n = 0; n < count; ++n) {
            const std::uint64_t number = order(n);
            REQUIRE(number < count);
            CHECK(!met[number]);
            met[number] = true;
            in_place += number == n;
        }
        if (count >= 1000) CHECK(in_place < 10);
    }
    CHECK(Permutation(1000, 1)(0) != Permutation(1000, 2)(0));
}

TEST_CASE("ranks come in proportion to 1 / rank^0.99") {
    for (const std::uint64_t count : {100u, 100'000u}) {
        const double zeta = Zipfian::zeta(0, count);
        const std::vector<double> seen = shares(Zipfian(count));
        CHECK(std::abs(seen[0] * zeta - 1) < 0.02);
        CHECK(std::abs(seen[1] * zeta * std::pow(2, Zipfian::theta) - 1) < 0.02);
        for (std::size_t rank = 2; rank < seen.size(); ++rank) // Gray's is an approximation from the third on
            CHECK(std::abs(seen[rank] * zeta * std::pow(static_cast<double>(rank + 1), Zipfian::theta) - 1) < 0.25);
    }
}

TEST_CASE("the zeta that YCSB states is that of its ten billion ranks") {
    // Euler and Maclaurin: the first million ranks are added, the rest is an integral.
    constexpr double theta = Zipfian::theta;
    const double n = 1e6;
    const double rest = (std::pow(1e10, 1 - theta) - std::pow(n, 1 - theta)) / (1 - theta) +
                        (std::pow(1e10, -theta) - std::pow(n, -theta)) / 2;
    CHECK(std::abs(Zipfian::zeta(0, 1'000'000) + rest - 26.46902820178302) < 1e-6);
}

TEST_CASE("a zipfian that grows is that of the greater count") {
    Zipfian grown(1000);
    for (int n = 0; n < 1000; ++n) grown.grow();
    CHECK(shares(grown) == shares(Zipfian(2000)));
}

TEST_CASE("popular keys are spread, and the newest are read most") {
    constexpr std::uint64_t count = 10'000;
    Random random(3);
    const ScrambledZipfian popular(count);
    std::vector<std::size_t> counts(count);
    for (int n = 0; n < 100'000; ++n) ++counts[popular(random)];
    const auto most = std::ranges::max_element(counts);
    CHECK(*most > 3000); // one in zeta, which is 26.5
    CHECK(*most < 5000);
    CHECK(std::ranges::count_if(counts, [](std::size_t each) { return each != 0; }) > 5000);

    Latest latest(count);
    latest.grow();
    std::size_t newest = 0;
    for (int n = 0; n < 100'000; ++n) {
        const std::uint64_t number = latest(random);
        REQUIRE(number <= count);
        newest += number == count;
    }
    CHECK(std::abs(static_cast<double>(newest) / 100'000 * Zipfian::zeta(0, count + 1) - 1) < 0.05);
}

TEST_CASE("keys are digits, in the order of their numbers, with room for missing ones between them") {
    CHECK(Key(0).bytes() == "0000000000000000");
    CHECK(Key(9'876'543'210'123'456).bytes() == "9876543210123456");
    Key missing;
    missing.set_missing(19);
    CHECK(missing.bytes() > Key(19).bytes());
    CHECK(missing.bytes() < Key(20).bytes());
}

TEST_CASE("half of a compressible value repeats the other half, and of other values it does not") {
    const Values values(200, true);
    const Values others(200, false);
    std::set<Bytes> seen;
    for (std::uint64_t number = 0; number < 100; ++number) {
        const Bytes value = values.of(number, 0);
        CHECK(value.size() == 200);
        CHECK(value.substr(0, 50) == value.substr(50, 50));
        CHECK(value.substr(100, 50) == value.substr(150, 50));
        seen.insert(value.substr(0, 50));
        CHECK(others.of(number, 0).substr(0, 50) != others.of(number, 0).substr(50, 50));
    }
    CHECK(seen.size() > 95);
}

TEST_CASE("values tell their key and version apart") {
    for (const bool compressible : {false, true}) {
        const Values values(100, compressible);
        CHECK(values.of(1, 0).size() == 100);
        CHECK(values.is(values.of(1, 0), 1, 0));
        CHECK(!values.is(values.of(1, 1), 1, 0));
        CHECK(!values.is(values.of(2, 0), 1, 0));
        CHECK(!values.is(values.of(1, 0).substr(1), 1, 0));
        CHECK(values.is_any(values.of(1, 1), 1, 1));
        CHECK(!values.is_any(values.of(1, 2), 1, 1));
    }
}
