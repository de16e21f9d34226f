// Takes out what is erased everywhere: the one way in which a ring loses a tombstone.
#pragma once

#include <kvilt/cluster/payload.hpp>
#include <kvilt/cluster/stepwise.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::cluster {

// 1. The first home of each shard lists its erased cells, and every home confirms those that it has alike and will have
//    after any crash: from then on no node sends what they hide.
// 2. Every node of the cluster fences: what was sent before is not carried out any more, and what is stamped afterwards
//    is later than what is to be forgotten. None may keep a hint.
// 3. The homes forget what was confirmed, unless it has changed meanwhile.
// A node that does not answer ends it, and the tombstones stay. docs/decisions/0010-tombstones-and-fences.md
template <class Coordinator>
class PurgeOperation final : public Stepwise<Coordinator> {
public:
    // One at a time in a cluster.
    explicit PurgeOperation(Coordinator& coordinator) : Stepwise<Coordinator>(coordinator, "purge tombstones") {}

    std::uint64_t forgotten() const noexcept { return forgotten_; } // keys

private:
    static constexpr std::size_t copies = Coordinator::Replication::copies;
    enum class Phase : std::uint8_t { list, confirm, fence, forget };

    Result<void> next() override {
        const auto& placed = this->coordinator().placed();
        switch (phase_) {
        case Phase::list:
            this->ask(placed.homes(shard_)[0], {.kind = MessageKind::erased, .shard = shard_});
            break;
        case Phase::confirm:
            this->ask(placed.homes(shard_)[home_], {.kind = MessageKind::confirm, .shard = shard_, .payload = marks_});
            break;
        case Phase::fence:
            this->ask(NodeId{node_}, {.kind = MessageKind::fence, .number = this->era() + 1, .context = times_});
            break;
        case Phase::forget: {
            const auto& [shard, marks] = confirmed_[shard_];
            this->ask(placed.homes(shard)[home_], {.kind = MessageKind::forget, .shard = shard, .payload = marks});
            break;
        }
        }
        return {};
    }

    Result<void> take(const Message& reply) override {
        switch (phase_) {
        case Phase::list:
            marks_ = reply.payload;
            time_ = std::max(time_, reply.number);
            home_ = 0;
            phase_ = Phase::confirm;
            if (marks_.empty()) next_shard();
            break;
        case Phase::confirm:
            marks_ = reply.payload;
            if (++home_ < copies && !marks_.empty()) break;
            if (!marks_.empty()) confirmed_.emplace_back(shard_, marks_);
            next_shard();
            break;
        case Phase::fence:
            if (reply.number != 0)
                return failure(Errc::unavailable, "purge tombstones",
                               "node " + std::to_string(node_) + " keeps hints: they must be handed on first");
            if (++node_ == this->coordinator().placed().nodes()) return begin_to_forget();
            break;
        case Phase::forget:
            if (++home_ < copies) break;
            payload::for_each_mark(confirmed_[shard_].second, [this](const payload::Mark&) { ++forgotten_; });
            home_ = 0;
            if (++shard_ == confirmed_.size()) this->finish();
            break;
        }
        return {};
    }

    void next_shard() {
        phase_ = ++shard_ == this->coordinator().placed().shards() ? Phase::fence : Phase::list;
        times_ = payload::numbers(std::vector<std::uint64_t>{time_});
        if (phase_ == Phase::fence && confirmed_.empty()) this->finish();
    }

    Result<void> begin_to_forget() {
        KVILT_TRY(this->coordinator().observe(time_));
        this->set_era(this->era() + 1);
        this->coordinator().learn_era(this->era());
        phase_ = Phase::forget;
        shard_ = 0;
        home_ = 0;
        return {};
    }

    Phase phase_ = Phase::list;
    ShardId shard_ = 0; // at last: the place in `confirmed_`
    std::size_t home_ = 0;
    std::uint32_t node_ = 0;
    std::string marks_{};
    std::uint64_t time_ = 0; // of the latest tombstone
    std::string times_{};    // the same, as fences carry it
    std::vector<std::pair<ShardId, std::string>> confirmed_{};
    std::uint64_t forgotten_ = 0;
};

} // namespace kvilt::cluster
