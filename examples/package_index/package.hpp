// A package of the index as a typed record, the keys it is stored under, and the store that the acts share.
#pragma once

#include <kvilt/log/mapped.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>
#include <kvilt/typed/key_codec.hpp>
#include <kvilt/typed/value_codec.hpp>

#include <boost/hana/define_struct.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

struct Dependency {
    BOOST_HANA_DEFINE_STRUCT(Dependency, (std::string, name),
                             (std::string, versions)); // ">= 1.2"; empty if any will do

    friend bool operator==(const Dependency&, const Dependency&) = default;
};

// Naming its members to Hana is all that it takes to put and get it.
struct Package {
    BOOST_HANA_DEFINE_STRUCT(Package, (std::string, name), (std::string, version), (std::string, section),
                             (std::string, maintainer), (std::string, description), (std::uint64_t, installed_kib),
                             (std::vector<Dependency>, depends)); // by name, each once

    friend bool operator==(const Package&, const Package&) = default;
};

// Two keyspaces in one store. Tuples sort member by member, so a tuple of the first members is a prefix.
using PackageKey = std::tuple<std::string, std::string>;              // "package", its name
using ReverseKey = std::tuple<std::string, std::string, std::string>; // "rdep", who is needed, by whom

inline auto package_key(std::string_view name) { return std::tuple("package", name); }
inline auto reverse_key(std::string_view needed, std::string_view by) { return std::tuple("rdep", needed, by); }

// An adaptive radix tree over a mapped log before sorted tables: ordered and durable.
using PackageStore = kvilt::Store<kvilt::memtable::Art<>, kvilt::log::Mapped, kvilt::table::Lsm<>>;

inline PackageStore::Options package_options() { return {.memtable = {.bytes_max = kvilt::operator""_MiB(8)}}; }
