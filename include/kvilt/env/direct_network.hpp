// The network of nodes in one process: a message is a call.
#pragma once

#include <kvilt/env/network.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace kvilt {

// Nodes and links can be cut, for tests and for drills. Thread-safe; endpoints are attached before the first message
// and outlive the last.
class DirectNetwork final : public Network {
public:
    explicit DirectNetwork(std::size_t nodes)
        : endpoints_(nodes), cut_(std::make_unique<std::atomic<bool>[]>(nodes * nodes)) {}

    void attach(NodeId node, Endpoint& endpoint) noexcept { endpoints_[node.number] = &endpoint; }

    bool send(const Message& request, ReplySink& sink) override {
        if (connected(request.from, request.to)) [[likely]] {
            endpoints_[request.to.number]->receive(request, sink);
            return true;
        }
        if (!reachable(request.from, request.to)) return false;
        Lost lost;
        endpoints_[request.to.number]->receive(request, lost);
        return false;
    }

    bool reachable(NodeId from, NodeId to) const override {
        return !cut_[place(from, to)].load(std::memory_order_relaxed);
    }
    bool connected(NodeId a, NodeId b) const override {
        return cuts_.load(std::memory_order_relaxed) == 0 || (reachable(a, b) && reachable(b, a));
    }

    // One direction: what `from` sends to `to`.
    void cut(NodeId from, NodeId to) noexcept {
        if (!cut_[place(from, to)].exchange(true)) cuts_.fetch_add(1);
    }
    void mend(NodeId from, NodeId to) noexcept { mend(place(from, to)); }
    void mend_all() noexcept {
        for (std::size_t at = 0; at < endpoints_.size() * endpoints_.size(); ++at) mend(at);
    }

private:
    // The way back is cut: the request is carried out, and nobody hears of it.
    struct Lost final : ReplySink {
        void reply(const Message&) override {}
    };

    std::size_t place(NodeId from, NodeId to) const noexcept { return from.number * endpoints_.size() + to.number; }
    void mend(std::size_t place) noexcept {
        if (cut_[place].exchange(false)) cuts_.fetch_sub(1);
    }

    std::vector<Endpoint*> endpoints_;
    std::unique_ptr<std::atomic<bool>[]> cut_;
    std::atomic<std::size_t> cuts_{0}; // that are so
};

} // namespace kvilt
