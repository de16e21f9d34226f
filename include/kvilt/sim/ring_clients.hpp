// Clients of a simulated ring, who write down what they asked and were told.
// docs/testing.md
#pragma once

#include <kvilt/sim/ring_node.hpp>
#include <kvilt/sim/sibling_operations.hpp>

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace kvilt::sim {

// The `number`th operation of a client. What it is follows from the seed and these alone, so that others may be left
// out.
struct ClientStep {
    std::uint32_t client = 0;
    std::uint32_t number = 0;
};

struct ClientOptions {
    std::uint32_t clients = 4;
    std::uint32_t operations = 10; // of each
    std::uint32_t keys = 1;
    std::uint64_t think_us_max = 1'000;
    std::uint64_t write_percent = 45;
    std::uint64_t erase_percent = 10;
    std::uint64_t context_percent = 80; // of the writes that could have one
    std::size_t value_bytes = 0;        // at least
};

inline std::vector<ClientStep> steps_of(const ClientOptions& options) {
    std::vector<ClientStep> steps;
    for (std::uint32_t number = 0; number < options.operations; ++number)
        for (std::uint32_t client = 0; client < options.clients; ++client) steps.push_back({client, number});
    return steps;
}

using SiblingHistories = std::map<std::string, SiblingOperations, std::less<>>;

// As the checkers of single values want it.
inline Operations registers_of(const SiblingOperations& operations) {
    Operations registers;
    for (const SiblingOperation& each : operations) registers.push_back(each.operation);
    return registers;
}

// Each client asks a node that it draws to coordinate, one operation after the other, and waits a microsecond at least
// in between. For one thread; nodes outlive it, and it outlives their operations.
template <class Ring>
class RingClients {
public:
    using C = typename Ring::Conflict;
    using Node = RingNode<Ring>;
    using Patience = typename Node::Patience;
    // Those who read a context hand it back.
    static constexpr bool siblings = C::needs_present;

    RingClients(const ClientOptions& options, std::uint64_t seed, EventQueue& queue, std::deque<Node>& nodes)
        : options_(options), seed_(seed), queue_(queue), nodes_(nodes), left_(options.clients) {}

    void begin(const std::vector<ClientStep>& steps) {
        for (const ClientStep& step : steps) left_[step.client].push_back(step.number);
        busy_ = left_.size();
        for (std::uint32_t client = 0; client < left_.size(); ++client) next(client, 0);
    }

    bool done() const noexcept { return busy_ == 0; }
    const SiblingHistories& histories() const noexcept { return histories_; }
    std::uint64_t answered() const noexcept { return answered_; }
    std::uint64_t unknown() const noexcept { return unknown_; }
    std::uint64_t failed() const noexcept { return failed_; }
    const std::map<Errc, std::uint64_t>& errors() const noexcept { return errors_; }

    static std::string key_of(std::uint64_t number) { return "key-" + std::to_string(number); }

    // A read of its own, beyond the steps: what is there in the end.
    void read(const std::string& key, Node& via) {
        auto call = std::make_shared<Call>();
        call->client = options_.clients;
        call->key = key;
        ask(via, call);
    }

private:
    struct Call {
        std::uint32_t client = 0;
        std::uint64_t next = 0; // step of the client
        std::string key{};
        std::string value{};
        std::string context{};
        std::size_t place = 0; // in its history
        SiblingOperation told{};
    };
    using Shared = std::shared_ptr<Call>;

    // What a client has read of a key.
    struct Seen {
        std::string context{};
        ValueIds values{};
    };

    void next(std::uint32_t client, std::size_t at) {
        if (at == left_[client].size()) {
            --busy_;
            return;
        }
        Draws draws(mix(mix(seed_, client), left_[client][at]));
        queue_.after(1 + draws.below(options_.think_us_max),
                     [this, client, at, draws]() mutable { take_step(client, at, draws); });
    }

    void take_step(std::uint32_t client, std::size_t at, Draws& draws) {
        auto call = std::make_shared<Call>();
        call->client = client;
        call->next = at + 1;
        call->key = key_of(draws.below(options_.keys));
        const std::uint64_t what = draws.below(100);
        const bool with_context = draws.below(100) < options_.context_percent;
        Node* const via = node_from(draws.below(nodes_.size()));
        Operation& operation = call->told.operation;
        if (what < options_.write_percent) {
            operation.kind = Operation::Kind::write;
            operation.value = ValueId{client + 1} * 1'000 + left_[client][at];
            call->value = std::to_string(operation.value) + ' ';
            call->value.resize(std::max(call->value.size(), options_.value_bytes), '.');
        } else if (what < options_.write_percent + options_.erase_percent) {
            operation.kind = Operation::Kind::erase;
        }
        if (siblings && operation.kind != Operation::Kind::read && with_context) {
            const Seen& seen = seen_[{client, call->key}];
            call->context = seen.context;
            call->told.values = seen.values;
        }
        if (via == nullptr) return next(client, at + 1); // nobody is there to be asked
        ask(*via, call);
    }

    Node* node_from(std::uint64_t first) {
        for (std::size_t n = 0; n < nodes_.size(); ++n)
            if (Node& node = nodes_[(first + n) % nodes_.size()]; node.answers()) return &node;
        return nullptr;
    }

    void ask(Node& via, const Shared& call) {
        call->told.operation.client = call->client;
        call->told.operation.start_us = queue_.now_us();
        call->told.operation.outcome = Operation::Outcome::unknown;
        SiblingOperations& history = histories_[call->key];
        call->place = history.size();
        history.push_back(call->told);
        auto& coordinator = via.member().coordinator();
        const Operation::Kind kind = call->told.operation.kind;
        if (kind == Operation::Kind::read) {
            via.launch(std::make_unique<typename Ring::Read>(coordinator, call->key, Level::standard), Patience{},
                       [this, call](typename Ring::Read* read) { finish_read(call, read); });
            return;
        }
        const cluster::WriteRequest request{.key = call->key,
                                            .kind = kind == Operation::Kind::erase ? Kind::tombstone : Kind::put,
                                            .value = call->value,
                                            .context = call->context};
        via.launch(std::make_unique<typename Ring::Write>(coordinator, request), Patience{},
                   [this, call](typename Ring::Write* write) { finish_write(call, write); });
    }

    void finish_read(const Shared& call, typename Ring::Read* read) {
        if (read == nullptr || !read->result()) return finish(call, Operation::Outcome::failed, read);
        SiblingOperation& told = call->told;
        Seen& seen = seen_[{call->client, call->key}];
        seen = {};
        if (const auto& cell = read->cell()) {
            C::for_each_value(*cell, [&](Bytes value) { told.values.push_back(id_of(value)); });
            told.operation.version = version_of(*cell);
            seen = {C::context(*cell), told.values};
        }
        if (!told.values.empty()) told.operation.value = told.values.front();
        finish(call, Operation::Outcome::ok, read);
    }

    // That nothing was written is believed, so that a value of such a write which shows after all is found.
    void finish_write(const Shared& call, typename Ring::Write* write) {
        if (write == nullptr) return finish(call, Operation::Outcome::unknown, write);
        if (write->cell()) call->told.operation.version = version_of(*write->cell());
        if (write->result()) return finish(call, Operation::Outcome::ok, write);
        const Errc code = write->result().error().code;
        const bool refused = code == Errc::unavailable || code == Errc::conflict || code == Errc::siblings;
        finish(call, refused ? Operation::Outcome::failed : Operation::Outcome::unknown, write);
    }

    void finish(const Shared& call, Operation::Outcome outcome, const cluster::Operation* operation) {
        Operation& told = call->told.operation;
        told.outcome = outcome;
        told.end_us = queue_.now_us();
        histories_[call->key][call->place] = call->told;
        answered_ += outcome == Operation::Outcome::ok;
        unknown_ += outcome == Operation::Outcome::unknown;
        failed_ += outcome == Operation::Outcome::failed;
        if (operation != nullptr && !operation->result()) ++errors_[operation->result().error().code];
        if (call->client < options_.clients) next(call->client, call->next);
    }

    static ValueId id_of(Bytes value) noexcept {
        ValueId id = 0;
        for (const char digit : value) {
            if (digit < '0' || digit > '9') break;
            id = id * 10 + static_cast<ValueId>(digit - '0');
        }
        return id;
    }

    // In the order of the policy: by the time, then by the node.
    static std::uint64_t version_of(const Cell& cell) noexcept {
        constexpr std::uint64_t long_before_us = 1'699'999'000'000'000; // any clock of a simulation
        if constexpr (requires { C::node(cell); })
            return (C::time(cell) - (long_before_us << hybrid_counter_bits)) << 8 | C::node(cell).number;
        else
            return 0;
    }

    ClientOptions options_;
    std::uint64_t seed_;
    EventQueue& queue_;
    std::deque<Node>& nodes_;
    std::vector<std::vector<std::uint32_t>> left_; // steps of each client
    std::size_t busy_ = 0;
    std::map<std::pair<std::uint32_t, std::string>, Seen> seen_{};
    SiblingHistories histories_{};
    std::uint64_t answered_ = 0;
    std::uint64_t unknown_ = 0;
    std::uint64_t failed_ = 0;
    std::map<Errc, std::uint64_t> errors_{};
};

} // namespace kvilt::sim
