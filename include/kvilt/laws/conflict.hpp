// The laws of the conflict slot, for any model of it.
#pragma once

#include <kvilt/conflict/concept.hpp>
#include <kvilt/core/checksum.hpp>

#include <string>
#include <vector>

namespace kvilt::laws {

namespace detail {

inline bool same(const Record& a, const Record& b) noexcept {
    return a.key == b.key && a.sequence == b.sequence && a.cell.kind == b.cell.kind && a.cell.stamp == b.cell.stamp &&
           a.cell.value == b.cell.value;
}

} // namespace detail

// Empty if the laws hold among `samples`: records of one key with stamps of this policy, at most a few dozen (every
// triple is joined). Otherwise a sentence with the law that is broken.
template <ConflictPolicy C>
std::string check_conflict(const std::vector<Record>& samples) {
    using detail::same;
    for (const Record& a : samples) {
        if (!same(C::join(a, a), a)) return "join is not idempotent";
        for (const Record& b : samples) {
            const Record ab = C::join(a, b);
            if (!same(ab, C::join(b, a))) return "join is not commutative";
            if (ab.key != a.key) return "join changes the key";
            if (C::total_order && !same(ab, a) && !same(ab, b)) return "join makes a third record in a total order";
            if (!same(C::join(ab, a), ab) || !same(C::join(ab, b), ab)) return "join forgets what it has joined";
            for (const Record& c : samples)
                if (!same(C::join(ab, c), C::join(a, C::join(b, c)))) return "join is not associative";
        }
    }
    return {};
}

// The same for a policy without a stamp, over puts and tombstones that the seed makes up.
template <ConflictPolicy C>
    requires(C::stamp_bytes == 0)
std::string check_conflict(std::uint64_t seed = 1) {
    constexpr std::size_t count = 24;
    std::vector<std::string> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(std::to_string(mix(seed, i) % 5));
    std::vector<Record> samples;
    for (std::size_t i = 0; i < count; ++i) {
        const bool put = mix(seed, count + i) % 4 != 0;
        const Sequence sequence = (mix(seed, 2 * count + i) % 1000) * count + i + 1; // unique, in no order
        samples.push_back(
            {.key = "key",
             .sequence = sequence,
             .cell = {.kind = put ? Kind::put : Kind::tombstone, .value = put ? Bytes(values[i]) : Bytes()}});
    }
    const std::string broken = check_conflict<C>(samples);
    return broken.empty() ? broken : broken + " (seed " + std::to_string(seed) + ")";
}

} // namespace kvilt::laws
