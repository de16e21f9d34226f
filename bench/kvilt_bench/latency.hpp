// How long single operations take, without the watch being what is measured.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

namespace bench {

// Counts of values in buckets no wider than 1/128 of what they hold. A quantile is the middle of a bucket: wrong by 0.4
// percent at most.
class Histogram {
public:
    void add(std::uint64_t value) noexcept {
        ++counts_[bucket_of(value)];
        ++count_;
        max_ = std::max(max_, value);
    }
    void note_max(std::uint64_t value) noexcept { max_ = std::max(max_, value); }
    void merge(const Histogram& other) {
        for (std::size_t n = 0; n < counts_.size(); ++n) counts_[n] += other.counts_[n];
        count_ += other.count_;
        max_ = std::max(max_, other.max_);
    }

    std::uint64_t count() const noexcept { return count_; }
    std::uint64_t max() const noexcept { return max_; }
    // The least value that a `share` of all does not exceed; 0 of none.
    double quantile(double share) const noexcept {
        const auto wanted =
            std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_))));
        std::uint64_t seen = 0;
        for (std::size_t n = 0; n < counts_.size(); ++n)
            if ((seen += counts_[n]) >= wanted) return middle_of(n);
        return 0;
    }

private:
    static constexpr int exact_bits = 7;
    static constexpr std::size_t per_octave = 1 << exact_bits;

    static std::size_t bucket_of(std::uint64_t value) noexcept {
        if (value < per_octave) return static_cast<std::size_t>(value);
        const int shift = static_cast<int>(std::bit_width(value)) - 1 - exact_bits;
        return static_cast<std::size_t>(shift) * per_octave + static_cast<std::size_t>(value >> shift);
    }
    static double middle_of(std::size_t bucket) noexcept {
        if (bucket < 2 * per_octave) return static_cast<double>(bucket);
        const std::size_t shift = bucket / per_octave - 1;
        const double width = static_cast<double>(std::uint64_t{1} << shift);
        return static_cast<double>(bucket - shift * per_octave) * width + (width - 1) / 2;
    }

    std::vector<std::uint64_t> counts_ = std::vector<std::uint64_t>((64 - exact_bits + 1) * per_octave);
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

// The processor's counter where there is one: some 10 ns a look, a third of what the system's clock takes.
inline std::uint64_t ticks() noexcept {
#ifdef __x86_64__
    return __rdtsc();
#else
    return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
#endif
}

// Nanoseconds a tick, over the time that it lives.
class TickLength {
public:
    double nanoseconds() const {
        const auto passed = ticks() - ticks_;
        const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - began_;
        return passed == 0 ? 1 : time.count() / static_cast<double>(passed);
    }

private:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
    std::uint64_t ticks_ = ticks();
};

// Calls operation(n) for each n below `count`. One in `every` is timed alone, with two looks at the counter; those
// between are timed together, so that the greatest latency is of all: what it was hidden among counts to it.
template <class Operation>
void timed(std::uint64_t count, std::uint64_t every, Histogram& latencies, Operation operation) {
    std::uint64_t before = ticks();
    for (std::uint64_t n = 0; n < count;) {
        operation(n++);
        const std::uint64_t after = ticks();
        latencies.add(after - before);
        before = after;
        if (every == 1) continue;
        for (const std::uint64_t end = std::min(count, n + every - 1); n < end;) operation(n++);
        before = ticks();
        latencies.note_max(before - after);
    }
}

} // namespace bench
