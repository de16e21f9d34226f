// How many copies must answer a request, as a value and as a tag.
#pragma once

#include <cstddef>
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

// How many of `copies` must answer. `standard` is what a policy says for itself, also of linearizable requests.
constexpr std::size_t answers_at(Level level, std::size_t copies, std::size_t standard) noexcept {
    switch (level) {
    case Level::one:
        return 1;
    case Level::two:
        return 2;
    case Level::quorum:
        return copies / 2 + 1;
    case Level::all:
        return copies;
    case Level::standard:
    case Level::linearizable:
        break;
    }
    return standard;
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
