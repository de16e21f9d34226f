// Values as bytes: what each type looks like, how its shape is called, and how hostile bytes are read.
// docs/formats/typed.md
//
//   integer, enum, float   its bits, little-endian
//   bool                   00 or 01
//   string                 varint length, bytes
//   optional               00, or 01 and the value
//   sequence, set, map     varint count, then the elements; of a map key and value in turn
//   variant                varint index, then the alternative
//   array, pair, tuple, adapted struct   their members
//   a user's codec         varint length, its bytes
#pragma once

#include <kvilt/core/codec.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/typed/members.hpp>
#include <kvilt/typed/scalars.hpp>

#include <array>
#include <optional>
#include <tuple>
#include <variant>

namespace kvilt::typed {

// Keeps the error of a user's codec.
struct ValueReader : coding::Reader {
    using coding::Reader::Reader;
    std::optional<Error> error{};
};

// ValuePart<T>:
//   static constexpr std::size_t bytes_min    no encoding is shorter
//   static constexpr void shape(auto& to)     appends the text that is hashed into the schema
//   static void append(std::string& to, const T& value)
//   static bool read(ValueReader& from, T& value)
template <class T>
struct ValuePart;

template <class T>
concept BuiltInValue = requires(std::string& to, const T& value) { ValuePart<T>::append(to, value); };

template <class T>
concept OurValueCodec = requires { typename ValueCodec<T>::BuiltIn; };

template <class T>
concept HasValueCodec = requires(std::string& to, const T& value) { ValueCodec<T>::append(to, value); };

template <class T>
concept UserValue = HasValueCodec<T> && !OurValueCodec<T>;

template <class T>
concept PartOfValue = std::default_initializable<T> && (UserValue<T> || BuiltInValue<T>);

// The part of a UserValue. Its codec may name its own schema: static constexpr std::string_view schema.
template <class T>
struct UserPart {
    static constexpr std::size_t bytes_min = 1;
    static constexpr void shape(auto& to) {
        to += "user(";
        if constexpr (requires { std::string_view(ValueCodec<T>::schema); }) to += ValueCodec<T>::schema;
        to += ')';
    }
    static void append(std::string& to, const T& value) {
        std::string bytes;
        ValueCodec<T>::append(bytes, value);
        coding::append_sized(to, bytes);
    }
    static bool read(ValueReader& from, T& value) {
        const Bytes bytes = from.sized_bytes();
        if (!from.ok()) return false;
        auto decoded = ValueCodec<T>::decode(bytes);
        if (decoded)
            value = std::move(*decoded);
        else
            from.error = std::move(decoded).error();
        return !from.error;
    }
};

template <PartOfValue T>
using Part = std::conditional_t<UserValue<T>, std::type_identity<UserPart<T>>, std::type_identity<ValuePart<T>>>::type;

template <Scalar T>
struct ValuePart<T> {
    static constexpr std::size_t bytes_min = sizeof(T);

