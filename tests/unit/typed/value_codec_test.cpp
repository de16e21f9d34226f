#include <kvilt/core/batch.hpp>
#include <kvilt/laws/codec.hpp>
#include <kvilt/typed/value_codec.hpp>

#include <boost/hana/adapt_struct.hpp>
#include <boost/hana/define_struct.hpp>
#include <doctest/doctest.h>

#include "samples.hpp"
#include <cmath>
#include <deque>
#include <unordered_map>

using namespace kvilt;

namespace shop {

enum class State : std::uint8_t { open = 1, paid = 7 };

struct Item {
    BOOST_HANA_DEFINE_STRUCT(Item, (std::string, name), (std::int64_t, cents));
    friend bool operator==(const Item&, const Item&) = default;
};

struct Order {
    std::uint64_t id = 0;
    std::vector<Item> items{};
    std::map<std::string, std::set<std::int32_t>> tags{};
    std::variant<std::monostate, double, Item> extra{};
    std::optional<std::pair<float, bool>> discount{};
    std::array<std::uint16_t, 3> counts{};
    std::vector<bool> flags{};
    std::vector<std::uint32_t> codes{};
    std::tuple<char, std::int8_t> rest{};
    friend bool operator==(const Order&, const Order&) = default;
};

// An Item of before somebody gave it another member.
struct OldItem {
    BOOST_HANA_DEFINE_STRUCT(OldItem, (std::string, name));
};

// An Item by another name.
struct Thing {
    BOOST_HANA_DEFINE_STRUCT(Thing, (std::string, name), (std::int64_t, cents));
};

struct Point {
    int x = 0;
    int y = 0;
    friend bool operator==(const Point&, const Point&) = default;
};

struct Unknown {};

} // namespace shop

BOOST_HANA_ADAPT_STRUCT(shop::Order, id, items, tags, extra, discount, counts, flags, codes, rest);

template <>
struct kvilt::ValueCodec<shop::Point> {
    static constexpr std::string_view schema = "point 1";
    static void append(std::string& to, const shop::Point& value) {
        to += std::to_string(value.x) + "/" + std::to_string(value.y);
    }
    static Result<shop::Point> decode(Bytes bytes) {
        const std::string text(bytes);
        shop::Point value;
        int used = 0;
        if (std::sscanf(text.c_str(), "%d/%d%n", &value.x, &value.y, &used) != 2 ||
            static_cast<std::size_t>(used) != text.size())
            return failure(Errc::corruption, "decode point", "a point is x/y, not \"" + text + "\"");
        return value;
    }
};

namespace {

template <class T>
std::string value_of(const T& value) {
    return std::string(Bytes(ValueBytes<T>(value)));
}

template <class T>
void check(std::size_t count = 40) {
    CHECK(laws::check_value_codec(samples::of<T>(count), samples::seed()) == "");
}

template <class T>
Errc code_of(const Result<T>& result) {
    return result ? Errc{} : result.error().code;
}

template <class T>
std::string body_of(const T& value) {
    return value_of(value).substr(4);
}

} // namespace

TEST_CASE("scalars come back as they were") {
    MESSAGE("KVILT_SEED=", samples::seed());
    check<bool>();
    check<char>();
    check<std::int8_t>();
    check<std::uint16_t>();
    check<std::int32_t>();
    check<std::uint64_t>();
    check<float>();
    check<double>();
    CHECK(laws::check_value_codec(std::vector{shop::State::open, shop::State::paid}) == "");
    CHECK(std::isnan(ValueCodec<double>::decode(value_of(std::nan(""))).value()));
    CHECK(std::signbit(ValueCodec<double>::decode(value_of(-0.0)).value()));
}

TEST_CASE("composed values come back as they were, and damaged ones never read beyond their bytes") {
    check<std::vector<std::string>>();
    check<std::map<std::string, std::vector<std::uint32_t>>>();
    check<std::set<std::int16_t>>();
    check<std::optional<std::optional<std::string>>>();
    check<std::variant<std::string, std::int32_t, std::vector<bool>>>();
    check<std::pair<std::array<std::string, 2>, std::tuple<std::int8_t>>>();
    check<shop::Item>();
    check<shop::Order>(25);
    CHECK(laws::check_value_codec(std::vector<std::deque<int>>{{}, {1, 2, 3}}) == "");
    CHECK(laws::check_value_codec(std::vector<std::unordered_map<int, std::string>>{{}, {{1, "a"}, {2, "b"}}}) == "");
}

TEST_CASE("strings are stored raw") {
    CHECK(value_of(std::string("abc")) == "abc");
    CHECK(value_of("abc") == "abc");
    CHECK(value_of(std::string_view("a\0c", 3)) == std::string_view("a\0c", 3));
    CHECK(ValueCodec<std::string>::decode("abc").value() == "abc");
}

