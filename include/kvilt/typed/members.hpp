// The members of a struct that BOOST_HANA_DEFINE_STRUCT or BOOST_HANA_ADAPT_STRUCT has made known, in their order.
#pragma once

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/for_each.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/unpack.hpp>

#include <concepts>
#include <string_view>
#include <type_traits>
#include <utility>

namespace kvilt::typed {

template <class T>
concept AdaptedStruct = std::is_class_v<T> && boost::hana::Struct<T>::value && std::default_initializable<T>;

// visit(member) for each member of an object, const or not.
template <class T, class Visitor>
constexpr void for_each_member(T& object, Visitor visit) {
    boost::hana::for_each(boost::hana::accessors<std::remove_const_t<T>>(),
                          [&](auto accessor) { visit(boost::hana::second(accessor)(object)); });
}

// What is known of a member without an object.
template <class Name, class Type>
struct Member {
    using type = Type;
    static constexpr std::string_view name = Name::c_str();
};

// visit(Member<...>{}...), once.
template <AdaptedStruct T, class Visitor>
constexpr auto with_members(Visitor visit) {
    return boost::hana::unpack(boost::hana::accessors<T>(), [&](auto... accessors) {
        return visit(Member<std::remove_cvref_t<decltype(boost::hana::first(accessors))>,
                            std::remove_cvref_t<decltype(boost::hana::second(accessors)(std::declval<T&>()))>>{}...);
    });
}

} // namespace kvilt::typed
