// The key under which a node keeps something in its engine: a space, then what it is of.
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/core/node.hpp>

#include <cstring>
#include <string>

namespace kvilt::cluster {

// Spaces of one node's engine, which so are in one log and are synced as one. Part of the format.
//   own    0 | name                          what the node must remember of itself
//   data   1 | u32 shard | key               big-endian: the keys of a shard lie together, in order
//   hints  2 | u32 node | u32 shard | key    what was taken for another node
class StoredKey {
public:
    static StoredKey own(Bytes name) { return StoredKey(Prefix('\0'), name); }
    static StoredKey data(ShardId shard, Bytes key) { return StoredKey(Prefix('\1').number(shard), key); }
    static StoredKey hint(NodeId node, ShardId shard, Bytes key) {
        return StoredKey(Prefix('\2').number(node.number).number(shard), key);
    }
    // Before the first key of a shard, and of the hints for a node. What follows begins with the same bytes.
    static StoredKey shard(ShardId shard) { return data(shard, {}); }
    static StoredKey hints(NodeId node) { return StoredKey(Prefix('\2').number(node.number), {}); }
    static StoredKey all_hints() { return StoredKey(Prefix('\2'), {}); }

    static constexpr std::size_t data_prefix_bytes = 5;
    static constexpr std::size_t hint_prefix_bytes = 9;
    static Bytes key_of_data(Bytes stored) noexcept { return stored.substr(data_prefix_bytes); }
    static Bytes key_of_hint(Bytes stored) noexcept { return stored.substr(hint_prefix_bytes); }
    static ShardId shard_of_hint(Bytes stored) noexcept { return number_at(stored, 5); }
    static NodeId node_of_hint(Bytes stored) noexcept { return {number_at(stored, 1)}; }

    StoredKey(const StoredKey&) = delete;
    StoredKey& operator=(const StoredKey&) = delete;

    operator Bytes() const noexcept { return {long_.empty() ? short_ : long_.data(), bytes_}; }

private:
    struct Prefix {
        explicit Prefix(char space) noexcept : text{space}, bytes(1) {}
        Prefix& number(std::uint32_t value) noexcept {
            const std::uint32_t big = __builtin_bswap32(value);
            std::memcpy(text + bytes, &big, sizeof big);
            bytes += sizeof big;
            return *this;
        }
        char text[hint_prefix_bytes];
        std::size_t bytes;
    };
    static_assert(hint_prefix_bytes <= key_prefix_bytes_max);

    StoredKey(const Prefix& prefix, Bytes key) : bytes_(prefix.bytes + key.size()) {
        char* to = short_;
        if (bytes_ > sizeof short_) {
            long_.resize(bytes_);
            to = long_.data();
        }
        std::memcpy(to, prefix.text, prefix.bytes);
        if (!key.empty()) std::memcpy(to + prefix.bytes, key.data(), key.size());
    }

    static std::uint32_t number_at(Bytes stored, std::size_t at) noexcept {
        return __builtin_bswap32(coding::load<std::uint32_t>(stored.data() + at));
    }

    std::size_t bytes_;
    std::string long_{};
    char short_[128];
};

} // namespace kvilt::cluster
