// Fences all nodes that can be reached: what was sent before is not carried out any more.
#pragma once

#include <kvilt/cluster/stepwise.hpp>

namespace kvilt::cluster {

template <class Coordinator>
class FenceOperation final : public Stepwise<Coordinator> {
public:
    explicit FenceOperation(Coordinator& coordinator) : Stepwise<Coordinator>(coordinator, "fence") {}

private:
    Result<void> next() override {
        auto& coordinator = this->coordinator();
        while (node_ < coordinator.placed().nodes() && !coordinator.alive(NodeId{node_})) ++node_;
        if (node_ < coordinator.placed().nodes()) {
            this->ask(NodeId{node_++}, {.kind = MessageKind::fence, .number = this->era() + 1});
            return {};
        }
        this->set_era(this->era() + 1);
        coordinator.learn_era(this->era());
        this->finish();
        return {};
    }
    Result<void> take(const Message&) override { return {}; }

    std::uint32_t node_ = 0;
};

} // namespace kvilt::cluster
