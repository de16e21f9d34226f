// What the laws of memtables are tried on: records, and keys of nasty shapes.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/core/record.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace kvilt::laws {

// Numbers that look random and depend on the seed alone.
class Dice {
public:
    explicit Dice(std::uint64_t seed) noexcept : seed_(seed) {}
    std::uint64_t roll() noexcept { return mix(seed_, ++rolled_); }
    std::size_t below(std::size_t bound) noexcept { return static_cast<std::size_t>(roll() % bound); }
    bool once_in(std::size_t odds) noexcept { return below(odds) == 0; }

private:
    std::uint64_t seed_;
    std::uint64_t rolled_ = 0;
};

// Owns records until its end. One thread.
class RecordArena {
public:
    // A put with an empty value; sequences count from 1.
    LogRecord* record(Bytes key) {
        const Record content{.key = key, .sequence = ++sequence_};
        const std::size_t bytes = LogRecord::bytes_for(content);
        if (bytes > left_) {
            left_ = std::max(bytes, chunk_bytes);
            chunks_.push_back(std::make_unique_for_overwrite<char[]>(left_)); // operator new aligns to 16
            at_ = chunks_.back().get();
        }
        LogRecord* const record = LogRecord::write(at_, content);
        at_ += bytes;
        left_ -= bytes;
        return record;
    }

private:
    static constexpr std::size_t chunk_bytes = 64_KiB;

    std::vector<std::unique_ptr<char[]>> chunks_;
    char* at_ = nullptr;
    std::size_t left_ = 0;
    Sequence sequence_ = 0;
};

inline std::string decimal_key(std::uint64_t number) {
    std::string digits = std::to_string(number);
    return std::string(16 - std::min<std::size_t>(16, digits.size()), '0') + digits;
}

inline std::string big_endian_key(std::uint64_t number) {
    std::string key;
    coding::append(key, coding::swap(number));
    return key;
}

namespace detail {

inline std::string random_bytes(Dice& dice, std::size_t length) {
    std::string key(length, '\0');
    for (char& byte : key) byte = static_cast<char>(dice.roll());
    return key;
}

// Few byte values, so that keys are prefixes of each other and differ late.
inline std::string clotted_key(Dice& dice, std::size_t length) {
    constexpr char alphabet[] = {'\0', '\xff', 'a'};
    std::string key(length, '\0');
    for (char& byte : key) byte = alphabet[dice.below(3)];
    return key;
}

inline std::string nasty_key(Dice& dice) {
    switch (dice.below(10)) {
    case 0:
        return clotted_key(dice, dice.below(8));
    case 1:
        return decimal_key(dice.below(5000));
    case 2:
        return big_endian_key(dice.below(700));
    case 3:
        return std::string(300, 'p') + random_bytes(dice, 1 + dice.below(2));
    case 4:
        return std::string(dice.below(400), 'a');
    case 5:
        return random_bytes(dice, dice.below(40));
    case 6:
        return "user:" + random_bytes(dice, 1);
    case 7:
        return "user:" + random_bytes(dice, 1) + std::string(dice.below(20), '\0') + random_bytes(dice, 1);
    case 8:
        return random_bytes(dice, 1);
    default:
        return std::string(20 + dice.below(3), '\0') + clotted_key(dice, 12);
    }
}

} // namespace detail

// `count` distinct keys or fewer, in no order: empty, of zero and 0xff bytes, prefixes of each other, with long common
// beginnings, decimal, big-endian, and a few of the greatest length.
inline std::vector<std::string> nasty_keys(Dice& dice, std::size_t count) {
    std::vector<std::string> keys{""};
    while (keys.size() < count) keys.push_back(detail::nasty_key(dice));
    for (const std::size_t at : {std::size_t{0}, key_bytes_max / 2, key_bytes_max - 1}) {
        std::string key(key_bytes_max, 'z');
        key[at] = static_cast<char>(dice.roll());
        keys.push_back(key);
        keys.push_back(key.substr(0, key_bytes_max - 1));
    }
    std::ranges::sort(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    for (std::size_t i = keys.size(); i > 1; --i) std::swap(keys[i - 1], keys[dice.below(i)]);
    return keys;
}

} // namespace kvilt::laws
