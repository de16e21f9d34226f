// The key under which a node keeps something in its engine: a space, then what it is of.
#pragma once

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/core/node.hpp>

#include <array>
#include <cstring>
#include <memory>

namespace kvilt::cluster {

// Spaces of one node's engine, which so are in one log and are synced as one. Part of the format.
//   own    0 | name                          what the node must remember of itself
//   data   1 | u32 shard | key               big-endian: the keys of a shard lie together, in order
//   hints  2 | u32 node | u32 shard | key    what was taken for another node
class StoredKey {
public:
    static StoredKey own(Bytes name) { return StoredKey(prefix('\0'), name); }
    [[gnu::always_inline]] static StoredKey data(ShardId shard, Bytes key) {
        return StoredKey(prefix('\1', shard), key);
    }
    static StoredKey hint(NodeId node, ShardId shard, Bytes key) {
        return StoredKey(prefix('\2', node.number, shard), key);
    }
    // Before the first key of a shard, and of the hints for a node. What follows begins with the same bytes.
    static StoredKey shard(ShardId shard) { return data(shard, {}); }
    static StoredKey hints(NodeId node) { return StoredKey(prefix('\2', node.number), {}); }
    static StoredKey all_hints() { return StoredKey(prefix('\2'), {}); }

    static constexpr std::size_t data_prefix_bytes = 5;
    static constexpr std::size_t hint_prefix_bytes = 9;
    static Bytes key_of_data(Bytes stored) noexcept { return stored.substr(data_prefix_bytes); }
    static Bytes key_of_hint(Bytes stored) noexcept { return stored.substr(hint_prefix_bytes); }
    static ShardId shard_of_hint(Bytes stored) noexcept { return number_at(stored, 5); }
    static NodeId node_of_hint(Bytes stored) noexcept { return {number_at(stored, 1)}; }

    StoredKey(const StoredKey&) = delete;
    StoredKey& operator=(const StoredKey&) = delete;

    operator Bytes() const noexcept { return {long_ == nullptr ? short_ : long_.get(), bytes_}; }

private:
    template <std::size_t numbers>
    using Prefix = std::array<char, 1 + sizeof(std::uint32_t) * numbers>;

    template <class... Number>
    static Prefix<sizeof...(Number)> prefix(char space, Number... numbers) noexcept {
        Prefix<sizeof...(Number)> text{space};
        [[maybe_unused]] char* at = text.data() + 1;
        ((coding::store(at, __builtin_bswap32(numbers)), at += sizeof(std::uint32_t)), ...);
        return text;
    }
    static_assert(hint_prefix_bytes <= key_prefix_bytes_max);

    template <std::size_t prefix_bytes>
    [[gnu::always_inline]] StoredKey(const std::array<char, prefix_bytes>& prefix, Bytes key)
        : bytes_(prefix_bytes + key.size()) {
        char* to = short_;
        if (bytes_ > sizeof short_) [[unlikely]] {
            long_ = std::make_unique_for_overwrite<char[]>(bytes_);
            to = long_.get();
        }
        std::memcpy(to, prefix.data(), prefix_bytes);
        if (!key.empty()) std::memcpy(to + prefix_bytes, key.data(), key.size());
    }

    static std::uint32_t number_at(Bytes stored, std::size_t at) noexcept {
        return __builtin_bswap32(coding::load<std::uint32_t>(stored.data() + at));
    }

    std::size_t bytes_;
    std::unique_ptr<char[]> long_{};
    char short_[128];
};

} // namespace kvilt::cluster
