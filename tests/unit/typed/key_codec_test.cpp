#include <kvilt/core/range.hpp>
#include <kvilt/laws/codec.hpp>
#include <kvilt/typed/key_codec.hpp>

#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/define_struct.hpp>
#include <doctest/doctest.h>

#include "samples.hpp"
#include <cmath>

using namespace kvilt;

namespace bank {

enum class Currency : std::int16_t { euro = -3, franc = 0, yen = 900 };
enum Loose { some, other };

struct Position {
    BOOST_HANA_DEFINE_STRUCT(Position, (std::string, account), (std::uint32_t, line));
    friend bool operator<(const Position& a, const Position& b) {
        return std::tie(a.account, a.line) < std::tie(b.account, b.line);
    }
};

struct Day {
    int year = 0;
    std::uint8_t month = 0;
    friend bool operator<(const Day& a, const Day& b) { return std::tie(a.year, a.month) < std::tie(b.year, b.month); }
};

// Has a codec of its own: text that sorts.
struct Version {
    unsigned number = 0;
    friend auto operator<=>(const Version&, const Version&) = default;
};

struct Unknown {};

} // namespace bank

BOOST_HANA_ADAPT_STRUCT(bank::Day, year, month);

template <>
struct kvilt::KeyCodec<bank::Version> {
    static void append(std::string& to, const bank::Version& key) {
        const std::string digits = std::to_string(key.number);
        to += 'v';
        to += static_cast<char>('a' + digits.size());
        to += digits;
    }
    static Result<bank::Version> decode(Bytes bytes) {
        bank::Version key;
        for (const char c : bytes.substr(std::min<std::size_t>(2, bytes.size()))) {
            if (c < '0' || c > '9' || key.number > 99'999'999) return failure(Errc::corruption, "decode version");
            key.number = 10 * key.number + static_cast<unsigned>(c - '0');
        }
        std::string again;
        append(again, key);
        if (again != bytes) return failure(Errc::corruption, "decode version");
        return key;
    }
};

namespace {

template <class T>
std::string key_of(const T& key) {
    return std::string(Bytes(KeyBytes<T>(key)));
}

template <class T>
void check(std::size_t count = 60) {
    CHECK(laws::check_key_codec(samples::of<T>(count), samples::seed()) == "");
}

// The last byte first.
struct Backward {
    std::uint16_t number = 0;
    friend auto operator<=>(const Backward&, const Backward&) = default;
};

} // namespace

template <>
struct kvilt::KeyCodec<Backward> {
    static void append(std::string& to, const Backward& key) { coding::append(to, key.number); }
    static Result<Backward> decode(Bytes bytes) {
        coding::Reader from(bytes);
        const Backward key{from.fixed<std::uint16_t>()};
        if (from.done()) return key;
        return failure(Errc::corruption, "decode key");
    }
};

TEST_CASE("numbers sort as numbers") {
    MESSAGE("KVILT_SEED=", samples::seed());
    check<bool>(10);
    check<std::int8_t>(120);
    check<std::uint8_t>(120);
    check<std::int16_t>();
    check<std::uint16_t>();
    check<std::int32_t>();
    check<std::uint32_t>();
    check<std::int64_t>();
    check<std::uint64_t>();
    check<float>(120);
    check<double>(120);
}

TEST_CASE("composite keys sort by their members") {
    check<std::string>();
    check<std::tuple<std::string, std::string>>(100);
    check<std::tuple<std::optional<std::string>, std::int16_t, bool>>(100);
    check<std::pair<std::vector<std::string>, std::array<std::int8_t, 2>>>(100);
    check<std::vector<std::vector<std::uint8_t>>>();
    check<bank::Position>(100);
    check<std::tuple<bank::Day, std::string>>(100);
    using bank::Currency;
    CHECK(laws::check_key_codec(std::vector{Currency::euro, Currency::franc, Currency::yen}) == "");
}

