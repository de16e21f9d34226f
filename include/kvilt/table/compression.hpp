// How the blocks of a table file are packed.
#pragma once

#include <kvilt/core/bytes.hpp>

#include <concepts>
#include <cstdint>
#include <string>

namespace kvilt::compression {

// Stored in files: the numbers are part of the format.
enum class Kind : std::uint8_t { none = 0, lz4 = 1, zstd = 2 };
inline constexpr std::uint8_t kinds = 3;

constexpr std::string_view name_of(Kind kind) noexcept {
    constexpr std::string_view names[] = {"none", "lz4", "zstd"};
    return names[static_cast<std::size_t>(kind)];
}

// Stateless and thread-safe.
//   static bool compress(Bytes from, std::string& to)             replaces `to`; false: store it as it is
//   static bool decompress(Bytes from, char* to, std::size_t bytes)  exactly `bytes`, or false; any input is safe
template <class C>
concept CompressionPolicy = requires(Bytes from, std::string& packed, char* to, std::size_t bytes) {
    { C::name } -> std::convertible_to<std::string_view>;
    { C::kind } -> std::convertible_to<Kind>;
    { C::compress(from, packed) } -> std::same_as<bool>;
    { C::decompress(from, to, bytes) } -> std::same_as<bool>;
};

// Blocks as they are: the only one that can be read in place.
struct None {
    static constexpr std::string_view name = "compression::None";
    static constexpr Kind kind = Kind::none;
    static bool compress(Bytes, std::string&) noexcept { return false; }
    static bool decompress(Bytes, char*, std::size_t) noexcept { return false; }
};

} // namespace kvilt::compression
