// A composition as text.
#pragma once

#include <kvilt/core/policy.hpp>

#include <boost/hana/first.hpp>
#include <boost/hana/for_each.hpp>
#include <boost/hana/pair.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/tuple.hpp>

#include <string>

namespace kvilt::compose {

// "ordered_keys, versions"; "-" for none.
inline std::string to_string(Capabilities set) {
    std::string text;
    for (unsigned i = 0; i < static_cast<unsigned>(Capability::count_); ++i) {
        const auto one = static_cast<Capability>(i);
        if (!set.has(one)) continue;
        if (!text.empty()) text += ", ";
        text += name_of(one);
    }
    return text.empty() ? "-" : text;
}

// A line for each slot, and one for the whole, of a Composition or a Store:
//   memtable     memtable::Art        ordered_keys, versions
template <class S>
std::string describe() {
    std::string text;
    const auto line = [&text](std::string_view slot, std::string_view policy, Capabilities provides) {
        constexpr std::size_t slot_columns = 13;
        constexpr std::size_t policy_columns = 34;
        const auto pad = [&text](std::size_t to) { text.append(to > text.size() ? to - text.size() : 1, ' '); };
        const std::size_t start = text.size();
        text += slot;
        pad(start + slot_columns);
        text += policy;
        pad(start + slot_columns + policy_columns);
        text += to_string(provides);
        text += '\n';
    };
    boost::hana::for_each(S::policies, [&line](auto entry) {
        using P = typename decltype(+boost::hana::second(entry))::type;
        line(name_of(P::slot), P::name, P::provides);
    });
    line("together", "", S::provides);
    return text;
}

} // namespace kvilt::compose
