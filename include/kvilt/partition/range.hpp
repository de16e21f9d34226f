// Shards that are consecutive spans of the key space: keeps order, so that scans walk shard after shard.
// docs/policies/partition.md
#pragma once

#include <kvilt/partition/concept.hpp>
#include <kvilt/partition/deal.hpp>
#include <kvilt/partition/homes.hpp>
#include <kvilt/partition/node_list.hpp>

#include <algorithm>
#include <vector>

namespace kvilt::partition {

// n splits make n + 1 shards; shard i holds [splits[i - 1], splits[i]). Without splits there is one shard. The splits
// are part of the store: opening it with others is refused.
// Provides: sharded, ordered_placement. Needs: nothing.
struct Range {
    struct Options {
        std::vector<std::string> splits{}; // ascending, none empty; at most splits_max
        NodeList nodes{}; // each has a run of neighbouring shards; empty: one for each shard, or for each copy
    };
    static constexpr std::size_t splits_max = 4095; // each shard may be an engine with its own log and index

    static constexpr Slot slot = Slot::partition;
    static constexpr std::string_view name = "partition::Range";
    static constexpr std::string_view format = "range";
    static constexpr Capabilities provides{Capability::sharded, Capability::ordered_placement};
    static constexpr Capabilities needs{};

    static Result<void> validate(const Options& options);

    class Map {
    public:
        static constexpr bool ordered = true;

        explicit Map(const Options& options, std::size_t copies = 1)
            : splits_(options.splits), homes_(options.nodes, std::max(splits_.size() + 1, copies), copies),
              owners_(detail::deal_in_runs(homes_.nodes(), splits_.size() + 1)),
              nodes_text_(detail::text_unless(homes_.nodes(), std::max(splits_.size() + 1, copies))) {}

        // O(log shards) comparisons.
        ShardId shard_of(Bytes key) const noexcept {
            const auto above = std::upper_bound(splits_.begin(), splits_.end(), key);
            return static_cast<ShardId>(above - splits_.begin());
        }
        std::size_t shards() const noexcept { return splits_.size() + 1; }
        const NodeList& nodes() const noexcept { return homes_.nodes(); }
        NodeId owner(ShardId shard) const noexcept { return owners_[shard]; }
        void prefer(ShardId shard, std::vector<NodeId>& order) const { homes_.in_turn(owners_[shard], order); }
        Epoch epoch() const noexcept { return 1; }

        // "range/a,b%00": the splits with all but letters, digits and -._~ as %XX.
        std::string layout() const {
            std::string text = "range/";
            for (std::size_t i = 0; i < splits_.size(); ++i) {
                if (i > 0) text.push_back(',');
                detail::append_escaped(text, splits_[i]);
            }
            if (!nodes_text_.empty()) text += "/" + nodes_text_;
            return text;
        }

    private:
        std::vector<std::string> splits_;
        detail::Homes homes_;
        std::vector<NodeId> owners_;
        std::string nodes_text_;
    };
};

inline Result<void> Range::validate(const Options& options) {
    const auto refuse = [](std::string why) { return failure(Errc::invalid_option, "partition::Range", why); };
    const auto& splits = options.splits;
    if (splits.size() > splits_max)
        return refuse(std::to_string(splits.size()) + " splits are too many, at most " + std::to_string(splits_max));
    for (std::size_t i = 0; i < splits.size(); ++i) {
        if (splits[i].empty()) return refuse("a split is empty: no key is below it, so leave it out");
        if (splits[i].size() > key_bytes_max) return refuse("a split is longer than a key may be");
        if (i == 0 || splits[i - 1] < splits[i]) continue;
        std::string why = "splits must ascend, but \"";
        detail::append_escaped(why, splits[i - 1]);
        why += "\" stands before \"";
        detail::append_escaped(why, splits[i]);
        return refuse(why + "\": sort them and drop doubles");
    }
    return detail::check_node_list("partition::Range", options.nodes);
}

} // namespace kvilt::partition
