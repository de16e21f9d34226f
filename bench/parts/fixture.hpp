// What the benchmarks of parts have in common: keys, records in memory, and fixtures that are made once.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/record.hpp>

#include <algorithm>
#include <benchmark/benchmark.h>
#include <memory>
#include <string>
#include <typeinfo>
#include <utility>
#include <vector>

namespace bench {

using kvilt::Bytes;

inline constexpr std::size_t key_bytes = 16;
inline constexpr std::size_t value_bytes = 100;

struct KeptFixture {
    std::string name{};
    std::shared_ptr<void> thing{};
};
inline KeptFixture kept_fixture;

// `make()` returns a std::shared_ptr, which is kept for runs that ask for the same in a row: Google Benchmark calls a
// function several times until it knows how often to repeat. Only one is kept, so that large ones do not add up.
template <class Make>
auto& fixture(const std::string& name, Make make) {
    using Thing = typename decltype(make())::element_type;
    const std::string whole_name = std::string(typeid(Make).name()) + name;
    if (kept_fixture.name != whole_name) {
        kept_fixture = {};
        kept_fixture = {whole_name, make()};
    }
    return *static_cast<Thing*>(kept_fixture.thing.get());
}

enum class Order { sequential, random };

// The 16-digit decimal key of a number, as LevelDB's benchmark has it; random ones are all over the 16 digits.
inline void append_key(std::string& to, std::uint64_t number, Order order) {
    if (order == Order::random) number = kvilt::mix(number) % 10'000'000'000'000'000u;
    const std::string digits = std::to_string(number);
    to.append(key_bytes - digits.size(), '0').append(digits);
}

// Keys of the numbers first, first + 1, ... back to back: to walk them costs no cache miss.
class Keys {
public:
    Keys(std::size_t count, Order order, std::uint64_t first = 0) {
        text_.reserve(count * key_bytes);
        for (std::uint64_t n = 0; n < count; ++n) append_key(text_, first + n, order);
    }

    explicit Keys(std::string back_to_back) noexcept : text_(std::move(back_to_back)) {}

    std::size_t size() const noexcept { return text_.size() / key_bytes; }
    Bytes operator[](std::size_t place) const noexcept { return {text_.data() + place * key_bytes, key_bytes}; }

    // The same ones, each in a place that has nothing to do with its old one.
    Keys shuffled() const {
        Keys other(text_);
        for (std::size_t left = size(); left > 1; --left) {
            char* const at = other.text_.data();
            const std::size_t with = kvilt::mix(left, 7) % left;
            std::swap_ranges(at + (left - 1) * key_bytes, at + left * key_bytes, at + with * key_bytes);
        }
        return other;
    }

private:
    std::string text_{};
};

// Goes through places over and over.
class Round {
public:
    explicit Round(std::size_t count) noexcept : count_(count) {}
    std::size_t next() noexcept {
        const std::size_t at = at_;
        at_ = at + 1 == count_ ? 0 : at + 1;
        return at;
    }

private:
    std::size_t count_;
    std::size_t at_ = 0;
};

// LogRecords in memory back to back, as a log segment holds them, in the order of `keys`.
class Records {
public:
    explicit Records(const Keys& keys) : bytes_each_(kvilt::LogRecord::bytes_for(0, key_bytes, value_bytes)) {
        const std::string value(value_bytes, 'v');
        count_ = keys.size();
        memory_.resize(count_ * bytes_each_ / sizeof(std::uint64_t));
        for (std::size_t n = 0; n < count_; ++n)
            kvilt::LogRecord::write(at(n), {.key = keys[n], .sequence = n + 1, .cell = {.value = value}});
    }

    std::size_t size() const noexcept { return count_; }
    kvilt::LogRecord* operator[](std::size_t place) noexcept { return reinterpret_cast<kvilt::LogRecord*>(at(place)); }

private:
    char* at(std::size_t place) noexcept { return reinterpret_cast<char*>(memory_.data()) + place * bytes_each_; }

    std::size_t bytes_each_;
    std::size_t count_ = 0;
    std::vector<std::uint64_t> memory_{};
};

inline std::size_t size_argument(const benchmark::State& state) { return static_cast<std::size_t>(state.range(0)); }

} // namespace bench
