// Ends what was sent before: a new era at every other node.
#pragma once

#include <kvilt/cluster/stepwise.hpp>

namespace kvilt::cluster {

// For a node that has lost its copies, before it gathers them anew. What it had acknowledged then counts for no write
// that is still under way: a home that takes such a write afterwards would complete a quorum of which one copy is gone.
// A node that does not answer ends it: try again, the era may have begun at some. One at a time in a cluster, and not
// beside a purge.
template <class Coordinator>
class FenceOperation final : public Stepwise<Coordinator> {
public:
    explicit FenceOperation(Coordinator& coordinator) : Stepwise<Coordinator>(coordinator, "fence") {}

    std::uint64_t new_era() const noexcept { return this->era() + 1; }

private:
    Result<void> next() override {
        const NodeId self = this->coordinator().self();
        if (NodeId{node_} == self) ++node_;
        if (node_ >= this->coordinator().placed().nodes())
            this->finish();
        else
            this->ask(NodeId{node_}, {.kind = MessageKind::fence, .number = new_era()});
        return {};
    }

    Result<void> take(const Message&) override {
        ++node_;
        return {};
    }

    std::uint32_t node_ = 0;
};

} // namespace kvilt::cluster
