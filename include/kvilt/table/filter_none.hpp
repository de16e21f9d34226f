// No filter: every read of a file searches its index and a block. For scans, or for keys that are always there.
#pragma once

#include <kvilt/table/filter.hpp>

namespace kvilt::filter {

struct None {
    static constexpr std::string_view name = "filter::None";
    static constexpr bool locates = false;

    class Builder {
    public:
        void add(std::uint64_t, std::uint64_t) noexcept {}
        Built finish() const { return {}; }
    };

    class View {
    public:
        static std::optional<View> open(Kind, Bytes) noexcept { return std::nullopt; }
        void prefetch(std::uint64_t) const noexcept {}
        bool may_contain(std::uint64_t) const noexcept { return true; }
    };
};

} // namespace kvilt::filter
