// The calls of a replicated store with all that they can say: levels, contexts, siblings.
#pragma once

#include <kvilt/cluster/cluster.hpp>
#include <kvilt/front/scan_range.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt {

using cluster::Written;

// What a fetch has found, and how it was reached.
template <class Value>
struct Fetched {
    std::vector<Value> values{}; // concurrent ones; none if the key is absent
    std::string context{};       // for the write that is to replace all of them, an erase included
    std::size_t replies = 0;     // homes that answered
    std::size_t repaired = 0;    // homes that were told of something newer
};

// Coordinated by the store's front, which reaches every node, or by one node, which reaches those that it is not cut
// off from. A copy; ends before the store does. Thread-safe where the store is.
template <class Ring>
class RingClient {
public:
    using Conflict = typename Ring::Conflict;
    using Replication = typename Ring::Replication;

    RingClient(cluster::Cluster<Ring>& cluster, NodeId via) : cluster_(&cluster), via_(via) {}

    // Errc::unavailable: nothing was written; unknown: it may be there or come later; conflict: the context names
    // another version than the present one.
    template <CodableKey Key, CodableValue Value>
    [[nodiscard]] Result<Written> put(const Key& key, const Value& value, const RingWriteOptions& options = {}) {
        return cluster_->write(
            {KeyBytes<Key>(key), Kind::put, ValueBytes<Value>(value), options.context, options.level, options.sync},
            via_);
    }
    template <CodableKey Key, CodableValue Value, Level L>
    [[nodiscard]] Result<Written> put(const Key& key, const Value& value, LevelTag<L>)
        requires(Replication::template offers<L>)
    {
        return put(key, value, {.level = L});
    }

    template <CodableKey Key>
    [[nodiscard]] Result<Written> erase(const Key& key, const RingWriteOptions& options = {}) {
        return cluster_->erase(KeyBytes<Key>(key), options, via_);
    }

    // Nothing if the key is absent. Errc::siblings where there are several values: fetch them.
    template <class Value = std::string, CodableKey Key>
    [[nodiscard]] Result<std::optional<Value>> get(const Key& key, const RingReadOptions& options = {}) const {
        std::optional<Value> value;
        Result<void> result;
        const auto take = [&](Bytes bytes) {
            auto decoded = decode_value<Value>(bytes);
            if (decoded)
                value.emplace(std::move(*decoded));
            else
                result = std::unexpected(std::move(decoded).error());
        };
        KVILT_TRY(cluster_->read(KeyBytes<Key>(key), options.level, via_, [&](const auto& cell, const auto&) {
            if (!cell) return;
            if (auto used = cluster::use_value<Conflict>(*cell, take); !used)
                result = std::unexpected(std::move(used).error());
        }));
        if (!result) return std::unexpected(std::move(result).error());
        return value;
    }
    template <class Value = std::string, CodableKey Key, Level L>
    [[nodiscard]] Result<std::optional<Value>> get(const Key& key, LevelTag<L>) const
        requires(Replication::template offers<L>)
    {
        return get<Value>(key, {.level = L});
    }

    // All concurrent values, with the context for the write that is to replace them.
    template <class Value = std::string, CodableKey Key>
    [[nodiscard]] Result<Fetched<Value>> fetch(const Key& key, const RingReadOptions& options = {}) const {
        Fetched<Value> fetched;
        Result<void> result;
        const auto add = [&](Bytes bytes) {
            auto decoded = decode_value<Value>(bytes);
            if (decoded)
                fetched.values.push_back(std::move(*decoded));
            else
                result = std::unexpected(std::move(decoded).error());
        };
        KVILT_TRY(cluster_->read(KeyBytes<Key>(key), options.level, via_, [&](const auto& cell, const auto& reached) {
            fetched.replies = reached.replies;
            fetched.repaired = reached.repaired;
            if (!cell) return;
            fetched.context = Conflict::context(*cell);
            for_each_fetched(*cell, add);
        }));
        if (!result) return std::unexpected(std::move(result).error());
        return fetched;
    }

private:
    // With a merge the siblings are one value.
    template <class Add>
    static void for_each_fetched(const Cell& cell, Add add) {
        if constexpr (requires(std::string& room) { Conflict::merged(cell, room); }) {
            std::string room;
            if (Conflict::values(cell) != 0) add(Conflict::merged(cell, room));
        } else {
            Conflict::for_each_value(cell, add);
        }
    }

    cluster::Cluster<Ring>* cluster_;
    NodeId via_;
};

} // namespace kvilt
