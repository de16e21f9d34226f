// Carries messages between simulated nodes: the decisions of a NetworkModel, made events of an EventQueue.
// docs/testing.md
#pragma once

#include <kvilt/sim/event_queue.hpp>
#include <kvilt/sim/network_model.hpp>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace kvilt::sim {

// A message is what it does at its receiver. For one thread; queue and model must outlive it and the events it adds,
// and so must it.
class Network {
public:
    using Message = std::function<void()>;

    Network(EventQueue& queue, NetworkModel& model) : queue_(queue), model_(model), nodes_(model.nodes()) {}
    Network(const Network&) = delete; // events refer to it
    Network& operator=(const Network&) = delete;

    // Runs `arrive` at `to` when it arrives: never, once or twice. Not if the link is cut or the receiver is down by
    // then; if the receiver is paused, when it resumes. A sender that is down sends nothing.
    void send(NodeId from, NodeId to, Message arrive) {
        if (nodes_[from.number].down) return;
        for (const std::uint64_t delay_us : model_.send(from, to))
            queue_.after(delay_us, [this, from, to, arrive] {
                if (model_.connected(from, to)) run(to, arrive);
            });
    }

    // A timer of a node: goes with the life it was set in, waits while the node is paused.
    EventQueue::Timer after(NodeId node, std::uint64_t delay_us, Message act) {
        return queue_.after(delay_us, [this, node, life = nodes_[node.number].life, act = std::move(act)] {
            if (nodes_[node.number].life == life) run(node, act);
        });
    }

    // Down: what is waiting for it is lost, and what arrives. Up: a new life.
    void crash(NodeId node) {
        nodes_[node.number].down = true;
        ++nodes_[node.number].life;
        nodes_[node.number].waiting.clear();
    }
    void restart(NodeId node) { nodes_[node.number].down = false; }
    bool down(NodeId node) const { return nodes_[node.number].down; }

    // Call when the model says that a node is paused no longer: runs what has waited, in its order, as events of now.
    void wake(NodeId node) {
        std::vector<Message> waiting = std::exchange(nodes_[node.number].waiting, {});
        for (Message& message : waiting)
            queue_.after(0, [this, node, life = nodes_[node.number].life, act = std::move(message)] {
                if (nodes_[node.number].life == life) run(node, act);
            });
    }

    NetworkModel& model() noexcept { return model_; }
    EventQueue& queue() noexcept { return queue_; }

private:
    struct Node {
        bool down = false;
        std::uint64_t life = 0;
        std::vector<Message> waiting{};
    };

    void run(NodeId at, const Message& message) {
        Node& node = nodes_[at.number];
        if (node.down) return;
        if (model_.paused(at))
            node.waiting.push_back(message);
        else
            message();
    }

    EventQueue& queue_;
    NetworkModel& model_;
    std::vector<Node> nodes_;
};

} // namespace kvilt::sim
