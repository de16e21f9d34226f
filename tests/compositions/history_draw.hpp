// What a history is made of: draws, keys, values and bounds, all from a seed and nothing else.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/range.hpp>

#include <string>
#include <vector>

namespace history {

using kvilt::Bytes;

// Numbers that follow from a seed. One for each operation, so that what one draws cannot shift the next.
class Draw {
public:
    explicit Draw(std::uint64_t seed) noexcept : seed_(seed) {}

    std::uint64_t next() noexcept { return kvilt::mix(seed_, ++count_); }
    std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(next() % bound); }
    std::size_t from_to(std::size_t least, std::size_t most) noexcept { return least + below(most - least + 1); }
    bool one_in(std::size_t n) noexcept { return below(n) == 0; }

private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

// A few hundred, so that they meet: the empty one, zero bytes, 0xff, prefixes of each other, long ones with their
// difference at the end.
inline std::vector<std::string> make_keys(std::uint64_t seed) {
    std::vector<std::string> keys{""};
    for (std::size_t n = 1; n <= 20; ++n) {
        keys.emplace_back(n, '\0');
        keys.emplace_back(n, '\xff');
        keys.emplace_back(n * n, 'a');
        keys.push_back(std::string(n * n, 'a') + '\0');
        keys.push_back(std::string(n * n, 'a') + '\xff');
    }
    for (std::size_t n = 0; n < 12; ++n) {
        const std::string head(500 * (n / 3 + 1), static_cast<char>('p' + n / 3));
        keys.push_back(head + static_cast<char>(n));
        keys.push_back(head + std::string(n, '\0') + "tail");
    }
    Draw draw(kvilt::mix(seed, 1));
    constexpr Bytes alphabet("\x00\x01 aAz\x7f\x80\xfe\xff", 10);
    while (keys.size() < 280) {
        std::string key;
        for (std::size_t bytes = draw.from_to(1, 12); bytes > 0; --bytes) key += alphabet[draw.below(alphabet.size())];
        keys.push_back(key);
    }
    while (keys.size() < 360) { // numbers in order: neighbours
        const std::size_t number = keys.size();
        keys.push_back(std::string("\0\0", 2) + static_cast<char>(number >> 8) + static_cast<char>(number & 0xff));
    }
    return keys;
}

// From nothing to 100 KiB, most of them short. Half of each compresses.
inline std::string make_value(Draw& draw) {
    const std::size_t rarity = draw.below(100);
    std::size_t bytes = 0;
    if (rarity < 10)
        bytes = 0;
    else if (rarity < 55)
        bytes = draw.below(40);
    else if (rarity < 85)
        bytes = draw.below(400);
    else if (rarity < 96)
        bytes = draw.below(4'000);
    else if (rarity < 99)
        bytes = draw.below(30'000);
    else
        bytes = draw.from_to(30'000, 102'400);
    std::string value(bytes, static_cast<char>(draw.below(256)));
    for (std::size_t at = 0; at + 16 <= bytes; at += 16) {
        const std::uint64_t noise = draw.next();
        value.replace(at, 8, reinterpret_cast<const char*>(&noise), 8);
    }
    return value;
}

// A key, or something close to one.
inline std::string make_bound(Draw& draw, const std::vector<std::string>& keys) {
    std::string bound = keys[draw.below(keys.size())];
    const std::size_t change = draw.below(6);
    if (change == 0) bound += '\0';
    if (change == 1) bound += '\xff';
    if (change == 2 && !bound.empty()) bound.pop_back();
    return bound;
}

inline kvilt::Range make_range(Draw& draw, const std::vector<std::string>& keys) {
    const std::size_t kind = draw.below(8);
    const std::string first = make_bound(draw, keys);
    const std::string last = make_bound(draw, keys);
    const bool in_order = draw.below(8) != 0;
    const std::string& low = in_order ? std::min(first, last) : first;
    const std::string& high = in_order ? std::max(first, last) : last;
    switch (kind) {
    case 0:
        return kvilt::all();
    case 1:
    case 2:
        return kvilt::prefix(first.substr(0, draw.below(4)));
    case 3:
        return kvilt::prefix(first);
    case 4:
        return kvilt::from(first);
    case 5:
        return kvilt::between(low, high);
    default:
        return kvilt::range(low, high);
    }
}

} // namespace history
