// One shard: the whole store is one engine.
#pragma once

#include <kvilt/partition/concept.hpp>

namespace kvilt::partition {

// The null object: no router is compiled for it.
// Provides: ordered_placement. Needs: nothing.
struct Single {
    using Options = NoOptions;
    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::Single";
    static constexpr std::string_view format = "single";
    static constexpr Capabilities provides{Capability::ordered_placement};
    static constexpr Capabilities needs{};
    static Result<void> validate(const Options&) { return {}; }

    class Map {
    public:
        static constexpr bool ordered = true;

        explicit Map(const Options&) noexcept {}
        ShardId shard_of(Bytes) const noexcept { return 0; }
        std::size_t shards() const noexcept { return 1; }
        std::string layout() const { return {}; }
    };
};

} // namespace kvilt::partition
