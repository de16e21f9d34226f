// The nodes of the adaptive radix tree. docs/policies/memtable.md
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/core/prefetch.hpp>
#include <kvilt/core/record.hpp>
#include <kvilt/core/threads.hpp>

#include <algorithm>
#include <array>
#include <bit>

namespace kvilt::memtable::detail {

template <ThreadsTag Threads>
struct ArtNode;

// Nothing, a record or a node: what a slot of a node holds.
template <ThreadsTag Threads>
class ArtRef {
public:
    using Node = ArtNode<Threads>;

    ArtRef() = default;
    explicit ArtRef(const LogRecord* record) noexcept : bits_(reinterpret_cast<std::uintptr_t>(record)) {}
    explicit ArtRef(const Node* node) noexcept : bits_(reinterpret_cast<std::uintptr_t>(node) | node_bit) {}

    friend bool operator==(ArtRef, ArtRef) = default;

    bool empty() const noexcept { return bits_ == 0; }
    bool is_node() const noexcept { return (bits_ & node_bit) != 0; }
    Node* node() const noexcept { return reinterpret_cast<Node*>(bits_ & ~node_bit); }
    LogRecord* record() const noexcept { return reinterpret_cast<LogRecord*>(bits_); } // null if empty
    void prefetch() const noexcept { prefetch_line(bits_ & ~node_bit); }

private:
    static constexpr std::uintptr_t node_bit = 1;
    std::uintptr_t bits_ = 0;
};

// Named by how many children there is room for. The capacities fill pairs of cache lines; eleven holds the digits.
enum class ArtKind : std::uint8_t { four, eleven, twenty_four, sixty_one, all };

// Head of every node. All keys below share their first `depth` bytes, of which the node keeps the last eight: a path
// of single children is left out, and readers that skip over it compare the whole key at its record.
//
// One writer, readers without locks. A child is published by the last store of add(), vanishes by a null store to its
// slot, and its slot is never given to another byte: what is full of such holes is copied. So a reader in a node, even
// in one that was replaced since, meets every child that was there all along under its own byte. A node that can be
// reached holds two entries or more; one that was replaced keeps at least one for ever.
template <ThreadsTag Threads>
struct ArtNode {
    using Ref = ArtRef<Threads>;
    using Slot = typename Threads::template Atomic<Ref>;

    const std::uint32_t depth;
    const ArtKind kind;
    typename Threads::template Atomic<std::uint8_t> used{0}; // slots taken, in order (not in kind all)
    std::uint16_t live = 0;                                  // entries that are not null; the writer's
    const std::uint64_t prefix;
    Slot terminator{Ref{}}; // the key that ends at `depth`

    // `key` is any of those to come, with at least `at` bytes.
    ArtNode(ArtKind of, std::size_t at, Bytes key) noexcept
        : depth(static_cast<std::uint32_t>(at)), kind(of), prefix(tail(key.substr(0, at))) {}
    ArtNode(ArtKind of, const ArtNode& same_place) noexcept
        : depth(same_place.depth), kind(of), prefix(same_place.prefix) {}

    static constexpr std::size_t prefix_bytes = sizeof(prefix);

    // All of a small one, on its way into the caches.
    static void prefetch(const ArtNode* node) noexcept { prefetch_lines(node, 2); }

    // The byte of all keys below at `position`, which is less than depth and among the last eight before it.
    std::uint8_t prefix_byte(std::size_t position) const noexcept {
        return static_cast<std::uint8_t>(prefix >> (8 * (position + prefix_bytes - depth)));
    }

private:
    static std::uint64_t tail(Bytes shared) noexcept {
        const std::size_t bytes = std::min(shared.size(), prefix_bytes);
        char last[prefix_bytes] = {};
        if (bytes != 0) std::memcpy(last + prefix_bytes - bytes, shared.data() + shared.size() - bytes, bytes);
        return coding::load<std::uint64_t>(last);
    }
};

// Children in the order of their arrival.
template <ThreadsTag Threads, ArtKind Kind, std::size_t Capacity>
struct ArtSmall : ArtNode<Threads> {
    using typename ArtNode<Threads>::Ref;
    using typename ArtNode<Threads>::Slot;

    std::array<typename Threads::template Atomic<std::uint64_t>, (Capacity + 7) / 8> bytes{}; // eight to a word
    std::array<Slot, Capacity> children{};

    explicit ArtSmall(const auto&... place) noexcept : ArtNode<Threads>(Kind, place...) {}

    bool full() const noexcept { return this->used.load(std::memory_order_relaxed) == Capacity; }

    Slot* find(std::uint8_t byte) noexcept {
        constexpr std::uint64_t ones = 0x0101'0101'0101'0101, highs = ones << 7;
        const std::size_t count = this->used.load(std::memory_order_acquire);
        for (std::size_t word = 0; word < bytes.size(); ++word) {
            const std::uint64_t differing = bytes[word].load(std::memory_order_relaxed) ^ (ones * byte);
            const std::uint64_t equal = (differing - ones) & ~differing & highs; // its lowest bit is exact
            if (equal == 0) continue;
            const std::size_t at = 8 * word + static_cast<std::size_t>(std::countr_zero(equal)) / 8;
            return at < count ? &children[at] : nullptr;
        }
        return nullptr;
    }

