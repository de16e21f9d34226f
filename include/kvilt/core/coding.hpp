// Integers as bytes: little-endian fixed widths and LEB128 varints for files, big-endian for what must sort.
#pragma once

#include <kvilt/core/bytes.hpp>

#include <bit>
#include <cstring>
#include <string>
#include <type_traits>

namespace kvilt::coding {

static_assert(std::endian::native == std::endian::little, "kvilt: the mapped formats are little-endian");

template <class Integer>
    requires std::is_integral_v<Integer>
Integer load(const void* from) noexcept {
    Integer value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

template <class Integer>
    requires std::is_integral_v<Integer>
void store(void* to, Integer value) noexcept {
    std::memcpy(to, &value, sizeof value);
}

template <class Integer>
    requires std::is_integral_v<Integer>
void append(std::string& to, Integer value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

constexpr std::uint64_t swap(std::uint64_t value) noexcept { return __builtin_bswap64(value); }

// The first eight bytes as a big-endian number, zero-padded: orders as the bytes do, ties at equal prefixes.
[[gnu::always_inline]] inline std::uint64_t head(Bytes key) noexcept {
    if (key.size() >= 8) [[likely]]
        return swap(load<std::uint64_t>(key.data()));
    std::uint64_t value = 0;
    std::memcpy(&value, key.data(), key.size());
    return swap(value);
}

inline constexpr std::size_t varint_bytes_max = 10;

inline char* put_varint(char* to, std::uint64_t value) noexcept {
    while (value >= 0x80) {
        *to++ = static_cast<char>(value | 0x80);
        value >>= 7;
    }
    *to++ = static_cast<char>(value);
    return to;
}

inline void append_varint(std::string& to, std::uint64_t value) {
    char buffer[varint_bytes_max];
    to.append(buffer, static_cast<std::size_t>(put_varint(buffer, value) - buffer));
}

// Takes bytes off the front of hostile input. After the first short or malformed read every later one yields zero or
// empty and ok() is false, so that a decoder checks once at its end.
class Reader {
public:
    explicit Reader(Bytes from) noexcept : rest_(from) {}

    template <class Integer>
    Integer fixed() noexcept {
        if (rest_.size() < sizeof(Integer)) return fail<Integer>();
        const auto value = load<Integer>(rest_.data());
        rest_.remove_prefix(sizeof(Integer));
        return value;
    }

    std::uint64_t varint() noexcept {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
            const auto byte = static_cast<std::uint8_t>(rest_.front());
            rest_.remove_prefix(1);
            if (shift == 63 && byte > 1) break;
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        return fail<std::uint64_t>();
    }

    Bytes bytes(std::size_t count) noexcept {
        if (rest_.size() < count) return fail<Bytes>();
        const Bytes taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }

    Bytes sized_bytes() noexcept { return bytes(varint()); }

    bool ok() const noexcept { return ok_; }
    bool done() const noexcept { return ok_ && rest_.empty(); }
    Bytes rest() const noexcept { return rest_; }

private:
    template <class T>
    T fail() noexcept {
        ok_ = false;
        rest_ = {};
        return T{};
    }

    Bytes rest_;
    bool ok_ = true;
};

inline void append_sized(std::string& to, Bytes bytes) {
    append_varint(to, bytes.size());
    to.append(bytes);
}

} // namespace kvilt::coding
