// The laws of key and value codecs, for ours and a user's own.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/codec.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kvilt::laws {

namespace detail {

// Decodes from a heap block of the exact size, so that a sanitizer sees a read beyond it.
template <class Codec>
auto decode_exactly(Bytes bytes) {
    const auto block = std::make_unique<char[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(block.get(), bytes.data(), bytes.size());
    return Codec::decode({block.get(), bytes.size()});
}

// visit(damaged) for every truncation, every flipped bit and some random bytes behind each good beginning.
template <class Visitor>
std::string for_each_damage(const std::string& good, std::uint64_t seed, Visitor visit) {
    for (std::size_t size = 0; size < good.size(); ++size)
        if (std::string broken = visit(Bytes(good).substr(0, size)); !broken.empty()) return broken;
    for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
        std::string flipped = good;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
        if (std::string broken = visit(flipped); !broken.empty()) return broken;
    }
    for (std::size_t keep = 0; keep <= good.size(); ++keep) {
        std::string random = good.substr(0, keep);
        const std::size_t size = keep + mix(seed, keep) % 24;
        while (random.size() < size) random.push_back(static_cast<char>(mix(seed, 64 * keep + random.size())));
        if (std::string broken = visit(random); !broken.empty()) return broken;
    }
    return {};
}

} // namespace detail

// Empty if KeyCodec<T> keeps the laws among `samples` (every pair is compared): order is kept, what is decoded is what
// was encoded, and damaged bytes are an error or another key's own bytes. `less` is the order that T has.
template <CodableKey T, class Less = std::less<T>>
std::string check_key_codec(const std::vector<T>& samples, std::uint64_t seed = 1, Less less = {}) {
    using Codec = KeyCodec<T>;
    std::vector<std::string> encoded;
    for (const T& sample : samples) Codec::append(encoded.emplace_back(), sample);
    const auto broken = [](std::string law, std::size_t a, std::size_t b) {
        return law + " (samples " + std::to_string(a) + " and " + std::to_string(b) + ")";
    };
    for (std::size_t a = 0; a < samples.size(); ++a) {
        const auto decoded = detail::decode_exactly<Codec>(encoded[a]);
        if (!decoded) return broken("a key does not decode: " + decoded.error().message(), a, a);
        if (less(*decoded, samples[a]) || less(samples[a], *decoded)) return broken("a key decodes to another", a, a);
        for (std::size_t b = 0; b < samples.size(); ++b)
            if (less(samples[a], samples[b]) != (encoded[a] < encoded[b]))
                return broken("the bytes of keys are not in the order of the keys", a, b);
        std::string damage = detail::for_each_damage(encoded[a], mix(seed, a), [](Bytes damaged) -> std::string {
            const auto other = detail::decode_exactly<Codec>(damaged);
            if (!other) return {};
            std::string again;
            Codec::append(again, *other);
            return again == damaged ? "" : "bytes that no key encodes to are decoded";
        });
        if (!damage.empty()) return broken(std::move(damage), a, a);
    }
    return {};
}

// Empty if ValueCodec<T> keeps the laws for `samples`: what is decoded is what was encoded, and damaged bytes are an
// error (corruption or incompatible) or a value that can be encoded again.
template <CodableValue T>
std::string check_value_codec(const std::vector<T>& samples, std::uint64_t seed = 1) {
    using Codec = ValueCodec<T>;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const auto broken = [i](const std::string& law) { return law + " (sample " + std::to_string(i) + ")"; };
        std::string encoded = "before";
        Codec::append(encoded, samples[i]);
        if (!encoded.starts_with("before")) return broken("append changes what was there before");
        encoded.erase(0, 6);
        const auto decoded = detail::decode_exactly<Codec>(encoded);
        if (!decoded) return broken("a value does not decode: " + decoded.error().message());
        if (!(*decoded == samples[i])) return broken("a value decodes to another");
        std::string damage = detail::for_each_damage(encoded, mix(seed, i), [](Bytes damaged) -> std::string {
            const auto other = detail::decode_exactly<Codec>(damaged);
            if (!other && (other.error() == Errc::corruption || other.error() == Errc::incompatible)) return {};
            if (!other) return "damage is reported as " + std::string(name_of(other.error().code));
            std::string again;
            Codec::append(again, *other);
            return detail::decode_exactly<Codec>(again) ? "" : "a value made of damage does not decode again";
        });
        if (!damage.empty()) return broken(damage);
    }
    return {};
}

} // namespace kvilt::laws