TEST_CASE("infinities and the ends of doubles are in their places; zeros are one key; NaNs are one and last") {
    using Limits = std::numeric_limits<double>;
    const std::vector<double> ascending{
        -Limits::infinity(),  Limits::lowest(), -1,  -Limits::min(), -Limits::denorm_min(), 0,
        Limits::denorm_min(), Limits::min(),    1.5, Limits::max(),  Limits::infinity()};
    CHECK(laws::check_key_codec(ascending) == "");
    CHECK(key_of(-0.0) == key_of(0.0));
    CHECK(key_of(std::nan("1")) == key_of(-std::nan("2")));
    CHECK(key_of(std::nan("")) > key_of(Limits::infinity()));
    CHECK(std::isnan(KeyCodec<double>::decode(key_of(std::nan(""))).value()));
}

TEST_CASE("a prefix of the first members is exactly the keys that begin with them") {
    using Key = std::tuple<std::string, std::int8_t, std::string>;
    const auto keys = samples::of<Key>(150);
    std::size_t inside = 0;
    for (const auto& [a, b, c] : keys) {
        const Range one = prefix(std::tuple(a));
        const Range two = prefix(std::tuple(a, b));
        for (const Key& key : keys) {
            const bool begins_one = std::get<0>(key) == a;
            const bool begins_two = begins_one && std::get<1>(key) == b;
            REQUIRE(one.contains(key_of(key)) == begins_one);
            REQUIRE(two.contains(key_of(key)) == begins_two);
            inside += begins_two ? 1 : 0;
        }
    }
    CHECK(inside >= keys.size());
    CHECK(prefix(std::tuple("eu", std::int8_t{7})).contains(key_of(Key("eu", 7, "anything"))));
    CHECK_FALSE(prefix(std::tuple("eu", std::int8_t{7})).contains(key_of(Key("eux", 7, ""))));
    CHECK(prefix(bank::Day{2024, 2}).contains(key_of(std::tuple(bank::Day{2024, 2}, 1))));
}

TEST_CASE("the bytes of keys are the format's") {
    CHECK(key_of(std::uint16_t{0x1234}) == "\x12\x34");
    CHECK(key_of(std::int32_t{-1}) == "\x7f\xff\xff\xff");
    CHECK(key_of(1.0) == std::string("\xbf\xf0\0\0\0\0\0\0", 8));
    CHECK(key_of(std::string("a\0b", 3)) == std::string("a\0b", 3));
    CHECK(key_of(std::tuple(std::string("a\0b", 3), true)) == std::string("a\0\xff"
                                                                          "b\0\1\1",
                                                                          7));
    CHECK(key_of(std::vector<std::uint8_t>{5, 6}) == std::string("\1\5\1\6\0", 5));
    CHECK(key_of(std::optional<bool>()) == std::string("\0", 1));
    CHECK(key_of(bank::Position{"ann", 9}) == std::string("ann\0\1\0\0\0\x09", 9));
}

TEST_CASE("a key codec of the user's own works alone and inside composites") {
    const auto versions = std::vector<bank::Version>{{0}, {9}, {10}, {11}, {200}, {1000}};
    CHECK(laws::check_key_codec(versions) == "");
    CHECK(key_of(bank::Version{42}) == "vc42");
    std::vector<std::tuple<bank::Version, std::string>> pairs;
    for (const auto& version : versions)
        for (const char* text : {"", "a", "b"}) pairs.emplace_back(version, text);
    CHECK(laws::check_key_codec(pairs) == "");
}

TEST_CASE("the laws find a codec that does not keep order") {
    CHECK(laws::check_key_codec(std::vector<Backward>{{1}, {256}})
              .starts_with("the bytes of keys are not in the order of the keys"));
}

TEST_CASE("what has no codec is no key") {
    static_assert(CodableKey<const char*> && CodableKey<std::string_view> && CodableKey<char[4]>);
    static_assert(CodableKey<char> && CodableKey<bank::Currency> && !CodableKey<bank::Loose>);
    static_assert(!CodableKey<bank::Unknown> && !CodableKey<std::tuple<int, bank::Unknown>>);
    static_assert(!CodableKey<long double> && !CodableKey<wchar_t> && !CodableKey<int*>);
    const auto refused = KeyCodec<std::uint32_t>::decode("abc");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() == "decode key: corruption: 3 bytes are no key of the type asked for");
}
