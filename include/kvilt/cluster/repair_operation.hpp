// Anti-entropy: two nodes compare what they hold of the shards that both are homes of, and join what differs.
#pragma once

#include <kvilt/cluster/comparer.hpp>
#include <kvilt/cluster/stepwise.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// Walks down the tree of both where digests differ, lists the keys of the leaves at the end, and exchanges the cells
// that one has and the other has not. What it sends is in proportion to what differs. Afterwards both hold the join of
// what they held when it began. It may run beside writes and other repairs. One that only compares counts what differs.
template <class P, class Coordinator>
class RepairOperation final : public Stepwise<Coordinator> {
public:
    RepairOperation(Coordinator& coordinator, Copies<P>& copies, Comparer<P>& comparer, NodeId peer,
                    bool compares_only = false)
        : Stepwise<Coordinator>(coordinator, "repair"), copies_(copies), comparer_(comparer), peer_(peer),
          compares_only_(compares_only), common_(coordinator.placed().common(coordinator.self(), peer)) {}

    std::uint64_t received() const noexcept { return received_; }   // cells that said something new here
    std::uint64_t sent() const noexcept { return sent_; }           // cells that the other lacked or had otherwise
    std::uint64_t differing() const noexcept { return differing_; } // keys

private:
    static constexpr std::size_t leaves_at_once = 64;
    static constexpr std::size_t cells_at_once = 64;
    static constexpr std::size_t bytes_at_once = 256 * 1024;

    enum class Phase : std::uint8_t { compare, list, exchange };

    Result<void> next() override {
        switch (phase_) {
        case Phase::compare:
            return compare();
        case Phase::list:
            return list();
        case Phase::exchange:
            return exchange();
        }
        return {};
    }

    Result<void> take(const Message& reply) override {
        switch (phase_) {
        case Phase::compare:
            return take_digests(reply);
        case Phase::list:
            return take_marks(reply);
        case Phase::exchange:
            return take_cells(reply);
        }
        return {};
    }

    // ---- where digests differ

    Result<void> compare() {
        if (!tree_) {
            KVILT_TRY_ASSIGN(tree, comparer_.tree(common_));
            tree_.emplace(std::move(tree));
            if (!common_.empty()) nodes_ = {0};
        }
        if (nodes_.empty()) {
            phase_ = Phase::list;
            return {};
        }
        const std::string nodes = payload::numbers(nodes_);
        this->ask(peer_, {.kind = MessageKind::digests, .number = level_, .payload = nodes});
        return {};
    }

    Result<void> take_digests(const Message& reply) {
        const auto theirs = payload::read_numbers<std::uint64_t>(reply.payload);
        if (theirs.size() != nodes_.size()) return malformed();
        std::vector<std::uint32_t> below;
        for (std::size_t at = 0; at < nodes_.size(); ++at) {
            const std::uint32_t node = nodes_[at];
            if (theirs[at] == tree_->digest(level_, node)) continue;
            if (tree_->leaf_level(level_)) {
                leaves_.push_back(node);
                continue;
            }
            const std::size_t begin = node * PairTree::fan;
            const std::size_t end = std::min(begin + PairTree::fan, tree_->width(level_ + 1));
            for (std::size_t child = begin; child < end; ++child) below.push_back(static_cast<std::uint32_t>(child));
        }
        nodes_ = std::move(below);
        ++level_;
        return {};
    }

    // ---- which keys of those leaves differ

    Result<void> list() {
        if (listed_ == leaves_.size()) {
            this->finish();
            return {};
        }
        const std::size_t end = std::min(listed_ + leaves_at_once, leaves_.size());
        asked_leaves_.assign(leaves_.begin() + static_cast<std::ptrdiff_t>(listed_),
                             leaves_.begin() + static_cast<std::ptrdiff_t>(end));
        listed_ = end;
        const std::string leaves = payload::numbers(asked_leaves_);
        this->ask(peer_, {.kind = MessageKind::keys, .payload = leaves});
        return {};
    }

    Result<void> take_marks(const Message& reply) {
        KVILT_TRY_ASSIGN(ours, comparer_.marks(common_, asked_leaves_));
        std::map<std::pair<ShardId, Bytes>, std::uint64_t> here;
        payload::for_each_mark(ours, [&](const payload::Mark& mark) { here[{mark.shard, mark.key}] = mark.digest; });
        const bool read = payload::for_each_mark(reply.payload, [&](const payload::Mark& mark) {
            const auto found = here.find({mark.shard, mark.key});
            if (found != here.end() && found->second == mark.digest)
                here.erase(found);
            else
                wanted_.push_back({mark.shard, std::string(mark.key)});
        });
        if (!read) return malformed();
        std::set<std::pair<ShardId, Bytes>> differing;
        for (const Place& place : wanted_) differing.insert({place.shard, place.key});
        for (const auto& [place, digest] : here) {
            given_.push_back({place.first, std::string(place.second)});
            differing.insert(place);
        }
        differing_ += differing.size();
        if (compares_only_) {
            wanted_.clear();
            given_.clear();
        }
        phase_ = Phase::exchange;
        return {};
    }

    // ---- the cells themselves

    struct Place {
        ShardId shard = 0;
        std::string key{};
    };

    Result<void> exchange() {
        if (wanted_.empty() && given_.empty()) {
            phase_ = Phase::list;
            return {};
        }
        std::string cells;
        for (std::size_t count = 0; !given_.empty() && count < cells_at_once && cells.size() < bytes_at_once; ++count) {
            const Place place = std::move(given_.back());
            given_.pop_back();
            KVILT_TRY_ASSIGN(found, copies_.read(place.shard, place.key, [&](const Cell& cell) {
                payload::append_cell(cells, place.shard, place.key, cell);
            }));
            sent_ += found;
        }
        std::string wanted;
        for (std::size_t count = 0; !wanted_.empty() && count < cells_at_once; ++count) {
            payload::append_mark(wanted, wanted_.back().shard, wanted_.back().key, 0);
            wanted_.pop_back();
        }
        this->ask(peer_, {.kind = MessageKind::exchange, .context = wanted, .payload = cells});
        return {};
    }

    Result<void> take_cells(const Message& reply) {
        Result<bool> written = true;
        const bool read = payload::for_each_cell(reply.payload, [&](const payload::Entry& entry) {
            if (!written || !P::Conflict::well_formed(entry.cell)) return;
            written = copies_.write(entry.shard, entry.key, entry.cell, false, this->era());
            received_ += written && *written;
        });
        if (!read) return malformed();
        if (!written) return std::unexpected(std::move(written).error());
        return {};
    }

    static Result<void> malformed() { return failure(Errc::corruption, "repair", "an answer is malformed"); }

    Copies<P>& copies_;
    Comparer<P>& comparer_;
    NodeId peer_;
    bool compares_only_;
    std::vector<ShardId> common_;
    Phase phase_ = Phase::compare;
    std::optional<PairTree> tree_{};
    std::uint64_t level_ = 0;
    std::vector<std::uint32_t> nodes_{};  // of `level_`, to be compared
    std::vector<std::uint32_t> leaves_{}; // that differ
    std::vector<std::uint32_t> asked_leaves_{};
    std::size_t listed_ = 0;
    std::vector<Place> wanted_{};
    std::vector<Place> given_{};
    std::uint64_t received_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t differing_ = 0;
};

} // namespace kvilt::cluster
