// Sorted runs on disk, merged in the background: a log-structured merge tree.
// docs/policies/table.md
#pragma once

#include <kvilt/table/filter_locator.hpp>
#include <kvilt/table/tables.hpp>

#include <cstddef>
#include <type_traits>

namespace kvilt::table {

// Provides: tables; compression, with one; block_cache, with reads::Cached. Needs: nothing; a memtable without order is
// sorted when it is flushed. Written as Lsm<...>, which puts its parts in their places.
template <CompactionPolicy Compaction_, filter::FilterPolicy Filter_, compression::CompressionPolicy Compression_,
          reads::ReadsPolicy Reads_>
struct LsmOf {
    using Compaction = Compaction_;
    using Filter = Filter_;
    using Compression = Compression_;
    using Reads = Reads_;
    using Options = table::Options;

    static constexpr Slot slot = Slot::table;
    static constexpr std::string_view name = "table::Lsm";
    // Files describe their own filter and compression, and any shape can be made any other.
    static constexpr std::string_view format = "lsm/1";
    static constexpr Capabilities provides =
        Capabilities{Capability::tables} |
        (Compression::kind == compression::Kind::none ? Capabilities{} : Capabilities{Capability::compression}) |
        (Reads::mapped ? Capabilities{} : Capabilities{Capability::block_cache});
    static constexpr Capabilities needs{};
    static constexpr bool present = true;
    static Result<void> validate(const Options& options) { return check_options(options); }

    template <ThreadsTag Threads>
    using Tables = table::Tables<Compaction, Filter, Compression, Reads, Threads>;
};

namespace detail {

template <class Part>
constexpr int lsm_places = CompactionPolicy<Part> + filter::FilterPolicy<Part> + compression::CompressionPolicy<Part> +
                           reads::ReadsPolicy<Part>;

// The first of Parts that `Is` says yes to, or Default.
template <class Default, template <class> class Is, class... Parts>
struct Chosen {
    using type = Default;
};
template <class Default, template <class> class Is, class First, class... Rest>
struct Chosen<Default, Is, First, Rest...>
    : std::conditional_t<Is<First>::value, std::type_identity<First>, Chosen<Default, Is, Rest...>> {};

template <class Part>
using IsCompaction = std::bool_constant<CompactionPolicy<Part>>;
template <class Part>
using IsFilter = std::bool_constant<filter::FilterPolicy<Part>>;
template <class Part>
using IsCompression = std::bool_constant<compression::CompressionPolicy<Part>>;
template <class Part>
using IsReads = std::bool_constant<reads::ReadsPolicy<Part>>;

template <class... Parts>
struct LsmParts {
    static_assert(((lsm_places<Parts> == 1) && ...),
                  "kvilt: table::Lsm takes a compaction, a filter, a compression and a way of reads (compaction::Lazy, "
                  "filter::Bloom<10>, compression::Lz4, reads::Cached, ...); one of its arguments is none of these.");
    static_assert((IsCompaction<Parts>::value + ... + 0) <= 1 && (IsFilter<Parts>::value + ... + 0) <= 1 &&
                      (IsCompression<Parts>::value + ... + 0) <= 1 && (IsReads<Parts>::value + ... + 0) <= 1,
                  "kvilt: table::Lsm was given two arguments of one sort; keep one of them.");

    using type = LsmOf<typename Chosen<compaction::Lazy, IsCompaction, Parts...>::type,
                       typename Chosen<filter::Locator, IsFilter, Parts...>::type,
                       typename Chosen<compression::None, IsCompression, Parts...>::type,
                       typename Chosen<reads::Mapped, IsReads, Parts...>::type>;
};

} // namespace detail

// Any of compaction::{Lazy, Leveled, Tiered, Fluid}, filter::{Locator, Bloom, None}, compression::{None, Lz4, Zstd} and
// reads::{Mapped, Cached}, in any order: all orders name one type. What is left out is the first of its list.
template <class... Parts>
using Lsm = typename detail::LsmParts<Parts...>::type;

} // namespace kvilt::table
