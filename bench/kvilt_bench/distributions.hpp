// Which key is next: orders that meet each key once, and the requests of YCSB.
#pragma once

#include <kvilt/core/checksum.hpp>

#include <bit>
#include <cmath>
#include <cstdint>

namespace bench {

// Each number below `count` once, in an order that depends on the seed; computed, so that it takes no memory and leaves
// the processor's caches alone. A bijection of the next power of two, walked until it falls below `count`.
class Permutation {
public:
    Permutation(std::uint64_t count, std::uint64_t seed)
        : count_(count), mask_(std::bit_ceil(count | 1) - 1), shift_((static_cast<int>(std::bit_width(mask_)) + 1) / 2),
          first_(kvilt::mix(seed, 1) | 1), second_(kvilt::mix(seed, 2) | 1), added_(kvilt::mix(seed, 3)) {}

    std::uint64_t operator()(std::uint64_t n) const noexcept {
        do n = scrambled(n);
        while (n >= count_);
        return n;
    }

private:
    // Each step can be undone: an odd factor, a sum, and a shift to the right that is xored.
    std::uint64_t scrambled(std::uint64_t n) const noexcept {
        n = (n * first_ + added_) & mask_;
        n ^= n >> shift_;
        n = (n * second_) & mask_;
        n ^= n >> shift_;
        n = (n * first_) & mask_;
        return n ^ n >> shift_;
    }

    std::uint64_t count_;
    std::uint64_t mask_;
    int shift_;
    std::uint64_t first_;
    std::uint64_t second_;
    std::uint64_t added_;
};

class Random {
public:
    explicit Random(std::uint64_t seed) : seed_(kvilt::mix(seed)) {}

    std::uint64_t next() noexcept { return kvilt::mix(seed_, ++count_); }
    // Of counts below 2^32; biased by less than count / 2^32.
    std::uint64_t below(std::uint64_t count) noexcept { return (next() >> 32) * count >> 32; }
    double fraction() noexcept { return static_cast<double>(next() >> 11) * 0x1p-53; }

private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

// Ranks from 0, of which rank r comes in proportion to 1 / (r + 1)^theta. Gray et al.: Quickly generating
// billion-record synthetic databases, SIGMOD 1994, figure 3; theta as in YCSB (Cooper et al., SoCC 2010).
class Zipfian {
public:
    static constexpr double theta = 0.99;

    static double zeta(std::uint64_t from, std::uint64_t to) {
        double sum = 0;
        for (std::uint64_t n = from; n < to; ++n) sum += 1 / std::pow(static_cast<double>(n + 1), theta);
        return sum;
    }

    explicit Zipfian(std::uint64_t count) : Zipfian(count, zeta(0, count)) {}
    Zipfian(std::uint64_t count, double zeta_of_count) : count_(count), zeta_(zeta_of_count) { update(); }

    void grow() {
        zeta_ += zeta(count_, count_ + 1);
        ++count_;
        update();
    }

    std::uint64_t operator()(Random& random) const noexcept {
        const double u = random.fraction();
        const double scaled = u * zeta_;
        if (scaled < 1) return 0;
        if (scaled < 1 + half_to_theta()) return 1;
        const auto rank =
            static_cast<std::uint64_t>(static_cast<double>(count_) * std::pow(eta_ * u - eta_ + 1, 1 / (1 - theta)));
        return rank < count_ ? rank : count_ - 1; // a fraction next to 1 may round up
    }

private:
    static double half_to_theta() noexcept {
        static const double value = std::pow(0.5, theta);
        return value;
    }
    void update() {
        const double zeta_of_two = 1 + half_to_theta();
        eta_ = (1 - std::pow(2 / static_cast<double>(count_), 1 - theta)) / (1 - zeta_of_two / zeta_);
    }

    std::uint64_t count_;
    double zeta_;
    double eta_ = 0;
};

// Popular keys all over the key space: YCSB draws from ten billion ranks, whose zeta it states, and hashes them onto
// the keys.
class ScrambledZipfian {
public:
    explicit ScrambledZipfian(std::uint64_t count) : count_(count) {}

    std::uint64_t operator()(Random& random) const noexcept { return fnv(ranks_(random)) % count_; }

private:
    // FNV-1a of the eight bytes, as in YCSB.
    static std::uint64_t fnv(std::uint64_t value) noexcept {
        std::uint64_t hash = 0xcbf29ce484222325;
        for (int n = 0; n < 8; ++n, value >>= 8) hash = (hash ^ (value & 0xff)) * 0x100000001b3;
        return hash;
    }

    std::uint64_t count_;
    Zipfian ranks_{10'000'000'000, 26.46902820178302};
};

// What was inserted last is read most.
class Latest {
public:
    explicit Latest(std::uint64_t count) : count_(count), ages_(count) {}

    std::uint64_t operator()(Random& random) const noexcept { return count_ - 1 - ages_(random); }
    void grow() {
        ++count_;
        ages_.grow();
    }

private:
    std::uint64_t count_;
    Zipfian ages_;
};

} // namespace bench
