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
    std::size_t reads = 1;      // copies that a read asks
    std::size_t writes = 1;     // copies that a write needs
    bool needs_present = false; // a write must see what is there

    constexpr bool has(Capability one) const noexcept { return provides.has(one); }

    friend constexpr Facts operator|(const Facts& a, const Facts& b) noexcept {
        return {a.provides | b.provides,           a.needs | b.needs,
                std::max(a.copies, b.copies),      std::max(a.stamp_bytes, b.stamp_bytes),
                std::max(a.reads, b.reads),        std::max(a.writes, b.writes),
                a.needs_present || b.needs_present};
    }
};

template <Policy P>
constexpr Facts facts_of() noexcept {
    Facts facts{.provides = P::provides, .needs = P::needs};
    if constexpr (P::slot == Slot::memtable) {
        if (P::Threads::many) facts.provides |= {Capability::threads_many};
    }
    if constexpr (P::slot == Slot::replication) {
        facts.copies = P::copies;
        if constexpr (requires { P::reads; }) facts.reads = P::reads;
        if constexpr (requires { P::writes; }) facts.writes = P::writes;
    }
    if constexpr (P::slot == Slot::conflict) {
        facts.stamp_bytes = P::stamp_bytes;
        if constexpr (requires { P::needs_present; }) facts.needs_present = P::needs_present;
    }
    return facts;
}

} // namespace kvilt::compose
