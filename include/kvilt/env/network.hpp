// Messages between nodes as a seam: in one process they are calls; in a simulation they are late, doubled or lost.
#pragma once

#include <kvilt/core/message.hpp>

namespace kvilt {

// A node that can be sent to.
class Endpoint {
public:
    Endpoint() = default;
    Endpoint(const Endpoint&) = delete;
    Endpoint& operator=(const Endpoint&) = delete;

    // Carries out a request and replies at most once, in the call or later. The message is valid in the call.
    virtual void receive(const Message& request, ReplySink& sink) = 0;

protected:
    ~Endpoint() = default;
};

// Thread-safe where its nodes are. A request may be lost, doubled, or come after later ones, in a later life of its
// receiver even; so may its reply. Only MessageKind::update must not be doubled: what it makes would be made twice.
class Network {
public:
    Network() = default;
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;
    virtual ~Network() = default;

    // A network that delivers in the same call replies to `sink` in it, and false says that no reply will come. One
    // that delivers later does not keep `sink`: the reply comes to the sender by its operation's number.
    virtual bool send(const Message& request, ReplySink& sink) = 0;

    // Whether a message from `from` would reach `to`, as far as this network knows. It decides routing, never safety.
    virtual bool reachable(NodeId from, NodeId to) const = 0;
    // Both ways.
    virtual bool connected(NodeId a, NodeId b) const { return reachable(a, b) && reachable(b, a); }
};

} // namespace kvilt
