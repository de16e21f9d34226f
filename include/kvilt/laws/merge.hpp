// The laws of a merge function, for conflict::VectorClock<Merge>: in whatever order and however often replicas merge,
// they come to the same value.
#pragma once

#include <kvilt/conflict/vector_clock.hpp>

#include <initializer_list>
#include <string>
#include <vector>

namespace kvilt::laws {

// Empty if the laws hold among `samples`, values as your program writes them, at most a few dozen (every triple is
// merged); otherwise a sentence with the law that is broken and the values that break it.
template <conflict::MergeFunction Merge>
std::string check_merge(const std::vector<std::string>& samples) {
    const auto merge = [](std::initializer_list<Bytes> siblings) {
        return Merge::merge(std::span<const Bytes>(siblings.begin(), siblings.size()));
    };
    const auto broken = [](const char* law, std::initializer_list<Bytes> values) {
        std::string text = std::string(law) + ":";
        for (const Bytes value : values) text.append(" \"").append(value).append("\"");
        return text;
    };
    for (const std::string& a : samples) {
        if (merge({a}) != a) return broken("the merge of one value is another", {a});
        if (merge({a, a}) != a) return broken("merge is not idempotent", {a});
        for (const std::string& b : samples) {
            const std::string ab = merge({a, b});
            if (ab != merge({b, a})) return broken("merge is not commutative", {a, b});
            if (ab != merge({ab, a}) || ab != merge({ab})) return broken("merge forgets what it has merged", {a, b});
        }
    }
    for (const std::string& a : samples)
        for (const std::string& b : samples)
            for (const std::string& c : samples) {
                const std::string abc = merge({a, b, c});
                if (abc != merge({c, a, b}) || abc != merge({b, a, c}))
                    return broken("merge is not commutative", {a, b, c});
                if (abc != merge({merge({a, b}), c})) return broken("merge is not associative", {a, b, c});
            }
    return {};
}

} // namespace kvilt::laws
