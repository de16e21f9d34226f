// Typed keys, in the order of their types: integers, floats, enums, bool, strings, and optional, pair, tuple, array,
// vector and adapted structs of them. For other types specialise KeyCodec.
#pragma once

#include <kvilt/typed/key_parts.hpp>

namespace kvilt {

// A string that is a whole key is its own bytes; inside a composite it is escaped. So prefix("ab") is of strings, and
// prefix(std::tuple("ab", 7)) of composites. Mind the types in such a tuple: 7 is an int, of four bytes.
template <>
struct KeyCodec<std::string> {
    using BuiltIn = void;
    static void append(std::string& to, const std::string& key) { to.append(key); }
    static Result<std::string> decode(Bytes bytes) { return std::string(bytes); }
};

// Floats: -0 and 0 are one key; all NaNs are one key, after infinity. char sorts as the byte it is.
// decode: Errc::corruption for bytes that no key of this type has.
template <typed::BuiltInKey T>
    requires(!BytesLike<T>)
struct KeyCodec<T> {
    using BuiltIn = void;
    static void append(std::string& to, const T& key) { typed::KeyPart<T>::append(to, key); }

    static Result<T> decode(Bytes bytes)
        requires typed::ReadableKeyPart<T>
    {
        coding::Reader from(bytes);
        T key{};
        if (typed::KeyPart<T>::read(from, key) && from.done()) return key;
        return failure(Errc::corruption, "decode key",
                       std::to_string(bytes.size()) + " bytes are no key of the type asked for");
    }
};

} // namespace kvilt
