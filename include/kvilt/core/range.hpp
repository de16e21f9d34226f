// Spans of keys for scans.
#pragma once

#include <kvilt/core/codec.hpp>

#include <optional>
#include <string>
#include <utility>

namespace kvilt {

// [from, to) in byte order; no `to` means to the end. Owns its bounds.
struct Range {
    std::string from{};
    std::optional<std::string> to{};

    bool contains(Bytes key) const noexcept { return key >= from && before_end(key); }
    bool before_end(Bytes key) const noexcept { return !to || key < *to; }
    bool empty() const noexcept { return to && *to <= from; }
};

inline Range all() { return {}; }

template <CodableKey K>
Range from(const K& first) {
    return {std::string(Bytes(KeyBytes<K>(first))), std::nullopt};
}

// [first, last)
template <CodableKey A, CodableKey B>
Range range(const A& first, const B& last) {
    return {std::string(Bytes(KeyBytes<A>(first))), std::string(Bytes(KeyBytes<B>(last)))};
}

// [first, last]
template <CodableKey A, CodableKey B>
Range between(const A& first, const B& last) {
    Range bounds = range(first, last);
    bounds.to->push_back('\0'); // the least key above `last`
    return bounds;
}

// The keys that begin with the bytes of `head`; for composite keys, a tuple of their first members.
template <CodableKey K>
Range prefix(const K& head) {
    Range bounds = from(head);
    std::string end = bounds.from;
    while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
    if (end.empty()) return bounds;
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    bounds.to = std::move(end);
    return bounds;
}

// What a visitor answers.
enum class Visit : bool { more, stop };

} // namespace kvilt
