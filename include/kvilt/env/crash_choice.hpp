// What of the unsynced reaches the device when power is lost.
#pragma once

#include <kvilt/core/checksum.hpp>

#include <functional>
#include <string>
#include <utility>

namespace kvilt {

// Something that power loss may keep or lose, each independently of all others.
struct Unsynced {
    enum class Kind : std::uint8_t {
        name,   // one change of names in a directory: create, rename, remove or link
        length, // a file's present length, against its durable one
        sector, // 512 bytes of a file, against what they were
    };
    Kind kind = Kind::sector;
    std::string path{};       // of the file; of a name: what was done to it
    std::uint64_t number = 0; // name: 0, 1, ... in the order of changes; length: the present one; sector: its place
    std::size_t ordinal = 0;  // 0, 1, ... in the order of asking, which is the same for the same world
};

// Decides for each. Copyable.
class CrashChoice {
public:
    using Decide = std::function<bool(const Unsynced&)>;

    // `decide` returns whether it reached the device.
    explicit CrashChoice(Decide decide) : decide_(std::move(decide)) {}

    static CrashChoice nothing_unsynced() {
        return CrashChoice([](const Unsynced&) { return false; });
    }
    static CrashChoice everything() {
        return CrashChoice([](const Unsynced&) { return true; });
    }
    // Each with this probability.
    static CrashChoice seeded(std::uint64_t seed, unsigned percent) {
        return CrashChoice([=](const Unsynced& item) { return mix(seed, item.ordinal) % 100 < percent; });
    }
    // The file system is a journal of names: those before change number `count` and no others; `rest` decides for
    // lengths and sectors.
    static CrashChoice names_before(std::uint64_t count, CrashChoice rest) {
        return CrashChoice([count, rest = std::move(rest)](const Unsynced& item) {
            return item.kind == Unsynced::Kind::name ? item.number < count : rest.keeps(item);
        });
    }

    bool keeps(const Unsynced& item) const { return decide_(item); }

private:
    Decide decide_;
};

} // namespace kvilt
