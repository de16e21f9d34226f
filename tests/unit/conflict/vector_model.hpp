// The cells of VectorClock as sets, read and written by docs/formats/stamps.md alone: what the real ones, which are
// walked in place, are compared with.
#pragma once

#include <kvilt/laws/conflict_trial.hpp>

#include <map>
#include <string>
#include <utility>

// What a vector counts for: a node in one of its lives.
using Writer = std::pair<std::uint64_t, std::uint64_t>;

struct VectorModel {
    std::map<Writer, std::uint64_t> vector{};
    std::map<std::pair<Writer, std::uint64_t>, std::string> siblings{};

    bool knows(const Writer& writer, std::uint64_t counter) const {
        const auto found = vector.find(writer);
        return found != vector.end() && counter <= found->second;
    }

    static std::uint64_t take(kvilt::Bytes& from) {
        std::uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
            const auto byte = static_cast<unsigned char>(from.front());
            from.remove_prefix(1);
            value |= std::uint64_t{byte & 0x7fu} << shift;
            if (byte < 0x80) return value;
        }
    }

    static VectorModel of(const kvilt::Cell& cell) {
        VectorModel model;
        kvilt::Bytes rest = cell.stamp;
        const std::uint64_t vector_bytes = take(rest);
        kvilt::Bytes entries = rest.substr(0, vector_bytes);
        rest.remove_prefix(vector_bytes);
        while (!entries.empty()) {
            const std::uint64_t node = take(entries), incarnation = take(entries);
            model.vector[{node, incarnation}] = take(entries);
        }
        for (kvilt::Bytes values = cell.value; !rest.empty();) {
            const auto entry = std::next(model.vector.begin(), static_cast<std::ptrdiff_t>(take(rest)));
            const std::uint64_t behind = take(rest), bytes = take(rest);
            model.siblings[{entry->first, entry->second - behind}] = values.substr(0, bytes);
            values.remove_prefix(bytes);
        }
        return model;
    }

    static void put(std::string& to, std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) to += static_cast<char>(value | 0x80);
        to += static_cast<char>(value);
    }

    std::string context() const {
        std::string bytes;
        for (const auto& [writer, counter] : vector)
            for (const std::uint64_t part : {writer.first, writer.second, counter}) put(bytes, part);
        return bytes;
    }

    kvilt::laws::OwnedCell cell() const {
        kvilt::laws::OwnedCell made;
        put(made.stamp, context().size());
        made.stamp += context();
        for (const auto& [dot, value] : siblings) {
            const auto entry = vector.find(dot.first);
            put(made.stamp, static_cast<std::uint64_t>(std::distance(vector.begin(), entry)));
            put(made.stamp, entry->second - dot.second);
            put(made.stamp, value.size());
            made.value += value;
        }
        return made;
    }

    // In `room`, as a join leaves it.
    kvilt::Cell written(std::string& room) const {
        const kvilt::laws::OwnedCell made = cell();
        room = made.stamp + made.value;
        return {kvilt::Kind::put, kvilt::Bytes(room).substr(0, made.stamp.size()),
                kvilt::Bytes(room).substr(made.stamp.size())};
    }

    static VectorModel join(const VectorModel& a, const VectorModel& b) {
        VectorModel joined;
        for (const VectorModel* side : {&a, &b})
            for (const auto& [writer, counter] : side->vector)
                joined.vector[writer] = std::max(joined.vector[writer], counter);
        for (const auto& [one, other] : {std::pair(&a, &b), std::pair(&b, &a)})
            for (const auto& [dot, value] : one->siblings) {
                const bool both = other->siblings.contains(dot);
                if (both) joined.siblings[dot] = std::max(value, other->siblings.at(dot));
                if (!both && !other->knows(dot.first, dot.second)) joined.siblings[dot] = value;
            }
        return joined;
    }

    // Any vector with any dots of it, also such as no history would leave.
    static VectorModel random(kvilt::laws::Dice& dice) {
        VectorModel model;
        const std::uint64_t counters = dice.once_in(3) ? 300 : 4;
        for (std::size_t entries = dice.below(5); entries > 0; --entries)
            model.vector[{dice.once_in(4) ? 200 + dice.below(2) : dice.below(3), dice.below(2)}] =
                1 + dice.below(counters);
        for (const auto& [writer, counter] : model.vector)
            for (std::size_t dots = dice.below(3); dots > 0; --dots) {
                const std::uint64_t dot = 1 + dice.below(counter);
                std::string value = "v" + std::to_string(dot) + std::string(dice.once_in(9) ? 130 : 0, '-');
                if (dice.once_in(6)) value = std::string(dice.below(2), '?');
                model.siblings[{writer, dot}] = std::move(value);
            }
        return model;
    }
};
