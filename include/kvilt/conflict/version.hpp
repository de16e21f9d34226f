// A write names the version that it replaces, and is refused if that is not the present one: optimistic locking.
// docs/policies/conflict.md, docs/formats/stamps.md
#pragma once

#include <kvilt/conflict/concept.hpp>
#include <kvilt/core/coding.hpp>

#include <compare>

namespace kvilt::conflict {

// The context of a read names the version read. A write with another one, or without one where a value is present, is
// Errc::conflict. Exact where one replica orders the writes of a key; where several take writes on their own, two
// may replace the same version, and then the greater (version, node, incarnation, erased, value) stays on all copies.
// Stamp: u64 version | u32 node | u32 incarnation | u8 flags, of which 1 says erased. Context: the same without flags.
// Provides: total_order. Needs: replicated.
struct Version {
    using Options = NoOptions;
    static constexpr Slot slot = Slot::conflict;
    static constexpr std::string_view name = "conflict::Version";
    static constexpr std::string_view format = "version/1";
    static constexpr Capabilities provides{Capability::total_order};
    static constexpr Capabilities needs{Capability::replicated};
    static constexpr bool total_order = true;
    static constexpr std::size_t stamp_bytes = 17;
    static constexpr std::size_t context_bytes = stamp_bytes - 1;
    static constexpr bool needs_present = true;
    static constexpr std::uint64_t version_max = ~std::uint64_t{0} >> 1;
    static Result<void> validate(const Options&) { return {}; }

    static Cell join(const Cell& a, const Cell& b, std::string&) noexcept { return compare(a, b) < 0 ? b : a; }
    static bool covers(const Cell& a, const Cell& b) noexcept { return compare(a, b) >= 0; }

    // Whether `incoming` is dropped by what is there: of a write that was just accepted elsewhere, that it is lost.
    static bool loses(const Cell& present, const Cell& incoming) noexcept { return compare(incoming, present) < 0; }

    static std::size_t values(const Cell& cell) noexcept { return erased(cell) ? 0 : 1; }
    template <class Visit>
    static void for_each_value(const Cell& cell, Visit&& visit) {
        if (!erased(cell)) visit(cell.value);
    }

    static std::string context(const Cell& cell) { return std::string(named(cell)); }
    static std::uint64_t time(const Cell&) noexcept { return 0; }
    static std::uint64_t version(const Cell& cell) noexcept { return coding::load<std::uint64_t>(cell.stamp.data()); }

    static bool well_formed(const Cell& cell) noexcept {
        if (cell.kind != Kind::put || cell.stamp.size() != stamp_bytes) return false;
        if (version(cell) == 0 || version(cell) > version_max) return false;
        const auto flags = static_cast<std::uint8_t>(cell.stamp.back());
        return flags == 0 ? cell.value.size() <= value_bytes_max : flags == 1 && cell.value.empty();
    }

    // Without a context it is legal only where nothing is present, or something that is erased.
    static Result<Cell> write(const Cell* present, Bytes context, const WriteStamp& by, Kind kind, Bytes value,
                              std::string& room) {
        if (!context.empty() && context.size() != context_bytes)
            return failure(Errc::invalid_argument, "write",
                           "the context is none that a read returned; hand it back unchanged, or leave it empty");
        const bool live = present != nullptr && !erased(*present);
        const Bytes there = present != nullptr ? named(*present) : Bytes();
        if (context.empty() ? live : context != there)
            return failure(Errc::conflict, "write",
                           "the present version is " + described(there) + ", the write names " + described(context) +
                               "; read again and write with the context of that read");
        const std::uint64_t before = present != nullptr ? version(*present) : 0;
        if (before >= version_max)
            return failure(Errc::full, "write", "the key has had all versions there are; take another key");
        const bool erases = kind == Kind::tombstone;
        room.clear();
        coding::append(room, before + 1);
        coding::append(room, by.node.number);
        coding::append(room, by.incarnation);
        room.push_back(erases ? '\1' : '\0');
        return Cell{Kind::put, room, erases ? Bytes() : value};
    }

private:
    static Bytes named(const Cell& cell) noexcept { return cell.stamp.substr(0, context_bytes); }
    static bool erased(const Cell& cell) noexcept { return cell.stamp.back() != 0; }
    static std::uint32_t number(const Cell& cell, std::size_t at) noexcept {
        return coding::load<std::uint32_t>(cell.stamp.data() + at);
    }

    // "7 of node 2 (incarnation 1)"
    static std::string described(Bytes version) {
        if (version.empty()) return "none";
        const char* at = version.data();
        return std::to_string(coding::load<std::uint64_t>(at)) + " of node " +
               std::to_string(coding::load<std::uint32_t>(at + 8)) + " (incarnation " +
               std::to_string(coding::load<std::uint32_t>(at + 12)) + ")";
    }

    static std::strong_ordering compare(const Cell& a, const Cell& b) noexcept {
        if (const auto order = version(a) <=> version(b); order != 0) return order;
        if (const auto order = number(a, 8) <=> number(b, 8); order != 0) return order;
        if (const auto order = number(a, 12) <=> number(b, 12); order != 0) return order;
        if (const auto order = erased(a) <=> erased(b); order != 0) return order;
        return a.value <=> b.value;
    }
};

} // namespace kvilt::conflict
