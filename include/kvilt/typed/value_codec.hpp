// Typed values: numbers, enums, bool, strings, optional, variant, pair, tuple, array, containers and adapted structs,
// nested as you like. For other types specialise ValueCodec.
#pragma once

#include <kvilt/typed/containers.hpp>
#include <kvilt/typed/value_parts.hpp>

namespace kvilt {

// A string is its own bytes, without a schema, so that whatever else uses the store can read it.
template <>
struct ValueCodec<std::string> {
    using BuiltIn = void;
    static void append(std::string& to, const std::string& value) { to.append(value); }
    static Result<std::string> decode(Bytes bytes) { return std::string(bytes); }
};

namespace typed {

// FNV-1a of a shape's text, 64 bits folded to 32. Part of the format; the same on every compiler.
class SchemaHash {
public:
    constexpr SchemaHash& operator+=(char c) noexcept {
        hash_ = (hash_ ^ static_cast<std::uint8_t>(c)) * 0x100000001b3ULL;
        return *this;
    }
    constexpr SchemaHash& operator+=(std::string_view text) noexcept {
        for (const char c : text) *this += c;
        return *this;
    }
    constexpr std::uint32_t value() const noexcept { return static_cast<std::uint32_t>(hash_ ^ (hash_ >> 32)); }

private:
    std::uint64_t hash_ = 0xcbf29ce484222325ULL;
};

template <BuiltInValue T>
consteval std::uint32_t schema_of() noexcept {
    SchemaHash hash;
    ValuePart<T>::shape(hash);
    return hash.value();
}

// "{owner:string,cents:i64,}"
template <BuiltInValue T>
std::string shape_of() {
    std::string text;
    ValuePart<T>::shape(text);
    return text;
}

std::string hexadecimal(std::uint32_t number);
Error another_schema(std::uint32_t stored, std::uint32_t wanted, const std::string& shape);

} // namespace typed

// The schema's hash (u32), then the value. A struct with another member, another name or another type is another
// schema.
// decode: Errc::incompatible for bytes of another schema; Errc::corruption for bytes that no value has. Reads nothing
// outside them, whatever they are, and allocates in proportion to them.
template <typed::BuiltInValue T>
    requires std::default_initializable<T>
struct ValueCodec<T> {
    using BuiltIn = void;
    static constexpr std::uint32_t schema = typed::schema_of<T>();

    static void append(std::string& to, const T& value) {
        coding::append(to, schema);
        typed::ValuePart<T>::append(to, value);
    }

    static Result<T> decode(Bytes bytes) {
        typed::ValueReader from(bytes);
        const auto stored = from.fixed<std::uint32_t>();
        if (from.ok() && stored != schema)
            return std::unexpected(typed::another_schema(stored, schema, typed::shape_of<T>()));
        T value{};
        if (from.ok() && typed::ValuePart<T>::read(from, value) && from.done()) return value;
        if (from.error) return std::unexpected(std::move(*from.error));
        return failure(Errc::corruption, "decode value",
                       std::to_string(bytes.size()) + " bytes are no value of " + typed::shape_of<T>());
    }
};

inline std::string typed::hexadecimal(std::uint32_t number) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (unsigned shift = 32; shift > 0;) text.push_back(digits[number >> (shift -= 4) & 15]);
    return text;
}

inline Error typed::another_schema(std::uint32_t stored, std::uint32_t wanted, const std::string& shape) {
    return {Errc::incompatible, 0, "decode value",
            "the stored value has schema " + hexadecimal(stored) + ", but was asked for as " + shape + ", schema " +
                hexadecimal(wanted) + ": read it as the type it was written as"};
}

} // namespace kvilt
