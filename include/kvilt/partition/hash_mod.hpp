// A fixed number of shards, chosen by the key's hash: spreads any keys evenly and keeps no order among shards.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/partition/concept.hpp>

namespace kvilt::partition {

// The number of shards is part of the store: opening it with another is refused, for nearly every key would move.
// Provides: sharded. Needs: nothing.
struct HashMod {
    struct Options {
        std::size_t shards = 4; // 1 to shards_max
    };
    static constexpr std::size_t shards_max = 4096; // each is an engine with its own log and index

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::HashMod";
    static constexpr std::string_view format = "hash_mod";
    static constexpr Capabilities provides{Capability::sharded};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options) {
        if (options.shards >= 1 && options.shards <= shards_max) return {};
        return failure(Errc::invalid_option, "partition::HashMod",
                       "shards is " + std::to_string(options.shards) + ", but must be 1 to " +
                           std::to_string(shards_max));
    }

    class Map {
    public:
        static constexpr bool ordered = false;

        explicit Map(const Options& options) noexcept : shards_(options.shards) {}

        // Mixed once more: indexes and filters inside a shard use bits of the same hash, which must stay free there.
        ShardId shard_of(Bytes key) const noexcept { return static_cast<ShardId>(mix(hash_key(key)) % shards_); }
        std::size_t shards() const noexcept { return shards_; }
        std::string layout() const { return "hash_mod/" + std::to_string(shards_); }

    private:
        std::size_t shards_;
    };
};

} // namespace kvilt::partition
