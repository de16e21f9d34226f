// The write with the greatest time wins, on every copy alike. docs/policies/conflict.md, docs/formats/stamps.md
#pragma once

#include <kvilt/conflict/concept.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/core/hybrid_clock.hpp>

#include <compare>

namespace kvilt::conflict {

// Copies converge to the greatest (time, node, erased, value): a total order, so that ties are decided alike
// everywhere. Of two concurrent writes one is lost although it was acknowledged: take it where that is harmless.
// Stamp: u64 time | u32 node | u8 flags, of which 1 says erased.
// Provides: total_order. Needs: replicated.
// Source: R. H. Thomas, 1979; time: HybridClock.
template <ClockPolicy Clock_ = clocks::Hybrid>
struct LastWriteWins {
    using Clock = Clock_;
    using Options = typename Clock::Options;
    static constexpr Slot slot = Slot::conflict;
    static constexpr std::string_view name = "conflict::LastWriteWins";
    static constexpr std::string_view format = "last_write_wins/1";
    static constexpr Capabilities provides{Capability::total_order};
    static constexpr Capabilities needs{Capability::replicated};
    static constexpr bool total_order = true;
    static constexpr std::size_t stamp_bytes = 13;
    static constexpr bool needs_present = false;
    static Result<void> validate(const Options& options) { return clocks::validate_options(options); }

    static Cell join(const Cell& a, const Cell& b, std::string&) noexcept { return compare(a, b) < 0 ? b : a; }
    static bool covers(const Cell& a, const Cell& b) noexcept { return compare(a, b) >= 0; }

    // Whether `incoming` is dropped by what is there. Asked of a write that a coordinator has just stamped it means
    // that the write is acknowledged and lost; of an old copy that a repair brings it means nothing.
    static bool loses(const Cell& present, const Cell& incoming) noexcept { return compare(incoming, present) < 0; }

    static std::size_t values(const Cell& cell) noexcept { return erased(cell) ? 0 : 1; }
    template <class Visit>
    static void for_each_value(const Cell& cell, Visit&& visit) {
        if (!erased(cell)) visit(cell.value);
    }

    static std::string context(const Cell&) { return {}; }
    static std::uint64_t time(const Cell& cell) noexcept { return coding::load<std::uint64_t>(cell.stamp.data()); }
    static NodeId node(const Cell& cell) noexcept { return {coding::load<std::uint32_t>(cell.stamp.data() + 8)}; }

    static bool well_formed(const Cell& cell) noexcept {
        if (cell.kind != Kind::put || cell.stamp.size() != stamp_bytes) return false;
        const auto flags = static_cast<std::uint8_t>(cell.stamp.back());
        return flags == 0 ? cell.value.size() <= value_bytes_max : flags == 1 && cell.value.empty();
    }

    static Result<Cell> write(const Cell*, Bytes context, const WriteStamp& by, Kind kind, Bytes value,
                              std::string& room) {
        if (!context.empty())
            return failure(Errc::invalid_argument, "write",
                           "a context was given, but conflict::LastWriteWins has none: leave it empty");
        const bool erases = kind == Kind::tombstone;
        room.resize_and_overwrite(stamp_bytes, [&](char* stamp, std::size_t bytes) {
            coding::store(stamp, by.time);
            coding::store(stamp + 8, by.node.number);
            stamp[12] = erases ? '\1' : '\0';
            return bytes;
        });
        return Cell{Kind::put, room, erases ? Bytes() : value};
    }

private:
    static bool erased(const Cell& cell) noexcept { return cell.stamp.back() != 0; }

    static std::strong_ordering compare(const Cell& a, const Cell& b) noexcept {
        if (const auto order = time(a) <=> time(b); order != 0) return order;
        if (const auto order = node(a) <=> node(b); order != 0) return order;
        if (const auto order = erased(a) <=> erased(b); order != 0) return order;
        return a.value <=> b.value;
    }
};

} // namespace kvilt::conflict
