// How many copies must answer a request, as a value and as a tag.
#pragma once

#include <cstdint>
#include <string_view>

namespace kvilt {

// `standard` is what the replication policy says (R and W). `linearizable` reads write back what they return, and
// linearizable writes first read the newest version.
enum class Level : std::uint8_t { standard, one, two, quorum, all, linearizable };

constexpr std::string_view name_of(Level level) noexcept {
    constexpr std::string_view names[] = {"standard", "one", "two", "quorum", "all", "linearizable"};
    return names[static_cast<std::size_t>(level)];
}

// The same as types: store.get(key, level::quorum) is checked by the compiler.
template <Level L>
struct LevelTag {
    static constexpr Level value = L;
};

namespace level {
inline constexpr LevelTag<Level::one> one{};
inline constexpr LevelTag<Level::two> two{};
inline constexpr LevelTag<Level::quorum> quorum{};
inline constexpr LevelTag<Level::all> all{};
inline constexpr LevelTag<Level::linearizable> linearizable{};
} // namespace level

} // namespace kvilt
