// The byte string that keys and values are, and the units that sizes are written in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kvilt {

// A borrowed byte string. Keys are ordered as unsigned bytes, the shorter first when one is a prefix of the other,
// which is std::string_view's own order.
using Bytes = std::string_view;

inline constexpr std::size_t key_bytes_max = 64 * 1024;
inline constexpr std::size_t key_prefix_bytes_max = 16; // what a replicated store puts before keys in its engines
inline constexpr std::size_t value_bytes_max = std::size_t{1} << 30;
inline constexpr std::size_t stamp_bytes_max = (std::size_t{1} << 15) - 1;
inline constexpr std::size_t batch_bytes_max = std::size_t{1} << 31;

constexpr std::size_t round_up(std::size_t value, std::size_t power_of_two) noexcept {
    return (value + power_of_two - 1) & ~(power_of_two - 1);
}

inline namespace literals {
consteval std::size_t operator""_KiB(unsigned long long n) { return static_cast<std::size_t>(n) << 10; }
consteval std::size_t operator""_MiB(unsigned long long n) { return static_cast<std::size_t>(n) << 20; }
consteval std::size_t operator""_GiB(unsigned long long n) { return static_cast<std::size_t>(n) << 30; }
} // namespace literals

} // namespace kvilt
