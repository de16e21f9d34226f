// Replicas of one register under quorums, on the simulated network: what the checkers are for, in small.
#pragma once

#include <kvilt/sim/nemesis.hpp>
#include <kvilt/sim/operations.hpp>

#include <memory>

// Nodes 0 to `replicas` - 1 hold a copy, those behind them are clients. A crash keeps the copy.
class QuorumRegister {
public:
    struct Options {
        std::uint64_t seed = 1;
        std::uint32_t replicas = 3;
        std::uint32_t clients = 4;
        std::size_t reads = 2;
        std::size_t writes = 2;
        bool write_back = false;   // a read first writes what it found to a quorum
        bool version_read = false; // a write first asks a quorum for the greatest version
        bool versions_by_client = false;
        std::uint64_t skew_us = 0;  // of the clients' clocks, where a write does not ask
        std::uint64_t loss_ppm = 0; // and as many duplicates
        kvilt::sim::Faults faults{};
    };

    explicit QuorumRegister(const Options& options)
        : options_(options), draws_(options.seed),
          model_({.nodes = options.replicas + options.clients,
                  .seed = options.seed,
                  .link = {.tail_ppm = 200'000, .loss_ppm = options.loss_ppm, .duplicate_ppm = options.loss_ppm}}),
          copies_(options.replicas) {}

    const kvilt::sim::Operations& run() {
        for (const kvilt::sim::FaultStep& step : kvilt::sim::steps_of(options_.faults))
            queue_.at(step.time_us, [this, step] { apply(step, network_); });
        for (std::uint32_t client = 0; client < options_.clients; ++client) begin(client, 10);
        queue_.run();
        return recorder_.histories().at("key");
    }

private:
    using Operation = kvilt::sim::Operation;

    struct Copy {
        kvilt::sim::ValueId value = 0;
        std::uint64_t version = 0;
    };

    // One operation of a client, with the phase that it is in.
    struct Call {
        std::uint32_t client = 0;
        kvilt::NodeId node{};
        std::size_t left = 0;
        kvilt::sim::Recorder::Ticket ticket{};
        int phase = 0;
        std::vector<bool> answered{}; // in this phase
        std::size_t answers = 0;
        Copy copy{};
        bool over = false;
    };
    using Shared = std::shared_ptr<Call>;

    void begin(std::uint32_t client, std::size_t left) {
        if (left == 0) return;
        queue_.after(1 + draws_.below(1'000), [this, client, left] {
            auto call = std::make_shared<Call>();
            call->client = client;
            call->node = kvilt::NodeId{options_.replicas + client};
            call->left = left;
            Operation operation{.client = client};
            if (draws_.below(2) == 0) {
                operation.kind = Operation::Kind::write;
                operation.value = ++values_;
            }
            call->ticket = recorder_.begin("key", operation, queue_.now_us());
            queue_.after(100'000, [this, call] { finish(call, Operation::Outcome::unknown); });
            if (operation.kind == Operation::Kind::read || options_.version_read)
                ask(call);
            else
                store(call, {operation.value, version_of(queue_.now_us() + skew_of(client), operation)});
        });
    }

    std::uint64_t skew_of(std::uint32_t client) const {
        return options_.skew_us == 0 ? 0 : kvilt::mix(options_.seed, client) % options_.skew_us;
    }
    // Unique by the value. By the client would not do: it may ask anew while its last write has reached no quorum.
    std::uint64_t version_of(std::uint64_t round, const Operation& operation) const {
        return (round + 1) << 16 | (options_.versions_by_client ? operation.client : operation.value);
    }

    template <class At>
    void broadcast(const Shared& call, At at) {
        ++call->phase;
        call->answers = 0;
        call->answered.assign(options_.replicas, false);
        for (std::uint32_t replica = 0; replica < options_.replicas; ++replica)
            network_.send(call->node, {replica}, [at, replica] { at(replica); });
    }
    // Whether this answer is new, of this phase, and makes `needed` of them.
    static bool completes(Call& call, int phase, std::uint32_t replica, std::size_t needed) {
        if (call.over || call.phase != phase || call.answered[replica]) return false;
        call.answered[replica] = true;
        return ++call.answers == needed;
    }

    void ask(const Shared& call) {
        broadcast(call, [this, call, phase = call->phase + 1](std::uint32_t replica) {
            network_.send({replica}, call->node, [this, call, phase, replica, copy = copies_[replica]] {
                if (!call->over && call->phase == phase && copy.version > call->copy.version) call->copy = copy;
                if (completes(*call, phase, replica, options_.reads)) asked(call);
            });
        });
    }
    void asked(const Shared& call) {
        if (call->ticket->kind == Operation::Kind::write) {
            const Operation& write = *call->ticket;
            return store(call, {write.value, version_of(call->copy.version >> 16, write)});
        }
        call->ticket->value = call->copy.value;
        call->ticket->version = call->copy.version;
        if (options_.write_back) return store(call, call->copy);
        finish(call, Operation::Outcome::ok);
    }

    void store(const Shared& call, Copy copy) {
        call->ticket->version = copy.version;
        broadcast(call, [this, call, copy, phase = call->phase + 1](std::uint32_t replica) {
            if (copy.version > copies_[replica].version) copies_[replica] = copy;
            network_.send({replica}, call->node, [this, call, phase, replica] {
                if (completes(*call, phase, replica, options_.writes)) finish(call, Operation::Outcome::ok);
            });
        });
    }

    void finish(const Shared& call, Operation::Outcome outcome) {
        if (call->over) return;
        call->over = true;
        recorder_.finish(call->ticket, outcome, queue_.now_us());
        begin(call->client, call->left - 1);
    }

    Options options_;
    kvilt::sim::Draws draws_;
    kvilt::sim::EventQueue queue_{};
    kvilt::sim::NetworkModel model_;
    kvilt::sim::Network network_{queue_, model_};
    kvilt::sim::Recorder recorder_{};
    std::vector<Copy> copies_;
    kvilt::sim::ValueId values_ = 0;
};
