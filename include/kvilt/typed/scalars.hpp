// The numbers that codecs know, as unsigned integers of their width: in their own bits, and in an order that sorts.
#pragma once

#include <kvilt/core/bytes.hpp>

#include <bit>
#include <concepts>
#include <limits>
#include <string_view>
#include <type_traits>

namespace kvilt::typed {

template <std::size_t bytes>
struct UnsignedOf;
template <>
struct UnsignedOf<1> {
    using type = std::uint8_t;
};
template <>
struct UnsignedOf<2> {
    using type = std::uint16_t;
};
template <>
struct UnsignedOf<4> {
    using type = std::uint32_t;
};
template <>
struct UnsignedOf<8> {
    using type = std::uint64_t;
};

// Its underlying type is fixed, so that every stored number is a value of it.
template <class T>
concept FixedEnum = std::is_enum_v<T> && requires { T{std::underlying_type_t<T>{}}; };

template <class T>
concept Float = std::same_as<T, float> || std::same_as<T, double>;

// Not wchar_t and long double, whose sizes differ between machines.
template <class T>
concept Scalar = (std::integral<T> && sizeof(T) <= 8 && !std::same_as<T, wchar_t>) || Float<T> || FixedEnum<T>;

template <Scalar T>
using Bits = typename UnsignedOf<sizeof(T)>::type;

template <Scalar T>
constexpr Bits<T> to_bits(T value) noexcept {
    if constexpr (Float<T>)
        return std::bit_cast<Bits<T>>(value);
    else
        return static_cast<Bits<T>>(value);
}

template <Scalar T>
constexpr T from_bits(Bits<T> bits) noexcept {
    if constexpr (Float<T>)
        return std::bit_cast<T>(bits);
    else
        return static_cast<T>(bits);
}

template <Scalar T>
inline constexpr Bits<T> sign_bit = static_cast<Bits<T>>(Bits<T>{1} << (8 * sizeof(T) - 1));

// char is the one integer whose sign differs between machines; it sorts as the byte it is, as in std::string.
template <class T>
constexpr bool sorts_signed() noexcept {
    if constexpr (std::is_enum_v<T>)
        return sorts_signed<std::underlying_type_t<T>>();
    else
        return std::is_signed_v<T> && !std::same_as<T, char>;
}

// a < b exactly if to_sorted(a) < to_sorted(b). Both zeros are one number; all NaNs are one number, above infinity.
template <Scalar T>
constexpr Bits<T> to_sorted(T value) noexcept {
    if constexpr (Float<T>) {
        if (value != value) return std::numeric_limits<Bits<T>>::max();
        const Bits<T> bits = value == T{0} ? Bits<T>{0} : to_bits(value);
        return (bits & sign_bit<T>) != 0 ? static_cast<Bits<T>>(~bits) : static_cast<Bits<T>>(bits | sign_bit<T>);
    } else if constexpr (sorts_signed<T>()) {
        return static_cast<Bits<T>>(to_bits(value) ^ sign_bit<T>);
    } else {
        return to_bits(value);
    }
}

template <Scalar T>
constexpr T from_sorted(Bits<T> sorted) noexcept {
    if constexpr (Float<T>) {
        if (sorted == std::numeric_limits<Bits<T>>::max()) return std::numeric_limits<T>::quiet_NaN();
        return from_bits<T>((sorted & sign_bit<T>) != 0 ? static_cast<Bits<T>>(sorted & ~sign_bit<T>)
                                                        : static_cast<Bits<T>>(~sorted));
    } else if constexpr (sorts_signed<T>()) {
        return from_bits<T>(static_cast<Bits<T>>(sorted ^ sign_bit<T>));
    } else {
        return from_bits<T>(sorted);
    }
}

template <class T>
inline constexpr bool is_bool = std::same_as<T, bool>;
template <FixedEnum T>
inline constexpr bool is_bool<T> = std::same_as<std::underlying_type_t<T>, bool>;

} // namespace kvilt::typed
