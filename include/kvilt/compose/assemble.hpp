// Policies in any order, sorted into their slots; slots without one take a default.
#pragma once

#include <kvilt/core/policy.hpp>

#include <type_traits>

namespace kvilt::compose {

namespace detail {

// Plain recursion: ends at the first match, and is several times cheaper to compile than a search over a Hana tuple.
template <Slot slot, class Default, class... Ps>
struct Pick {
    using type = Default;
};
template <Slot slot, class Default, class P, class... Ps>
struct Pick<slot, Default, P, Ps...>
    : std::conditional_t<P::slot == slot, std::type_identity<P>, Pick<slot, Default, Ps...>> {};

template <Policy... Ps>
constexpr bool has_two_for_a_slot() noexcept {
    unsigned seen = 0;
    bool two = false;
    [[maybe_unused]] const auto look = [&](Slot slot) {
        const unsigned bit = 1U << static_cast<unsigned>(slot);
        two = two || (seen & bit) != 0;
        seen |= bit;
    };
    (look(Ps::slot), ...);
    return two;
}

} // namespace detail

// The policy among Ps that has this slot, or Default.
template <Slot slot, class Default, Policy... Ps>
using pick = typename detail::Pick<slot, Default, Ps...>::type;

template <Policy... Ps>
struct Defaults {};

template <class Defaults, Policy... Ps>
struct Slots;

// The six slots of Ps over defaults that fill all six:
//   using Chosen = Slots<Defaults<memtable::Art<>, log::None, ...>, log::Mapped, memtable::Hash<>>;
//   Chosen::Log is log::Mapped, Chosen::Table is the default.
template <Policy... Ds, Policy... Ps>
struct Slots<Defaults<Ds...>, Ps...> {
    static constexpr bool one_policy_for_each_slot = !detail::has_two_for_a_slot<Ps...>();
    static_assert(one_policy_for_each_slot,
                  "kvilt: two policies were given for one slot. Each policy names its slot (P::slot); leave one out.");

    template <Slot slot>
    using at = pick<slot, pick<slot, void, Ds...>, Ps...>;

    using MemTable = at<Slot::memtable>;
    using Log = at<Slot::log>;
    using Table = at<Slot::table>;
    using Partition = at<Slot::partition>;
    using Replication = at<Slot::replication>;
    using Conflict = at<Slot::conflict>;
};

} // namespace kvilt::compose
