// What the rules look at: a few bits and numbers of a policy, and of a whole composition.
#pragma once

#include <kvilt/conflict/concept.hpp>
#include <kvilt/core/policy.hpp>
#include <kvilt/replication/concept.hpp>

#include <algorithm>

namespace kvilt::compose {

// A value, so that rules are evaluated over thousands of compositions without one template each.
struct Facts {
    Capabilities provides{};
    Capabilities needs{};
    std::size_t copies = 1;
    std::size_t stamp_bytes = 0;

    constexpr bool has(Capability one) const noexcept { return provides.has(one); }

    friend constexpr Facts operator|(const Facts& a, const Facts& b) noexcept {
        return {a.provides | b.provides, a.needs | b.needs, std::max(a.copies, b.copies),
                std::max(a.stamp_bytes, b.stamp_bytes)};
    }
};

template <Policy P>
constexpr Facts facts_of() noexcept {
    Facts facts{.provides = P::provides, .needs = P::needs};
    if constexpr (P::slot == Slot::memtable) {
        if (P::Threads::many) facts.provides |= {Capability::threads_many};
    }
    if constexpr (P::slot == Slot::replication) facts.copies = P::copies;
    if constexpr (P::slot == Slot::conflict) facts.stamp_bytes = P::stamp_bytes;
    return facts;
}

} // namespace kvilt::compose
