// Keys as bytes that sort as the keys do. Each part says where it ends, so that parts stand one after the other and
// a tuple of the first members is a prefix of exactly the keys that begin with them.
// docs/formats/typed.md
//
//   integer, enum, bool   big-endian, the sign bit flipped if signed
//   float, double         big-endian; negative ones inverted, others with the sign bit set
//   string                its bytes with 00 as 00 FF; then 00 01
//   optional              00, or 01 and the value
//   vector                01 and the element, for each; then 00
//   array, pair, tuple, adapted struct   their members
#pragma once

#include <kvilt/core/codec.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/typed/members.hpp>
#include <kvilt/typed/scalars.hpp>

#include <array>
#include <optional>
#include <tuple>
#include <vector>

namespace kvilt::typed {

// KeyPart<T>: append(to, key) and, where a T can be made, bool read(from, key).
template <class T>
struct KeyPart;

template <class T>
concept BuiltInKey = requires(std::string& to, const T& key) { KeyPart<T>::append(to, key); };

template <class T>
concept OurKeyCodec = requires { typename KeyCodec<T>::BuiltIn; };

template <class T>
concept HasKeyCodec = requires(std::string& to, const T& key) { KeyCodec<T>::append(to, key); };

template <class T>
concept UserKey = HasKeyCodec<T> && !OurKeyCodec<T>;

template <class T>
concept PartOfKey = UserKey<T> || BuiltInKey<T>;

template <class T>
concept ReadableKeyPart = PartOfKey<T> && std::default_initializable<T> && !std::is_pointer_v<T> &&
                          (UserKey<T> || requires(coding::Reader& from, T& key) { KeyPart<T>::read(from, key); });

inline void append_escaped(std::string& to, Bytes bytes) {
    for (;;) {
        const std::size_t zero = bytes.find('\0');
        to.append(bytes.substr(0, zero));
        if (zero == Bytes::npos) break;
        to.append("\0\xff", 2);
        bytes.remove_prefix(zero + 1);
    }
    to.append("\0\x01", 2);
}

inline bool read_escaped(coding::Reader& from, std::string& bytes) {
    bytes.clear();
    for (;;) {
        const std::size_t zero = from.rest().find('\0');
        if (zero == Bytes::npos) return false;
        bytes.append(from.bytes(zero));
        const Bytes mark = from.bytes(2);
        if (mark == Bytes("\0\x01", 2)) return true;
        if (mark != Bytes("\0\xff", 2)) return false;
        bytes.push_back('\0');
    }
}

// A user's codec inside a composite key: its bytes as a string.
template <PartOfKey T>
void append_key_part(std::string& to, const T& key) {
    if constexpr (UserKey<T>) {
        std::string bytes;
        KeyCodec<T>::append(bytes, key);
        append_escaped(to, bytes);
    } else {
        KeyPart<T>::append(to, key);
    }
}

template <ReadableKeyPart T>
bool read_key_part(coding::Reader& from, T& key) {
    if constexpr (UserKey<T>) {
        std::string bytes;
        if (!read_escaped(from, bytes)) return false;
        auto decoded = KeyCodec<T>::decode(bytes);
        if (decoded) key = std::move(*decoded);
        return decoded.has_value();
    } else {
        return KeyPart<T>::read(from, key);
    }
}

template <Scalar T>
struct KeyPart<T> {
    static void append(std::string& to, T key) {
        const Bits<T> sorted = to_sorted(key);
        for (unsigned shift = 8 * sizeof(T); shift > 0;) {
            shift -= 8;
            to.push_back(static_cast<char>(static_cast<std::uint8_t>(sorted >> shift)));
        }
    }
    static bool read(coding::Reader& from, T& key) {
        Bits<T> sorted = 0;
        for (const char byte : from.bytes(sizeof(T)))
            sorted = static_cast<Bits<T>>((std::uint64_t{sorted} << 8) | static_cast<std::uint8_t>(byte));
        if (is_bool<T> && sorted > 1) return false;
        key = from_sorted<T>(sorted);
        return from.ok() && to_sorted(key) == sorted; // -0 and all NaNs but one are no keys
    }
};

template <BytesLike T>
struct KeyPart<T> {
    static void append(std::string& to, const T& key) { append_escaped(to, Bytes(key)); }
    static bool read(coding::Reader& from, T& key)
        requires std::same_as<T, std::string>
    {
        return read_escaped(from, key);
    }
};

template <PartOfKey T>
struct KeyPart<std::optional<T>> {
    static void append(std::string& to, const std::optional<T>& key) {
        to.push_back(key ? '\1' : '\0');
        if (key) append_key_part(to, *key);
    }
    static bool read(coding::Reader& from, std::optional<T>& key)
        requires ReadableKeyPart<T>
    {
        key.reset();
        const auto present = from.fixed<std::uint8_t>();
        if (present > 1 || !from.ok()) return false;
        return present == 0 || read_key_part(from, key.emplace());
    }
};

template <PartOfKey T, class Allocator>
struct KeyPart<std::vector<T, Allocator>> {
    using Key = std::vector<T, Allocator>;
    static void append(std::string& to, const Key& key) {
        for (const T& element : key) {
            to.push_back('\1');
            append_key_part(to, element);
        }
        to.push_back('\0');
    }
    static bool read(coding::Reader& from, Key& key)
        requires ReadableKeyPart<T>
    {
        key.clear();
        for (;;) {
            const auto more = from.fixed<std::uint8_t>();
            if (more > 1 || !from.ok()) return false;
            if (more == 0) return true;
            T element{};
            if (!read_key_part(from, element)) return false;
            key.push_back(std::move(element));
        }
    }
};

// Members back to back, from a list of references to them.
template <class... Members>
void append_key_members(std::string& to, const Members&... members) {
    (append_key_part(to, members), ...);
}
template <class... Members>
bool read_key_members(coding::Reader& from, Members&... members) {
    return (read_key_part(from, members) && ...);
}

template <PartOfKey... Ts>
struct KeyPart<std::tuple<Ts...>> {
    static void append(std::string& to, const std::tuple<Ts...>& key) {
        std::apply([&](const Ts&... members) { append_key_members(to, members...); }, key);
    }
    static bool read(coding::Reader& from, std::tuple<Ts...>& key)
        requires(ReadableKeyPart<Ts> && ...)
    {
        return std::apply([&](Ts&... members) { return read_key_members(from, members...); }, key);
    }
};

template <PartOfKey A, PartOfKey B>
struct KeyPart<std::pair<A, B>> {
    static void append(std::string& to, const std::pair<A, B>& key) { append_key_members(to, key.first, key.second); }
    static bool read(coding::Reader& from, std::pair<A, B>& key)
        requires ReadableKeyPart<A> && ReadableKeyPart<B>
    {
        return read_key_members(from, key.first, key.second);
    }
};

template <PartOfKey T, std::size_t count>
struct KeyPart<std::array<T, count>> {
    static void append(std::string& to, const std::array<T, count>& key) {
        for (const T& element : key) append_key_part(to, element);
    }
    static bool read(coding::Reader& from, std::array<T, count>& key)
        requires ReadableKeyPart<T>
    {
        for (T& element : key)
            if (!read_key_part(from, element)) return false;
        return true;
    }
};

template <class T>
concept StructOfKeyParts = AdaptedStruct<T> && !BytesLike<T> && decltype(with_members<T>([](auto... members) {
                               return std::bool_constant<(ReadableKeyPart<typename decltype(members)::type> && ...)>{};
                           }))::value;

template <StructOfKeyParts T>
struct KeyPart<T> {
    static void append(std::string& to, const T& key) {
        for_each_member(key, [&](const auto& member) { append_key_part(to, member); });
    }
    static bool read(coding::Reader& from, T& key) {
        bool good = true;
        for_each_member(key, [&](auto& member) { good = good && read_key_part(from, member); });
        return good;
    }
};

} // namespace kvilt::typed