    void add(std::uint8_t byte, Ref child) noexcept {
        const std::uint8_t at = this->used.load(std::memory_order_relaxed);
        auto& word = bytes[at / 8];
        children[at].store(child, std::memory_order_relaxed);
        word.store(word.load(std::memory_order_relaxed) | std::uint64_t{byte} << (at % 8 * 8),
                   std::memory_order_relaxed);
        this->used.store(static_cast<std::uint8_t>(at + 1), std::memory_order_release);
    }

    // Visits bytes and children (null ones too) until `visit` returns true.
    template <class Visitor>
    bool any(Visitor visit) const noexcept {
        const std::size_t count = this->used.load(std::memory_order_acquire);
        for (std::size_t at = 0; at < count; ++at) {
            const std::uint64_t word = bytes[at / 8].load(std::memory_order_relaxed);
            if (visit(static_cast<std::uint8_t>(word >> (at % 8 * 8)), children[at].load(std::memory_order_acquire)))
                return true;
        }
        return false;
    }
};

// A slot number for each byte.
template <ThreadsTag Threads>
struct ArtIndexed : ArtNode<Threads> {
    using typename ArtNode<Threads>::Ref;
    using typename ArtNode<Threads>::Slot;
    static constexpr std::size_t capacity = 61;

    std::array<typename Threads::template Atomic<std::uint8_t>, 256> numbers{}; // from 1; 0: no child
    std::array<Slot, capacity> children{};

    explicit ArtIndexed(const auto&... place) noexcept : ArtNode<Threads>(ArtKind::sixty_one, place...) {}

    bool full() const noexcept { return this->used.load(std::memory_order_relaxed) == capacity; }

    Slot* find(std::uint8_t byte) noexcept {
        const std::size_t number = numbers[byte].load(std::memory_order_acquire);
        return number == 0 ? nullptr : &children[number - 1];
    }

    void add(std::uint8_t byte, Ref child) noexcept {
        const std::uint8_t at = this->used.load(std::memory_order_relaxed);
        const auto number = static_cast<std::uint8_t>(at + 1);
        children[at].store(child, std::memory_order_relaxed);
        this->used.store(number, std::memory_order_relaxed);
        numbers[byte].store(number, std::memory_order_release);
    }

    template <class Visitor>
    bool any(Visitor visit) const noexcept {
        for (std::size_t byte = 0; byte < numbers.size(); ++byte) {
            const std::size_t number = numbers[byte].load(std::memory_order_acquire);
            if (number != 0 &&
                visit(static_cast<std::uint8_t>(byte), children[number - 1].load(std::memory_order_acquire)))
                return true;
        }
        return false;
    }
};

// A slot for each byte.
template <ThreadsTag Threads>
struct ArtFull : ArtNode<Threads> {
    using typename ArtNode<Threads>::Ref;
    using typename ArtNode<Threads>::Slot;

    std::array<Slot, 256> children{};

    explicit ArtFull(const auto&... place) noexcept : ArtNode<Threads>(ArtKind::all, place...) {}

    bool full() const noexcept { return false; }
    Slot* find(std::uint8_t byte) noexcept { return &children[byte]; }
    void add(std::uint8_t byte, Ref child) noexcept { children[byte].store(child, std::memory_order_release); }

    template <class Visitor>
    bool any(Visitor visit) const noexcept {
        for (std::size_t byte = 0; byte < children.size(); ++byte)
            if (visit(static_cast<std::uint8_t>(byte), children[byte].load(std::memory_order_acquire))) return true;
        return false;
    }
};

template <ThreadsTag Threads>
using Art4 = ArtSmall<Threads, ArtKind::four, 4>;
template <ThreadsTag Threads>
using Art11 = ArtSmall<Threads, ArtKind::eleven, 11>;
template <ThreadsTag Threads>
using Art24 = ArtSmall<Threads, ArtKind::twenty_four, 24>;

// Calls `action` with the node as what it is.
template <ThreadsTag Threads, class Action>
decltype(auto) visit_node(ArtNode<Threads>& node, Action action) {
    switch (node.kind) {
    case ArtKind::four:
        return action(static_cast<Art4<Threads>&>(node));
    case ArtKind::eleven:
        return action(static_cast<Art11<Threads>&>(node));
    case ArtKind::twenty_four:
        return action(static_cast<Art24<Threads>&>(node));
    case ArtKind::sixty_one:
        return action(static_cast<ArtIndexed<Threads>&>(node));
    case ArtKind::all:
        break;
    }
    return action(static_cast<ArtFull<Threads>&>(node));
}

inline constexpr std::size_t art_kinds = 5;

template <ThreadsTag Threads>
inline constexpr std::array<std::size_t, art_kinds> art_node_bytes = {
    sizeof(Art4<Threads>), sizeof(Art11<Threads>), round_up(sizeof(Art24<Threads>), 128), sizeof(ArtIndexed<Threads>),
    round_up(sizeof(ArtFull<Threads>), 128)};

static_assert(art_node_bytes<threads::One> == std::array<std::size_t, art_kinds>{64, 128, 256, 768, 2176});
static_assert(art_node_bytes<threads::Many> == art_node_bytes<threads::One>);

} // namespace kvilt::memtable::detail