    static constexpr void shape(auto& to) {
        if constexpr (std::is_enum_v<T>) {
            to += "enum ";
            ValuePart<std::underlying_type_t<T>>::shape(to);
        } else if constexpr (is_bool<T>) {
            to += "bool";
        } else if constexpr (std::same_as<T, char>) {
            to += "char";
        } else {
            constexpr std::size_t width = 8 * sizeof(T);
            to += Float<T> ? 'f' : std::is_signed_v<T> ? 'i' : 'u';
            if (width >= 10) to += static_cast<char>('0' + width / 10);
            to += static_cast<char>('0' + width % 10);
        }
    }
    static void append(std::string& to, T value) { coding::append(to, to_bits(value)); }
    static bool read(ValueReader& from, T& value) {
        const auto bits = from.template fixed<Bits<T>>();
        if (is_bool<T> && bits > 1) return false;
        value = from_bits<T>(bits);
        return from.ok();
    }
};

template <>
struct ValuePart<std::string> {
    static constexpr std::size_t bytes_min = 1;
    static constexpr void shape(auto& to) { to += "string"; }
    static void append(std::string& to, const std::string& value) { coding::append_sized(to, value); }
    static bool read(ValueReader& from, std::string& value) {
        value = from.sized_bytes();
        return from.ok();
    }
};

template <PartOfValue T>
struct ValuePart<std::optional<T>> {
    static constexpr std::size_t bytes_min = 1;
    static constexpr void shape(auto& to) {
        to += "optional(";
        Part<T>::shape(to);
        to += ')';
    }
    static void append(std::string& to, const std::optional<T>& value) {
        to.push_back(value ? '\1' : '\0');
        if (value) Part<T>::append(to, *value);
    }
    static bool read(ValueReader& from, std::optional<T>& value) {
        value.reset();
        const auto present = from.fixed<std::uint8_t>();
        if (present > 1 || !from.ok()) return false;
        return present == 0 || Part<T>::read(from, value.emplace());
    }
};

template <>
struct ValuePart<std::monostate> {
    static constexpr std::size_t bytes_min = 0;
    static constexpr void shape(auto& to) { to += "()"; }
    static void append(std::string&, std::monostate) {}
    static bool read(ValueReader&, std::monostate&) { return true; }
};

template <PartOfValue... Ts>
struct ValuePart<std::variant<Ts...>> {
    using Value = std::variant<Ts...>;
    static constexpr std::size_t bytes_min = 1;
    static constexpr void shape(auto& to) {
        to += "variant(";
        ((Part<Ts>::shape(to), to += '|'), ...);
        to += ')';
    }
    // A variant that lost its value to an exception has none to write.
    static void append(std::string& to, const Value& value) {
        coding::append_varint(to, value.index());
        std::visit([&]<class T>(const T& alternative) { Part<T>::append(to, alternative); }, value);
    }
    static bool read(ValueReader& from, Value& value) {
        const std::uint64_t index = from.varint();
        return from.ok() && read_alternative(from, value, index, std::index_sequence_for<Ts...>());
    }

private:
    template <std::size_t... indexes>
    static bool read_alternative(ValueReader& from, Value& value, std::uint64_t index,
                                 std::index_sequence<indexes...>) {
        return ((index == indexes && Part<Ts>::read(from, value.template emplace<indexes>())) || ...);
    }
};

template <PartOfValue... Ts>
struct ValuePart<std::tuple<Ts...>> {
    static constexpr std::size_t bytes_min = (std::size_t{0} + ... + Part<Ts>::bytes_min);
    static constexpr void shape(auto& to) {
        to += '(';
        ((Part<Ts>::shape(to), to += ','), ...);
        to += ')';
    }
    static void append(std::string& to, const std::tuple<Ts...>& value) {
        std::apply([&](const Ts&... members) { (Part<Ts>::append(to, members), ...); }, value);
    }
    static bool read(ValueReader& from, std::tuple<Ts...>& value) {
        return std::apply([&](Ts&... members) { return (Part<Ts>::read(from, members) && ...); }, value);
    }
};

template <PartOfValue A, PartOfValue B>
struct ValuePart<std::pair<A, B>> {
    static constexpr std::size_t bytes_min = Part<A>::bytes_min + Part<B>::bytes_min;
    static constexpr void shape(auto& to) { ValuePart<std::tuple<A, B>>::shape(to); }
    static void append(std::string& to, const std::pair<A, B>& value) {
        Part<A>::append(to, value.first);
        Part<B>::append(to, value.second);
    }
    static bool read(ValueReader& from, std::pair<A, B>& value) {
        return Part<A>::read(from, value.first) && Part<B>::read(from, value.second);
    }
};

template <PartOfValue T, std::size_t count>
struct ValuePart<std::array<T, count>> {
    static constexpr std::size_t bytes_min = count * Part<T>::bytes_min;
    static constexpr void shape(auto& to) {
        char digits[20];
        std::size_t at = sizeof digits;
        for (std::size_t rest = count; rest > 0 || at == sizeof digits; rest /= 10)
            digits[--at] = static_cast<char>('0' + rest % 10);
        to += "array(";
        Part<T>::shape(to);
        to += ' ';
        to += std::string_view(digits + at, sizeof digits - at);
        to += ')';
    }
    static void append(std::string& to, const std::array<T, count>& value) {
        for (const T& element : value) Part<T>::append(to, element);
    }
    static bool read(ValueReader& from, std::array<T, count>& value) {
        for (T& element : value)
            if (!Part<T>::read(from, element)) return false;
        return true;
    }
};

template <class T>
concept StructOfValueParts = AdaptedStruct<T> && decltype(with_members<T>([](auto... members) {
                                 return std::bool_constant<(PartOfValue<typename decltype(members)::type> && ...)>{};
                             }))::value;

// Names and types of the members make the shape; the name of the struct does not.
template <StructOfValueParts T>
struct ValuePart<T> {
    static constexpr std::size_t bytes_min = with_members<T>(
        [](auto... members) { return (std::size_t{0} + ... + Part<typename decltype(members)::type>::bytes_min); });

    static constexpr void shape(auto& to) {
        to += '{';
        with_members<T>([&](auto... members) {
            const auto add = [&]<class M>(M) {
                to += M::name;
                to += ':';
                Part<typename M::type>::shape(to);
                to += ',';
            };
            (add(members), ...);
        });
        to += '}';
    }
    static void append(std::string& to, const T& value) {
        for_each_member(value, [&]<class M>(const M& member) { Part<M>::append(to, member); });
    }
    static bool read(ValueReader& from, T& value) {
        bool good = true;
        for_each_member(value, [&]<class M>(M& member) { good = good && Part<M>::read(from, member); });
        return good;
    }
};

} // namespace kvilt::typed
