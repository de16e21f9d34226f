// The slots of Redis Cluster: a key is in the slot in which Redis puts it.
// docs/policies/partition.md
#pragma once

#include <kvilt/partition/concept.hpp>
#include <kvilt/partition/deal.hpp>
#include <kvilt/partition/fixed_slots.hpp>

#include <array>
#include <cstdint>

namespace kvilt::partition {

namespace detail {

// CRC-16/XMODEM: polynomial 0x1021, from 0, most significant bit first.
constexpr std::array<std::uint16_t, 256> crc16_table() noexcept {
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned rest = byte << 8;
        for (int bit = 0; bit < 8; ++bit) rest = (rest << 1) ^ ((rest & 0x8000) != 0 ? 0x1021u : 0u);
        table[byte] = static_cast<std::uint16_t>(rest);
    }
    return table;
}
inline constexpr std::array<std::uint16_t, 256> crc16_of_byte = crc16_table();

constexpr std::uint16_t crc16(Bytes bytes) noexcept {
    unsigned crc = 0;
    for (const char c : bytes) crc = (crc << 8 & 0xffff) ^ crc16_of_byte[(crc >> 8) ^ static_cast<unsigned char>(c)];
    return static_cast<std::uint16_t>(crc);
}

// What is between the first '{' and the first '}' behind it, if that is not empty; else the whole key.
constexpr Bytes hash_tag(Bytes key) noexcept {
    const std::size_t open = key.find('{');
    if (open == Bytes::npos) return key;
    const std::size_t close = key.find('}', open + 1);
    if (close == Bytes::npos || close == open + 1) return key;
    return key.substr(open + 1, close - open - 1);
}

} // namespace detail

// 16,384 slots by the CRC-16 of the key or of its hash tag, "{user1}.cart": keys with one tag are in one slot. Nodes
// have runs of slots, as redis-cli deals them; so a node that joins moves slots between old nodes too.
// Redis Cluster Specification, redis.io.
// Provides: sharded. Needs: nothing.
struct RedisSlots {
    struct Options {
        NodeList nodes{}; // empty: 3, or as many as copies
    };
    static constexpr std::size_t slots = 16384;

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::RedisSlots";
    static constexpr std::string_view format = "redis_slots";
    static constexpr Capabilities provides{Capability::sharded};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options) {
        return detail::check_slots("partition::RedisSlots", options.nodes, slots);
    }

    class Map {
    public:
        static constexpr bool ordered = false;

        explicit Map(const Options& options, std::size_t copies = 1)
            : homes_(options.nodes, std::max<std::size_t>(copies, 3), copies),
              owners_(detail::deal_by_borders(homes_.nodes(), slots)) {}

        ShardId shard_of(Bytes key) const noexcept { return detail::crc16(detail::hash_tag(key)) % slots; }
        std::size_t shards() const noexcept { return slots; }
        const NodeList& nodes() const noexcept { return homes_.nodes(); }
        NodeId owner(ShardId shard) const noexcept { return owners_[shard]; }
        void prefer(ShardId shard, std::vector<NodeId>& order) const { homes_.in_turn(owners_[shard], order); }
        Epoch epoch() const noexcept { return 1; }
        std::string layout() const { return "redis_slots/" + detail::text_of(homes_.nodes()); }

    private:
        detail::Homes homes_;
        std::vector<NodeId> owners_;
    };
};

} // namespace kvilt::partition
