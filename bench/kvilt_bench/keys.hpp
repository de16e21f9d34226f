// Keys and values of the workloads: made from numbers, so that whatever is read can be judged.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>

#include "engine.hpp"
#include <array>
#include <bit>
#include <cstring>

namespace bench {

inline constexpr std::size_t key_bytes = 16;

// 16 decimal digits of a number: byte order is the order of numbers.
class Key {
public:
    Key() = default;
    explicit Key(std::uint64_t number) { set(number); }

    void set(std::uint64_t number) noexcept {
        for (std::size_t at = key_bytes; at != 0; at -= 2) {
            std::memcpy(digits_.data() + at - 2, &pairs[number % 100 * 2], 2);
            number /= 100;
        }
    }
    // Between the key of `number` and the next, where no key is ever put.
    void set_missing(std::uint64_t number) noexcept {
        set(number);
        digits_.back() = static_cast<char>(digits_.back() - '0' + 'a');
    }
    Bytes bytes() const noexcept { return {digits_.data(), digits_.size()}; }

private:
    static constexpr std::array<char, 200> pairs = [] {
        std::array<char, 200> all{};
        for (std::size_t n = 0; n < 100; ++n) {
            all[n * 2] = static_cast<char>('0' + n / 10);
            all[n * 2 + 1] = static_cast<char>('0' + n % 10);
        }
        return all;
    }();

    std::array<char, key_bytes> digits_{};
};

// Values are pieces of a pool that fits into a processor's cache. An overwrite puts the next version of a key's value.
class Values {
public:
    // Of compressible ones each 100 bytes are 50 random ones, twice.
    Values(std::size_t bytes, bool compressible)
        : bytes_(bytes), step_(compressible ? 2 * piece_bytes : 1),
          steps_((compressible ? span_compressible : span) / step_) {
        std::string piece;
        for (std::uint64_t n = 0; pool_.size() < steps_ * step_ + bytes; ++n) {
            kvilt::coding::append(piece, kvilt::mix(3, n));
            if (piece.size() < piece_bytes) continue;
            piece.resize(piece_bytes);
            pool_ += piece;
            if (compressible) pool_ += piece;
            piece.clear();
        }
    }

    std::size_t bytes() const noexcept { return bytes_; }
    Bytes of(std::uint64_t number, std::uint64_t version) const noexcept {
        return Bytes(pool_).substr(kvilt::mix(number, version) % steps_ * step_, bytes_);
    }
    // By size, the first and the last 8 bytes: of one version, or of any up to `versions_max`.
    bool is(Bytes value, std::uint64_t number, std::uint64_t version) const noexcept {
        if (value.size() != bytes_) return false;
        const Bytes right = of(number, version);
        return word(value.data()) == word(right.data()) &&
               word(value.data() + bytes_ - 8) == word(right.data() + bytes_ - 8);
    }
    bool is_any(Bytes value, std::uint64_t number, std::uint64_t versions_max) const noexcept {
        for (std::uint64_t version = 0; version <= versions_max; ++version)
            if (is(value, number, version)) return true;
        return false;
    }

private:
    static constexpr std::size_t span = 256 << 10;
    static constexpr std::size_t span_compressible = 1'000'000; // few values are met twice within a block
    static constexpr std::size_t piece_bytes = 50;

    static std::uint64_t word(const char* at) noexcept {
        std::uint64_t value;
        std::memcpy(&value, at, sizeof value);
        return value;
    }

    std::size_t bytes_;
    std::size_t step_; // values begin at multiples of it, below steps_ times itself
    std::size_t steps_;
    std::string pool_{};
};

} // namespace bench
