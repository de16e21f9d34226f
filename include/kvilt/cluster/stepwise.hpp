// An operation that asks one thing at a time: repairs.
#pragma once

#include <kvilt/cluster/coordinator.hpp>
#include <kvilt/cluster/operation.hpp>

#include <string>

namespace kvilt::cluster {

// Derived classes say what to ask next and take the answer. Where answers come in the call of send(), the steps follow
// one another in a loop and not in one another's calls.
template <class Coordinator>
class Stepwise : public Operation {
public:
    Stepwise(Coordinator& coordinator, const char* name)
        : Operation(coordinator.next_operation()), coordinator_(coordinator), name_(name), era_(coordinator.era()) {}

    void start() final { advance(); }

    void reply(const Message& message) final {
        if (done() || !waits_ || message.operation != tag(step_) || message.from != asked_) return;
        waits_ = false;
        coordinator_.heed(message);
        bytes_ += message.bytes();
        if (message.error)
            finish(failure(*message.error, name_, std::string(message.payload)));
        else if (auto taken = take(message); !taken)
            finish(std::move(taken));
        if (!advancing_) advance();
    }

    void expire() final {
        fail(Errc::unavailable, name_, "node " + std::to_string(asked_.number) + " does not answer");
    }

    std::uint64_t bytes() const noexcept { return bytes_; }       // of all its messages, both ways
    std::uint64_t requests() const noexcept { return requests_; } // that were sent

protected:
    // Asks, or finishes, or neither and is called again.
    virtual Result<void> next() = 0;
    virtual Result<void> take(const Message& reply) = 0;

    void ask(NodeId node, Message message) {
        ++requests_;
        step_ = (step_ + 1) % phases;
        message.operation = tag(step_);
        message.era = era_;
        asked_ = node;
        waits_ = true;
        bytes_ += message.bytes();
        if (!coordinator_.send(message, node, *this) && waits_) expire();
    }

    Coordinator& coordinator() noexcept { return coordinator_; }
    std::uint64_t era() const noexcept { return era_; }
    void set_era(std::uint64_t era) noexcept { era_ = era; } // of what it asks from now on

private:
    void advance() {
        advancing_ = true;
        while (!done() && !waits_)
            if (auto asked = next(); !asked) finish(std::move(asked));
        advancing_ = false;
    }

    Coordinator& coordinator_;
    const char* name_;
    std::uint64_t era_;
    NodeId asked_ = no_node;
    unsigned step_ = 0;
    bool waits_ = false;
    bool advancing_ = false;
    std::uint64_t bytes_ = 0;
    std::uint64_t requests_ = 0;
};

} // namespace kvilt::cluster
