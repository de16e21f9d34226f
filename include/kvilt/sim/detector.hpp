// Whom a simulated node takes for dead.
// docs/testing.md
#pragma once

#include <kvilt/cluster/phi_accrual.hpp>
#include <kvilt/sim/draws.hpp>
#include <kvilt/sim/network.hpp>

#include <optional>

namespace kvilt::sim {

// Those who are down, as if it were told; or, once it accrues, whom it has not heard of for too long; or, while it is
// mistaken, whatever it draws. For one thread.
class Detector final : public cluster::Suspicion {
public:
    Detector(const Network& links, std::uint64_t seed) : links_(links), draws_(seed) {}

    void accrue(std::size_t nodes, const Clock& clock, const cluster::PhiOptions& options) {
        phi_.emplace(nodes, clock, options);
    }
    void heard(NodeId from) {
        if (phi_) phi_->heard(from);
    }
    void mistake(bool mistaken) noexcept { mistaken_ = mistaken; }
    // From now on it is told.
    void rest() noexcept {
        mistaken_ = false;
        phi_.reset();
    }

    bool suspects(NodeId node) const override {
        if (mistaken_) return draws_.below(2) == 0;
        return phi_ ? phi_->suspects(node) : links_.down(node);
    }

private:
    const Network& links_;
    mutable Draws draws_;
    std::optional<cluster::PhiAccrual<>> phi_{};
    bool mistaken_ = false;
};

} // namespace kvilt::sim
