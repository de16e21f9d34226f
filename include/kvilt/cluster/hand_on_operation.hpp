// Hinted handoff: a node hands on what it kept for another one.
#pragma once

#include <kvilt/cluster/hints.hpp>
#include <kvilt/cluster/stepwise.hpp>

#include <utility>
#include <vector>

namespace kvilt::cluster {

// One hint after the other, with the versions that they were written with; each goes when it has arrived.
template <class P, class Coordinator>
class HandOnOperation final : public Stepwise<Coordinator> {
public:
    HandOnOperation(Coordinator& coordinator, Hints<P>& hints, NodeId to)
        : Stepwise<Coordinator>(coordinator, "hand on hints"), hints_(hints), to_(to) {}

    std::uint64_t handed_on() const noexcept { return handed_on_; }

private:
    static constexpr std::size_t bytes_at_once = 256 * 1024;

    Result<void> next() override {
        if (at_ == batch_.size()) {
            KVILT_TRY_ASSIGN(batch, hints_.first(to_, bytes_at_once, this->coordinator().wall_us()));
            batch_ = std::move(batch);
            at_ = 0;
        }
        if (batch_.empty()) {
            this->finish();
            return {};
        }
        const auto& hint = batch_[at_];
        this->ask(to_, {.kind = MessageKind::write,
                        .shard = hint.shard,
                        .sync = P::durable, // it is forgotten here
                        .key = hint.key,
                        .cell = hint.cell()});
        return {};
    }

    Result<void> take(const Message&) override {
        KVILT_TRY(hints_.done(to_, batch_[at_]));
        ++at_;
        ++handed_on_;
        return {};
    }

    Hints<P>& hints_;
    NodeId to_;
    std::vector<typename Hints<P>::Hint> batch_{};
    std::size_t at_ = 0;
    std::uint64_t handed_on_ = 0;
};

} // namespace kvilt::cluster
