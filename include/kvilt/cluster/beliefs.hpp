// Whom a coordinator takes for the leader of each group: a hint, on which no promise depends.
#pragma once

#include <kvilt/core/node.hpp>
#include <kvilt/core/threads.hpp>

#include <memory>
#include <optional>

namespace kvilt::cluster {

struct Leader {
    std::uint64_t term = 0;
    NodeId node = no_node;
    friend bool operator==(const Leader&, const Leader&) = default;
};

// A term and a node in eight bytes, as a vote is stored too; 0xffff is no node.
constexpr std::uint64_t pack(const Leader& leader) noexcept {
    return leader.term << 16 | (leader.node.number & 0xffff);
}
constexpr Leader unpack(std::uint64_t packed) noexcept {
    const auto number = static_cast<std::uint32_t>(packed & 0xffff);
    return {packed >> 16, number == 0xffff ? no_node : NodeId{number}};
}
static_assert(nodes_max < 0xffff);

// Thread-safe under threads::Many.
template <ThreadsTag Threads>
class Beliefs {
public:
    explicit Beliefs(std::size_t groups) : places_(std::make_unique<Place[]>(groups)) {}

    std::optional<Leader> leader(std::size_t group) const noexcept {
        const std::uint64_t packed = places_[group].leader.load(std::memory_order_acquire);
        if (packed == 0 || unpack(packed).term < term(group) ||
            packed == places_[group].doubted.load(std::memory_order_acquire))
            return std::nullopt;
        return unpack(packed);
    }
    void believe(std::size_t group, const Leader& leader) noexcept {
        if (pack(leader) >= places_[group].leader.load(std::memory_order_acquire))
            places_[group].leader.store(pack(leader), std::memory_order_release);
    }

    // It was asked and did not answer: another is to be elected, unless it is heard of again.
    void doubt(std::size_t group, const Leader& leader) noexcept {
        places_[group].doubted.store(pack(leader), std::memory_order_release);
    }
    void trust(std::size_t group, const Leader& leader) noexcept {
        if (doubts(group, leader)) places_[group].doubted.store(0, std::memory_order_release);
        believe(group, leader);
    }
    bool doubts(std::size_t group, const Leader& leader) const noexcept {
        return places_[group].doubted.load(std::memory_order_acquire) == pack(leader);
    }

    // The greatest term that a voter was heard to have promised: it obeys no leader of an earlier one, so if nobody
    // leads that term, a later one must begin.
    std::uint64_t term(std::size_t group) const noexcept { return places_[group].term.load(std::memory_order_acquire); }
    void hear(std::size_t group, std::uint64_t term) noexcept {
        auto& heard = places_[group].term;
        std::uint64_t so_far = heard.load(std::memory_order_acquire);
        while (so_far < term && !heard.compare_exchange_weak(so_far, term)) {
        }
    }

private:
    struct Place {
        typename Threads::template Atomic<std::uint64_t> leader{0};
        typename Threads::template Atomic<std::uint64_t> doubted{0};
        typename Threads::template Atomic<std::uint64_t> term{0};
    };
    std::unique_ptr<Place[]> places_;
};

} // namespace kvilt::cluster
