// What a table file asks before it searches: is the key here, and where?
// docs/formats/table.md
#pragma once

#include <kvilt/core/bytes.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>

namespace kvilt::filter {

// The filter a file carries, whoever reads it. Stored in files: the numbers are part of the format. A reader that meets
// a filter of another kind than its own reads that file by its index alone.
enum class Kind : std::uint8_t { none = 0, locator = 1, locator_wide = 2, bloom = 3 };
inline constexpr std::uint8_t kinds = 4;

// What a filter knows about a key. `address` counts units of entry_unit from the start of the data, see format.md.
struct Built {
    Kind kind = Kind::none;
    std::string bytes{}; // a multiple of 64
};

// A filter policy of a table. `Builder` takes every distinct key of a file once; `View` reads what it has built, from
// bytes that are checked, 64-byte aligned and outlive it. Hostile bytes must be safe.
//
//   class Builder: void add(std::uint64_t hash, std::uint64_t address); Built finish();
//   class View:    static std::optional<View> open(Kind, Bytes);      nothing: of another kind, or malformed
//                  void prefetch(std::uint64_t hash) const;
//                  bool may_contain(std::uint64_t hash) const;        where !locates
//                  template <class Visit> bool find(std::uint64_t hash, Visit) const;   where locates: visits addresses
//                      until one is the key's (the visitor says true); false: the key is not in the file
template <class F>
concept FilterPolicy = requires(typename F::Builder& builder, const typename F::View& view, std::uint64_t hash) {
    { F::name } -> std::convertible_to<std::string_view>;
    { F::locates } -> std::convertible_to<bool>;
    builder.add(hash, hash);
    { builder.finish() } -> std::same_as<Built>;
    { F::View::open(Kind::none, Bytes{}) } -> std::same_as<std::optional<typename F::View>>;
    view.prefetch(hash);
};

} // namespace kvilt::filter
