// A register in virtual time, right or with a bug that shows rarely, and the history of its clients.
#pragma once

#include <kvilt/sim/draws.hpp>
#include <kvilt/sim/event_queue.hpp>
#include <kvilt/sim/operations.hpp>

enum class Bug { none, stale_read, lost_write, dirty_read };

// Each operation takes effect at a moment between its start and its end; what has no answer at a moment after its
// start, or never.
class SimulatedRegister {
public:
    struct Options {
        std::uint64_t seed = 1;
        Bug bug = Bug::none;
        bool swaps = false; // compare-and-set too
        std::uint32_t clients = 4;
        std::size_t operations = 10; // of each client
    };

    explicit SimulatedRegister(const Options& options) : options_(options), draws_(options.seed) {}

    const kvilt::sim::Operations& run() {
        for (std::uint32_t client = 0; client < options_.clients; ++client) begin(client, options_.operations);
        queue_.run();
        return recorder_.histories().at("key");
    }

private:
    using Operation = kvilt::sim::Operation;
    using Ticket = kvilt::sim::Recorder::Ticket;

    // Once in `odds`, where the register has this bug.
    bool errs(Bug bug, std::uint64_t odds) { return options_.bug == bug && draws_.below(odds) == 0; }

    void begin(std::uint32_t client, std::size_t left) {
        if (left == 0) return;
        queue_.after(1 + draws_.below(30), [this, client, left] {
            Operation operation{.client = client};
            const std::uint64_t kind = draws_.below(20);
            if (kind < 8) {
                operation.kind = Operation::Kind::write;
                operation.value = ++values_;
            } else if (kind == 8) {
                operation.kind = Operation::Kind::erase;
            } else if (options_.swaps && kind < 13) {
                operation.kind = Operation::Kind::compare_and_set;
                operation.value = ++values_;
                operation.expected = draws_.below(3) != 0 ? value_ : previous_;
            }
            const Ticket ticket = recorder_.begin("key", operation, queue_.now_us());
            const std::uint64_t effect_us = draws_.heavy_tailed(10, 500);
            if (draws_.below(12) == 0)
                lose_answer(ticket, effect_us);
            else
                queue_.after(effect_us, [this, ticket] { answer(ticket); });
            queue_.after(effect_us + 40, [this, client, left] { begin(client, left - 1); });
        });
    }

    void lose_answer(Ticket ticket, std::uint64_t effect_us) {
        if (options_.bug == Bug::dirty_read && ticket->changes()) {
            pending_ = ticket->leaves(); // shown for a while, then gone
            queue_.after(effect_us, [this] { pending_ = 0; });
        } else if (draws_.below(2) == 0) {
            queue_.after(effect_us * 4, [this, ticket] { take_effect(ticket); });
        }
    }

    void answer(Ticket ticket) {
        const bool lost = ticket->changes() && errs(Bug::lost_write, 20);
        if (!lost) take_effect(ticket);
        queue_.after(draws_.below(40),
                     [this, ticket] { recorder_.finish(ticket, Operation::Outcome::ok, queue_.now_us()); });
    }

    void take_effect(Ticket ticket) {
        switch (ticket->kind) {
        case Operation::Kind::read:
            ticket->value = errs(Bug::stale_read, 20) ? previous_ : value_;
            if (pending_ != 0 && errs(Bug::dirty_read, 2)) ticket->value = pending_;
            break;
        case Operation::Kind::compare_and_set:
            ticket->swapped = ticket->expected == value_;
            if (ticket->swapped) set(ticket->value);
            break;
        default:
            set(ticket->leaves());
        }
    }

    void set(kvilt::sim::ValueId value) {
        previous_ = value_;
        value_ = value;
    }

    Options options_;
    kvilt::sim::Draws draws_;
    kvilt::sim::EventQueue queue_{};
    kvilt::sim::Recorder recorder_{};
    kvilt::sim::ValueId values_ = 0;
    kvilt::sim::ValueId value_ = 0;
    kvilt::sim::ValueId previous_ = 0;
    kvilt::sim::ValueId pending_ = 0;
};
