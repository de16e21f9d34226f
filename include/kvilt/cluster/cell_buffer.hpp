// A cell with its bytes: what messages said, when the messages have gone.
#pragma once

#include <kvilt/conflict/concept.hpp>
#include <kvilt/core/checksum.hpp>

#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace kvilt::cluster {

// Small cells need no allocation; the room of a great one is used anew. Not copyable: the bytes stay where they are.
class CellBuffer {
public:
    CellBuffer() noexcept {} // the room is not zeroed
    CellBuffer(const CellBuffer&) = delete;
    CellBuffer& operator=(const CellBuffer&) = delete;

    // `cell` does not lie in this buffer.
    void assign(const Cell& cell) {
        const std::size_t needed = cell.stamp.size() + cell.value.size();
        char* to = short_;
        if (needed > sizeof short_) {
            if (needed > room_) {
                long_ = std::make_unique_for_overwrite<char[]>(needed);
                room_ = needed;
            }
            to = long_.get();
        }
        if (!cell.stamp.empty()) std::memcpy(to, cell.stamp.data(), cell.stamp.size());
        if (!cell.value.empty()) std::memcpy(to + cell.stamp.size(), cell.value.data(), cell.value.size());
        cell_ = Cell{cell.kind, {to, cell.stamp.size()}, {to + cell.stamp.size(), cell.value.size()}};
    }
    void clear() noexcept { cell_.reset(); }

    const std::optional<Cell>& cell() const noexcept { return cell_; }

private:
    std::optional<Cell> cell_{};
    std::unique_ptr<char[]> long_{};
    std::size_t room_ = 0;
    char short_[256];
};

// The join of the cells that were added.
template <ConflictPolicy C>
class Joined {
public:
    static constexpr std::size_t nothing = 0;
    static constexpr std::size_t less = ~std::size_t{0};

    Joined() noexcept {} // nor is it here

    // version() if the join is `cell` now, else less.
    std::size_t add(const Cell& cell) {
        if (!present().cell()) {
            present().assign(cell);
            return ++version_;
        }
        const Cell& so_far = *present().cell();
        if (same(so_far, cell)) return version_;
        if (C::covers(so_far, cell)) return less;
        spare().assign(C::covers(cell, so_far) ? cell : C::join(so_far, cell, room_));
        second_ = !second_;
        ++version_;
        return same(*present().cell(), cell) ? version_ : less;
    }
    const std::optional<Cell>& cell() const noexcept { return second_ ? b_.cell() : a_.cell(); }

    // How many cells it has been, one after the other: it only grows, so none comes back.
    std::size_t version() const noexcept { return version_; }

private:
    // Stamps alone do not say it: two writes may have one, if a clock or a policy is wrong.
    static bool same(const Cell& a, const Cell& b) noexcept { return a.stamp == b.stamp && a.value == b.value; }

    CellBuffer& present() noexcept { return second_ ? b_ : a_; }
    CellBuffer& spare() noexcept { return second_ ? a_ : b_; }

    CellBuffer a_{};
    CellBuffer b_{};
    std::string room_{};
    std::size_t version_ = nothing;
    bool second_ = false;
};

// Equal for equal cells: what replicas compare when they are repaired, and do not believe stamps alone.
inline std::uint64_t digest_of(const Cell& cell) noexcept {
    return checksum64(cell.value, checksum64(cell.stamp, cell.value.size()));
}

} // namespace kvilt::cluster
