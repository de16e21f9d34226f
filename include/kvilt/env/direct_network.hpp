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
        if (!reachable(request.from, request.to)) return false;
        if (reachable(request.to, request.from)) [[likely]] {
            endpoints_[request.to.number]->receive(request, sink);
            return true;
        }
        Lost lost;
        endpoints_[request.to.number]->receive(request, lost);
        return false;
    }

    bool reachable(NodeId from, NodeId to) const override {
        return !cut_[place(from, to)].load(std::memory_order_relaxed);
    }

    // One direction: what `from` sends to `to`.
    void cut(NodeId from, NodeId to) noexcept { cut_[place(from, to)].store(true); }
    void mend(NodeId from, NodeId to) noexcept { cut_[place(from, to)].store(false); }
    void mend_all() noexcept {
        for (std::size_t at = 0; at < endpoints_.size() * endpoints_.size(); ++at) cut_[at].store(false);
    }

private:
    // The way back is cut: the request is carried out, and nobody hears of it.
    struct Lost final : ReplySink {
        void reply(const Message&) override {}
    };

    std::size_t place(NodeId from, NodeId to) const noexcept { return from.number * endpoints_.size() + to.number; }

    std::vector<Endpoint*> endpoints_;
    std::unique_ptr<std::atomic<bool>[]> cut_;
};

} // namespace kvilt
