// The store as it was at one moment.
#pragma once

#include <kvilt/front/scan_range.hpp>

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kvilt {

// Reads see exactly the commits before it was taken, however long it lives; what it sees is kept until it is
// destroyed. Movable; may be read by several threads where the store may; ends before the store does.
template <class Node, bool ordered>
class Snapshot {
public:
    explicit Snapshot(const Node& node) : node_(&node), at_(node.take_snapshot()) {}
    Snapshot(Snapshot&& other) noexcept : node_(std::exchange(other.node_, nullptr)), at_(std::move(other.at_)) {}
    Snapshot& operator=(Snapshot&& other) noexcept {
        std::swap(node_, other.node_);
        std::swap(at_, other.at_);
        return *this;
    }
    ~Snapshot() {
        if (node_ != nullptr) node_->release_snapshot(at_);
    }

    template <class Value = std::string, CodableKey Key>
    [[nodiscard]] Result<std::optional<Value>> get(const Key& key) const {
        return read_value<Value>(*node_, KeyBytes<Key>(key), at_);
    }

    template <CodableKey Key, class Use>
    [[nodiscard]] Result<bool> view(const Key& key, Use&& use) const {
        return node_->view(KeyBytes<Key>(key), at_, std::forward<Use>(use));
    }

    template <class Key = Bytes, class Value = Bytes>
    [[nodiscard]] auto scan(Range range) const
        requires ordered
    {
        return ScanRange<typename Node::ScanCursor, Key, Value>(node_->scan(std::move(range), at_));
    }

    template <class Key = Bytes, class Value = Bytes, class Visitor>
    [[nodiscard]] Result<void> scan(Range range, Visitor&& visit) const
        requires ordered
    {
        return scan<Key, Value>(std::move(range)).for_each(std::forward<Visitor>(visit));
    }

private:
    const Node* node_;
    typename Node::SnapshotMark at_;
};

// The value of `key` as a Value, or nothing.
template <class Value, class Node>
Result<std::optional<Value>> read_value(const Node& node, Bytes key, std::optional<typename Node::SnapshotMark> at) {
    std::optional<Value> value;
    std::optional<Error> error;
    KVILT_TRY(node.view(key, std::move(at), [&](Bytes bytes) {
        auto decoded = decode_value<Value>(bytes);
        if (decoded)
            value.emplace(std::move(*decoded));
        else
            error = std::move(decoded).error();
    }));
    if (error) return std::unexpected(std::move(*error));
    return value;
}

// use(n, Bytes) with the value of each of many keys that is there, in their order; side by side where the node can.
template <class Node, class Key, class Use>
Result<void> view_values(const Node& node, std::span<const Key> keys, Use&& use) {
    if constexpr (!requires { node.view_many(std::span<const Bytes>(), use); }) {
        for (std::size_t n = 0; n < keys.size(); ++n)
            KVILT_TRY(node.view(KeyBytes<Key>(keys[n]), std::nullopt, [&](Bytes value) { use(n, value); }));
        return {};
    } else if constexpr (std::same_as<Key, Bytes>) {
        return node.view_many(keys, use);
    } else {
        const std::vector<KeyBytes<Key>> encoded(keys.begin(), keys.end());
        const std::vector<Bytes> wanted(encoded.begin(), encoded.end());
        return node.view_many(wanted, use);
    }
}

template <class Value, class Node, class Key>
Result<std::vector<std::optional<Value>>> read_values(const Node& node, std::span<const Key> keys) {
    std::vector<std::optional<Value>> values(keys.size());
    std::optional<Error> error;
    KVILT_TRY(view_values(node, keys, [&](std::size_t n, Bytes bytes) {
        auto decoded = decode_value<Value>(bytes);
        if (decoded)
            values[n].emplace(std::move(*decoded));
        else if (!error)
            error = std::move(decoded).error();
    }));
    if (error) return std::unexpected(std::move(*error));
    return values;
}

} // namespace kvilt
