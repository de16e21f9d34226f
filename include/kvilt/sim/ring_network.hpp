// The network of a simulated ring: messages of the nodes that ship, late, lost, doubled or cut off as a model decides.
// docs/testing.md
#pragma once

#include <kvilt/env/network.hpp>
#include <kvilt/sim/event_hash.hpp>
#include <kvilt/sim/network.hpp>
#include <kvilt/sim/owned_message.hpp>

#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace kvilt::sim {

// A node that serves requests, and hears replies to those that it sent.
class Station : public Endpoint {
public:
    virtual void hear(const Message& reply) = 0;

protected:
    ~Station() = default;
};

// Knows of no node whether it lives or can be reached. An update arrives once at most, as env/network.hpp demands; all
// else may come twice. For one thread. Queue, model and stations outlive the events that it adds, and so must it.
class RingNetwork final : public kvilt::Network {
public:
    // What becomes of a request or reply when it is sent, for those who plant faults.
    enum class Fate : std::uint8_t {
        send,
        lose,
        send_twice,  // though it be an update
        acknowledge, // the receiver replies as if it had done what is asked or had what is listed, and does nothing
    };
    using Tamper = std::function<Fate(OwnedMessage&)>;

    RingNetwork(EventQueue& queue, NetworkModel& model) : links_(queue, model), stations_(model.nodes()) {}

    void attach(NodeId node, Station& station) noexcept { stations_[node.number] = &station; }
    void tamper(Tamper tamper) { tamper_ = std::move(tamper); }

    bool send(const Message& request, ReplySink&) override {
        post(request);
        return true;
    }
    bool reachable(NodeId, NodeId) const override { return true; }

    sim::Network& links() noexcept { return links_; }
    EventHash& hash() noexcept { return hash_; }
    std::uint64_t delivered() const noexcept { return delivered_; }

private:
    using Shared = std::shared_ptr<OwnedMessage>;

    struct Back final : ReplySink {
        explicit Back(RingNetwork& of) : network(of) {}
        void reply(const Message& message) override { network.post(message); }
        RingNetwork& network;
    };

    void post(const Message& message) {
        auto kept = std::make_shared<OwnedMessage>(message);
        const Fate fate = tamper_ ? tamper_(*kept) : Fate::send;
        if (fate == Fate::lose) return;
        const bool once = message.kind == MessageKind::update && fate != Fate::send_twice;
        const NodeId from = message.from;
        const NodeId to = message.to;
        const auto arrive = [this, kept, fate, once, arrived = std::make_shared<bool>(false)] {
            if (!std::exchange(*arrived, true) || !once) deliver(kept->message(), fate);
        };
        links_.send(from, to, arrive);
        if (fate == Fate::send_twice) links_.send(from, to, arrive);
    }

    void deliver(const Message& message, Fate fate) {
        ++delivered_;
        note(message);
        Station* const station = stations_[message.to.number];
        if (message.kind == MessageKind::reply) return station->hear(message);
        if (fate == Fate::acknowledge) {
            Message done = reply_to(message);
            done.payload = message.payload;
            return post(done);
        }
        Back back(*this);
        station->receive(message, back);
    }

    void note(const Message& message) {
        const std::uint64_t cell =
            message.cell ? checksum64(message.cell->value, checksum64(message.cell->stamp, 1)) : 0;
        hash_.add(links_.queue().now_us(), static_cast<std::uint64_t>(message.kind),
                  {message.from.number, message.to.number, message.operation, message.era, message.number,
                   static_cast<std::uint64_t>(message.error.value_or(Errc{})), cell,
                   checksum64(message.payload, checksum64(message.context, 1))},
                  message.key);
    }

    sim::Network links_;
    std::vector<Station*> stations_;
    Tamper tamper_{};
    EventHash hash_{};
    std::uint64_t delivered_ = 0;
};

} // namespace kvilt::sim
