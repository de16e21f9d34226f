// Joins two cells of VectorClock: judged first, so that a cell that says all is returned as it lies, and written anew
// only where both sides have something of their own.
#pragma once

#include <kvilt/conflict/vector_clock_cell.hpp>

#include <string>

namespace kvilt::conflict::detail {

// The sizes of a result, and whether it is one of the two sides as it stands.
class Judge {
public:
    void entry(Actor actor, std::uint64_t counter, std::uint64_t in_a, std::uint64_t in_b) noexcept {
        a_stands = a_stands && counter == in_a;
        b_stands = b_stands && counter == in_b;
        vector_bytes += entry_bytes(actor, counter);
        ++entries;
        counter_ = counter;
    }
    void sibling(std::uint64_t dot, Bytes bytes, bool of_a, bool of_b) noexcept {
        a_stands = a_stands && of_a;
        b_stands = b_stands && of_b;
        dots_bytes += varint_bytes(entries - 1) + varint_bytes(counter_ - dot) + varint_bytes(bytes.size());
        value = bytes;
        value_bytes += bytes.size();
        ++siblings;
    }
    void dropped(bool of_a) noexcept { (of_a ? a_stands : b_stands) = false; }

    std::size_t stamp_bytes() const noexcept { return varint_bytes(vector_bytes) + vector_bytes + dots_bytes; }

    bool a_stands = true;
    bool b_stands = true;
    std::size_t vector_bytes = 0;
    std::size_t dots_bytes = 0;
    std::size_t value_bytes = 0;
    std::size_t entries = 0;
    std::size_t siblings = 0;
    Bytes value{}; // the last sibling's

private:
    std::uint64_t counter_ = 0;
};

struct VectorWriter {
    std::string& to;

    void entry(Actor actor, std::uint64_t counter, std::uint64_t, std::uint64_t) {
        coding::append_varint(to, actor >> 32);
        coding::append_varint(to, actor & 0xffff'ffff);
        coding::append_varint(to, counter);
    }
    void sibling(std::uint64_t, Bytes, bool, bool) noexcept {}
    void dropped(bool) noexcept {}
};

struct DotWriter {
    std::string& to;
    std::size_t entries = 0;
    std::uint64_t counter_now = 0;

    void entry(Actor, std::uint64_t counter, std::uint64_t, std::uint64_t) noexcept {
        ++entries;
        counter_now = counter;
    }
    void sibling(std::uint64_t dot, Bytes bytes, bool, bool) {
        coding::append_varint(to, entries - 1);
        coding::append_varint(to, counter_now - dot);
        coding::append_varint(to, bytes.size());
    }
    void dropped(bool) noexcept {}
};

struct ValueWriter {
    std::string& to;

    void entry(Actor, std::uint64_t, std::uint64_t, std::uint64_t) noexcept {}
    void sibling(std::uint64_t, Bytes bytes, bool, bool) { to.append(bytes); }
    void dropped(bool) noexcept {}
};

inline Judge judge(const Side& a, const Side& b, const Added& added = {}) noexcept {
    Judge result;
    walk(a, b, added, result);
    return result;
}

// What was judged, written to `room`; a lone sibling stays where it lies.
inline Cell written(const Side& a, const Side& b, const Added& added, const Judge& judged, std::string& room) {
    room.clear();
    coding::append_varint(room, judged.vector_bytes);
    VectorWriter vector{room};
    walk(a, b, added, vector);
    DotWriter dots{room};
    walk(a, b, added, dots);
    const std::size_t stamp = room.size();
    if (judged.siblings <= 1) return {Kind::put, room, judged.value};
    ValueWriter values{room};
    walk(a, b, added, values);
    return {Kind::put, Bytes(room).substr(0, stamp), Bytes(room).substr(stamp)};
}

} // namespace kvilt::conflict::detail
