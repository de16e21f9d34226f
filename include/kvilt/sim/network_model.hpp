// Decides what becomes of messages between nodes: delays, losses, duplicates, cuts, pauses. Sends nothing itself.
// docs/testing.md
#pragma once

#include <kvilt/core/node.hpp>
#include <kvilt/sim/draws.hpp>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <vector>

namespace kvilt::sim {

// A delay is `delay_us_min` and up to `delay_us_spread` more; `tail_ppm` of them have a heavy tail on top, which is
// over k * `tail_us` once in k. Messages overtake each other by their delays.
struct LinkOptions {
    std::uint64_t delay_us_min = 100;
    std::uint64_t delay_us_spread = 400;
    std::uint64_t tail_ppm = 20'000;
    std::uint64_t tail_us = 2'000;
    std::uint64_t delay_us_max = 2'000'000;
    std::uint64_t loss_ppm = 0;
    std::uint64_t duplicate_ppm = 0;
};

// When the copies of one message arrive: none if it is lost, two if it is duplicated.
class Copies {
public:
    void add(std::uint64_t delay_us) noexcept { delays_us_[size_++] = delay_us; }
    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const std::uint64_t* begin() const noexcept { return delays_us_.data(); }
    const std::uint64_t* end() const noexcept { return delays_us_.data() + size_; }

private:
    std::array<std::uint64_t, 2> delays_us_{};
    std::size_t size_ = 0;
};

// Nodes are 0 to `nodes` - 1. The nth message of a directed link fares as the seed, the link and n say, whatever
// happens on other links, so that a history changes little when an operation is left out. A node's messages to itself
// arrive at once and always. Cuts, pauses and slownesses add up: each is undone by its own opposite, at most all of
// them. For one thread.
class NetworkModel {
public:
    struct Options {
        std::size_t nodes = 3;
        std::uint64_t seed = 1;
        LinkOptions link{}; // every link to begin with
    };

    explicit NetworkModel(const Options& options) : options_(options), paused_(options.nodes, 0) {
        for (std::size_t number = 0; number < options.nodes * options.nodes; ++number)
            links_.push_back({options.link, Draws(mix(options.seed, number)), 0, 1});
    }

    std::size_t nodes() const noexcept { return options_.nodes; }

    // The fate of a message that is sent now. Draws the same number of times whether cut or not.
    Copies send(NodeId from, NodeId to) {
        Copies copies;
        if (from == to) {
            copies.add(0);
            return copies;
        }
        Link& link = link_between(from, to);
        const bool lost = link.draws.chance_ppm(link.options.loss_ppm);
        const bool twice = link.draws.chance_ppm(link.options.duplicate_ppm);
        const std::uint64_t first_us = delay_us(link);
        const std::uint64_t second_us = delay_us(link);
        if (lost || link.cuts != 0) return copies;
        copies.add(first_us);
        if (twice) copies.add(second_us);
        return copies;
    }

    LinkOptions& link(NodeId from, NodeId to) { return link_between(from, to).options; }

    // What `from` sends no longer arrives at `to`. What is under way is left to whoever delivers: see connected().
    void cut(NodeId from, NodeId to) { ++link_between(from, to).cuts; }
    void heal(NodeId from, NodeId to) {
        std::size_t& cuts = link_between(from, to).cuts;
        if (cuts != 0) --cuts;
    }
    bool connected(NodeId from, NodeId to) const {
        return from == to || links_[from.number * options_.nodes + to.number].cuts == 0;
    }

    // A paused node neither receives nor acts, and keeps what it knows. See Network for its messages.
    void pause(NodeId node) { ++paused_[node.number]; }
    void resume(NodeId node) {
        if (paused_[node.number] != 0) --paused_[node.number];
    }
    bool paused(NodeId node) const { return paused_[node.number] != 0; }

    // All that a node sends and receives takes `more` times longer.
    void slow(NodeId node, std::uint64_t more) {
        for_each_link_of(node, [&](Link& link) { link.factor += more; });
    }
    void unslow(NodeId node, std::uint64_t more) {
        for_each_link_of(node, [&](Link& link) { link.factor = link.factor > more ? link.factor - more : 1; });
    }

    // No cuts, pauses and slownesses any more.
    void heal_all() {
        for (Link& link : links_) {
            link.cuts = 0;
            link.factor = 1;
        }
        std::fill(paused_.begin(), paused_.end(), 0);
    }

private:
    struct Link {
        LinkOptions options;
        Draws draws;
        std::size_t cuts;
        std::uint64_t factor;
    };

    Link& link_between(NodeId from, NodeId to) {
        assert(from.number < options_.nodes && to.number < options_.nodes);
        return links_[from.number * options_.nodes + to.number];
    }

    template <class Change>
    void for_each_link_of(NodeId node, Change change) {
        for (std::uint32_t other = 0; other < options_.nodes; ++other) {
            if (other == node.number) continue;
            change(link_between(node, NodeId{other}));
            change(link_between(NodeId{other}, node));
        }
    }

    static std::uint64_t delay_us(Link& link) {
        const LinkOptions& options = link.options;
        std::uint64_t drawn = options.delay_us_min + link.draws.below(options.delay_us_spread + 1);
        const bool tailed = link.draws.chance_ppm(options.tail_ppm);
        const std::uint64_t tail = link.draws.heavy_tailed(options.tail_us, options.delay_us_max);
        if (tailed) drawn += tail;
        return std::min(drawn * link.factor, options.delay_us_max);
    }

    Options options_;
    std::vector<Link> links_{};
    std::vector<std::size_t> paused_;
};

} // namespace kvilt::sim
