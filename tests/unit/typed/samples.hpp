// Random values of the types that codecs know, with the awkward ones among them.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/typed/members.hpp>
#include <kvilt/typed/scalars.hpp>

#include <array>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

namespace samples {

inline std::uint64_t seed() {
    const char* given = std::getenv("KVILT_SEED");
    return given == nullptr ? 7'041'776 : std::strtoull(given, nullptr, 10);
}

class Random {
public:
    explicit Random(std::uint64_t seed) : seed_(seed) {}
    std::uint64_t next() { return kvilt::mix(seed_, ++count_); }
    std::size_t below(std::size_t bound) { return next() % bound; }

    template <kvilt::typed::Scalar T>
    void make(T& value) {
        using Limits = std::numeric_limits<T>;
        const T awkward[] = {T{}, static_cast<T>(1), Limits::min(), Limits::max(), Limits::lowest()};
        if constexpr (kvilt::typed::is_bool<T>)
            value = static_cast<T>(next() % 2 == 1);
        else if (below(3) == 0)
            value = awkward[below(5)];
        else if (below(2) == 0)
            value = static_cast<T>(next() % 300);
        else if constexpr (kvilt::typed::Float<T>)
            value = (static_cast<T>(next()) / 1e9F - T{5e9}) * (below(2) == 0 ? T{1} : Limits::denorm_min());
        else
            value = static_cast<T>(next());
    }
    void make(std::string& value) {
        value.clear();
        for (std::size_t rest = below(5); rest > 0; --rest) value.push_back("\0\1\2a\xfe\xff"[below(6)]);
        if (below(20) == 0) value.append(200, 'x');
    }
    void make(std::monostate&) {}
    template <class T>
    void make(std::optional<T>& value) {
        if (below(3) == 0)
            value.reset();
        else
            make(value.emplace());
    }
    template <class... Ts>
    void make(std::tuple<Ts...>& value) {
        std::apply([this](Ts&... members) { (this->make(members), ...); }, value);
    }
    template <class A, class B>
    void make(std::pair<A, B>& value) {
        make(value.first);
        make(value.second);
    }
    template <class T, std::size_t count>
    void make(std::array<T, count>& value) {
        for (T& element : value) make(element);
    }
    template <class T>
    void make(std::vector<T>& value) {
        value.clear();
        for (std::size_t rest = below(4); rest > 0; --rest) value.push_back(one<T>());
    }
    template <class T>
    void make(std::set<T>& value) {
        value.clear();
        for (std::size_t rest = below(4); rest > 0; --rest) value.insert(one<T>());
    }
    template <class K, class V>
    void make(std::map<K, V>& value) {
        value.clear();
        for (std::size_t rest = below(4); rest > 0; --rest) value.emplace(one<K>(), one<V>());
    }
    template <class... Ts>
    void make(std::variant<Ts...>& value) {
        const std::size_t index = below(sizeof...(Ts));
        std::size_t at = 0;
        ((at++ == index ? void(value = one<Ts>()) : void()), ...);
    }
    template <kvilt::typed::AdaptedStruct T>
    void make(T& value) {
        kvilt::typed::for_each_member(value, [this](auto& member) { this->make(member); });
    }

    template <class T>
    T one() {
        T value{};
        make(value);
        return value;
    }

private:
    std::uint64_t seed_;
    std::uint64_t count_ = 0;
};

template <class T>
std::vector<T> of(std::size_t count) {
    Random random(seed());
    std::vector<T> made;
    while (made.size() < count) made.push_back(random.one<T>());
    return made;
}

} // namespace samples