TEST_CASE("another schema is incompatible, in a sentence that names what was asked for") {
    const auto refused = ValueCodec<shop::Item>::decode(value_of(shop::OldItem{"tea"}));
    REQUIRE_FALSE(refused);

    CHECK(refused.error().message() ==
          "decode value: incompatible: the stored value has schema 9ccaa20e, but was asked for as "
          "{name:string,cents:i64,}, schema ad2eeb78: read it as the type it was written as");
    CHECK(code_of(ValueCodec<std::int32_t>::decode(value_of(std::uint32_t{5}))) == Errc::incompatible);
    CHECK(code_of(ValueCodec<std::uint8_t>::decode(value_of(shop::State::paid))) == Errc::incompatible);
    CHECK(code_of(ValueCodec<shop::Item>::decode("a string")) == Errc::incompatible);
    CHECK(code_of(ValueCodec<shop::Item>::decode("")) == Errc::corruption);
}

TEST_CASE("a struct may change its own name, and no other") {
    CHECK(ValueCodec<shop::Item>::schema == ValueCodec<shop::Thing>::schema);
    CHECK(ValueCodec<shop::Thing>::decode(value_of(shop::Item{"tea", 250})).value().cents == 250);
}

TEST_CASE("the bytes of values and their schemas are the format's") {
    CHECK(typed::shape_of<shop::Order>() ==
          "{id:u64,items:sequence({name:string,cents:i64,}),tags:map(string set(i32)),"
          "extra:variant(()|f64|{name:string,cents:i64,}|),discount:optional((f32,bool,)),counts:array(u16 3),"
          "flags:sequence(bool),codes:sequence(u32),rest:(char,i8,),}");
    CHECK(ValueCodec<shop::Order>::schema == 3'238'401'628);
    CHECK(ValueCodec<std::int32_t>::schema == 28'516'956);
    CHECK(typed::shape_of<shop::State>() == "enum u8");
    CHECK(body_of(std::int32_t{-2}) == "\xfe\xff\xff\xff");
    CHECK(body_of(shop::Item{"tea", 3}) == std::string("\3tea\3\0\0\0\0\0\0\0", 12));
    CHECK(body_of(std::vector<std::uint16_t>{1, 2}) == std::string("\2\1\0\2\0", 5));
    CHECK(body_of(std::map<std::string, bool>{{"a", true}}) == "\1\1a\1");
    CHECK(body_of(std::optional<char>('x')) == "\1x");
    CHECK(body_of(std::variant<bool, char>('x')) == "\1x");
}

TEST_CASE("a value with a byte less or a byte more is damage") {
    for (const shop::Order& order : samples::of<shop::Order>(10)) {
        std::string bytes = value_of(order);
        CHECK(code_of(ValueCodec<shop::Order>::decode(Bytes(bytes).substr(0, bytes.size() - 1))) == Errc::corruption);
        CHECK(code_of(ValueCodec<shop::Order>::decode(bytes + '\0')) == Errc::corruption);
    }
}

TEST_CASE("a count that the bytes cannot hold is damage, not a reason to allocate") {
    std::string bytes = value_of(std::vector<std::uint64_t>{});
    bytes.pop_back();
    coding::append_varint(bytes, std::uint64_t{1} << 60);
    CHECK(code_of(ValueCodec<std::vector<std::uint64_t>>::decode(bytes)) == Errc::corruption);
    std::string doubled = value_of(std::set<char>{'a', 'b'});
    doubled.back() = 'a';
    CHECK(code_of(ValueCodec<std::set<char>>::decode(doubled)) == Errc::corruption);
}

TEST_CASE("a value codec of the user's own works alone and inside other values") {
    CHECK(value_of(shop::Point{3, -4}) == "3/-4");
    CHECK(laws::check_value_codec(std::vector<shop::Point>{{0, 0}, {-7, 12}}) == "");
    const std::vector<std::vector<shop::Point>> lines{{{1, 2}, {3, 4}}, {}};
    CHECK(laws::check_value_codec(lines) == "");
    CHECK(typed::shape_of<std::vector<shop::Point>>() == "sequence(user(point 1))");
    std::string damaged = value_of(lines[0]);
    damaged.back() = 'x';
    CHECK(ValueCodec<std::vector<shop::Point>>::decode(damaged).error().message() ==
          "decode point: corruption: a point is x/y, not \"3/x\"");
}

TEST_CASE("a batch takes typed keys and values") {
    Batch batch;
    batch.put("tea", shop::Item{"tea", 250});
    batch.for_each([](const LogRecord& record) {
        CHECK(record.key() == "tea");
        CHECK(ValueCodec<shop::Item>::decode(record.value()).value().cents == 250);
    });
}

TEST_CASE("what has no codec is no value") {
    static_assert(CodableValue<shop::Order> && CodableValue<const char*> && CodableValue<char[3]>);
    static_assert(!CodableValue<shop::Unknown> && !CodableValue<std::vector<shop::Unknown>>);
    static_assert(!CodableValue<std::map<int, shop::Unknown>> && !CodableValue<int*> && !CodableValue<long double>);
    static_assert(!CodableValue<std::vector<std::string_view>>); // would dangle when read
}
