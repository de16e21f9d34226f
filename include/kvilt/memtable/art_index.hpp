// An adaptive radix tree over arbitrary byte strings. docs/policies/memtable.md
// Viktor Leis, Alfons Kemper, Thomas Neumann: The Adaptive Radix Tree. ICDE 2013.
#pragma once

#include <kvilt/core/node_pool.hpp>
#include <kvilt/memtable/art_cursor.hpp>

#include <cassert>

namespace kvilt::memtable::detail {

// One writer, any number of readers without locks, each inside an epoch pin. A step down the tree costs one or two
// cache misses and no look at a record; only the last step reads the record itself.
template <ThreadsTag Threads>
class ArtIndex {
    using Node = ArtNode<Threads>;
    using Ref = ArtRef<Threads>;
    using Slot = typename Node::Slot;

public:
    class Cursor : public ArtCursor<Threads> {
    public:
        explicit Cursor(const ArtIndex& index) : ArtCursor<Threads>(index.root_) {}
    };

    class Descent {
    public:
        Descent() = default;
        Descent(const ArtIndex& index, Bytes key) noexcept
            : key_(key), at_(index.root_.load(std::memory_order_seq_cst)) {}

        // One turn of the loop in find(), which written in terms of this takes 14 instructions more.
        bool step() noexcept {
            if (!at_.is_node()) return false;
            Node& node = *at_.node();
            if (node.depth < key_.size())
                at_ = child_of(node, byte_at(key_, node.depth));
            else
                at_ = node.depth == key_.size() ? node.terminator.load(std::memory_order_acquire) : Ref{};
            if (at_.is_node())
                Node::prefetch(at_.node());
            else
                LogRecord::prefetch(at_.record());
            return true;
        }
        LogRecord* record() const noexcept {
            LogRecord* const record = at_.record();
            return record != nullptr && record->key() == key_ ? record : nullptr;
        }

    private:
        Bytes key_{};
        Ref at_{};
    };

    explicit ArtIndex(Epochs<Threads>& epochs) : pool_(epochs, art_node_bytes<Threads>) {}
    ArtIndex(const ArtIndex&) = delete;
    ArtIndex& operator=(const ArtIndex&) = delete;

    LogRecord* put(LogRecord* record) {
        const Bytes key = record->key();
        Slot* slot = &root_;
        Node* owner = nullptr; // of the slot
        std::size_t from = 0;  // the bytes that led here
        for (;;) {
            const Ref at = slot->load(std::memory_order_relaxed);
            if (!at.is_node()) return put_at(*slot, owner, at.record(), record, from);
            Node& node = *at.node();
            const std::size_t depth = node.depth;
            const std::size_t differs = depth - from <= Node::prefix_bytes
                                            ? known_difference(node, key, from)
                                            : long_path_.first_difference(node, key, from);
            if (differs < depth) {
                fork(*slot, differs, at, shared_byte(node, differs), record);
                return nullptr;
            }
            owner = &node;
            if (key.size() == depth) {
                slot = &node.terminator;
                from = depth;
                continue;
            }
            Slot* const child = visit_node(node, [&](auto& known) { return known.find(byte_at(key, depth)); });
            if (child == nullptr) {
                add(*slot, node, record);
                return nullptr;
            }
            slot = child;
            from = depth + 1;
        }
    }

    LogRecord* find(Bytes key) const noexcept {
        Ref at = root_.load(std::memory_order_seq_cst);
        while (at.is_node()) {
            Node& node = *at.node();
            const std::size_t depth = node.depth;
            if (depth < key.size()) [[likely]]
                at = child_of(node, byte_at(key, depth));
            else if (depth == key.size())
                at = node.terminator.load(std::memory_order_acquire);
            else
                return nullptr;
        }
        LogRecord* const record = at.record();
        return record != nullptr && record->key() == key ? record : nullptr;
    }

    void replace(LogRecord* head, LogRecord* with) {
        const Way way = way_to(head);
        assert(way.slot->load(std::memory_order_relaxed) == Ref(head));
        way.slot->store(Ref(with), std::memory_order_release);
    }

    void erase(LogRecord* head) {
        const Way way = way_to(head);
        assert(way.slot->load(std::memory_order_relaxed) == Ref(head));
        way.slot->store(Ref{}, std::memory_order_release);
        count_.store(count() - 1, std::memory_order_relaxed);
        if (way.owner == nullptr) return;
        --way.owner->live;
        shrink(*way.owner_slot, *way.owner);
        if (pool_.sparse()) pool_.renew([this] { move_nodes(); });
    }

    std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
    std::size_t bytes_used() const noexcept { return pool_.bytes(); }

private:
    // The slot of a key that is there, the node that has the slot, the slot that has the node.
    struct Way {
        Slot* slot;
        Node* owner = nullptr;
        Slot* owner_slot = nullptr;
    };

    Way way_to(const LogRecord* head) noexcept {
        const Bytes key = head->key();
        Way way{.slot = &root_};
        for (Ref at = root_.load(std::memory_order_relaxed); at.is_node();
             at = way.slot->load(std::memory_order_relaxed)) {
            way.owner = at.node();
            way.owner_slot = way.slot;
            const std::size_t depth = way.owner->depth;
            way.slot = key.size() == depth
                           ? &way.owner->terminator
                           : visit_node(*way.owner, [&](auto& known) { return known.find(byte_at(key, depth)); });
        }
        return way;
    }

    // Puts into a slot that holds `present` or nothing.
    LogRecord* put_at(Slot& slot, Node* owner, LogRecord* present, LogRecord* record, std::size_t from) {
        const Bytes key = record->key();
        if (present != nullptr) {
            const Bytes other = present->key();
            const std::size_t differs = first_difference(key, other, from);
            if (differs < key.size() || differs < other.size()) {
                fork(slot, differs, Ref(present), differs < other.size() ? byte_at(other, differs) : -1, record);
                return nullptr;
            }
        }
        record->set_older(present);
        slot.store(Ref(record), std::memory_order_release);
        if (present == nullptr) {
            if (owner != nullptr) ++owner->live;
            count_.store(count() + 1, std::memory_order_relaxed);
        }
        return present;
    }

    // Puts a node between `slot` and what it holds, which has `other_byte` at `depth` (-1: its key ends there) where
    // the new record's key has something else.
    void fork(Slot& slot, std::size_t depth, Ref present, int other_byte, LogRecord* record) {
        Node& node = make(ArtKind::four, depth, record->key());
        const auto enter = [&node](int byte, Ref entry) {
            if (byte < 0)
                node.terminator.store(entry, std::memory_order_relaxed);
            else
                static_cast<Art4<Threads>&>(node).add(static_cast<std::uint8_t>(byte), entry);
        };
        const Bytes key = record->key();
        enter(other_byte, present);
        enter(depth < key.size() ? byte_at(key, depth) : -1, Ref(record));
        node.live = 2;
        publish(slot, node, record);
    }

    // Adds a child to the node in `slot`, copying it if it is full.
    void add(Slot& slot, Node& node, LogRecord* record) {
        const std::uint8_t byte = byte_at(record->key(), node.depth);
        record->set_older(nullptr);
        const bool done = visit_node(node, [&](auto& known) {
            if (known.full()) return false;
            known.add(byte, Ref(record));
            return true;
        });
        if (done) {
            ++node.live;
            count_.store(count() + 1, std::memory_order_relaxed);
            return;
        }
        Node& larger = copy(node, kind_for(children(node) + 1));
        visit_node(larger, [&](auto& known) { known.add(byte, Ref(record)); });
        ++larger.live;
        publish(slot, larger, record);
        retire(node);
    }

    void publish(Slot& slot, Node& node, LogRecord* record) noexcept {
        record->set_older(nullptr);
        slot.store(Ref(&node), std::memory_order_release);
        count_.store(count() + 1, std::memory_order_relaxed);
    }

    // A node that is left with one entry gives its place to it; one that is left with few becomes a smaller one.
    void shrink(Slot& slot, Node& node) {
        static constexpr std::size_t too_few[] = {0, 3, 8, 18, 40};
        if (node.live == 1) {
            slot.store(only_entry(node), std::memory_order_release);
            retire(node);
        } else if (children(node) <= too_few[static_cast<std::size_t>(node.kind)]) {
            slot.store(Ref(&copy(node, kind_for(children(node)))), std::memory_order_release);
            retire(node);
        }
    }

    static std::size_t children(const Node& node) noexcept {
        return node.live - (node.terminator.load(std::memory_order_relaxed).empty() ? 0U : 1U);
    }

    static Ref only_entry(Node& node) noexcept {
        Ref only = node.terminator.load(std::memory_order_relaxed);
        if (!only.empty()) return only;
        visit_node(node, [&only](auto& known) {
            known.any([&only](std::uint8_t, Ref child) {
                only = child;
                return !child.empty();
            });
        });
        return only;
    }

    // The smallest node with room. Large ones keep some spare, because their copies cost most.
    static ArtKind kind_for(std::size_t child_count) noexcept {
        if (child_count <= 4) return ArtKind::four;
        if (child_count <= 11) return ArtKind::eleven;
        if (child_count <= 24) return ArtKind::twenty_four;
        if (child_count <= ArtIndexed<Threads>::capacity - 5) return ArtKind::sixty_one;
        return ArtKind::all;
    }

    // A node of this kind at the place that the others say: a depth and a key, or another node.
    template <class... Place>
    Node& make(ArtKind kind, const Place&... place) {
        void* const memory = pool_.take(static_cast<std::size_t>(kind));
        switch (kind) {
        case ArtKind::four:
            return *::new (memory) Art4<Threads>(place...);
        case ArtKind::eleven:
            return *::new (memory) Art11<Threads>(place...);
        case ArtKind::twenty_four:
            return *::new (memory) Art24<Threads>(place...);
        case ArtKind::sixty_one:
            return *::new (memory) ArtIndexed<Threads>(place...);
        case ArtKind::all:
            break;
        }
        return *::new (memory) ArtFull<Threads>(place...);
    }

    Node& copy(Node& node, ArtKind kind) {
        Node& fresh = make(kind, node);
        fresh.terminator.store(node.terminator.load(std::memory_order_relaxed), std::memory_order_relaxed);
        visit_node(fresh, [&node](auto& to) {
            visit_node(node, [&to](auto& from) {
                from.any([&to](std::uint8_t byte, Ref child) {
                    if (!child.empty()) to.add(byte, child);
                    return false;
                });
            });
        });
        fresh.live = node.live;
        return fresh;
    }

    void retire(Node& node) noexcept {
        long_path_.forget(node);
        pool_.retire(&node, static_cast<std::size_t>(node.kind));
    }

    // Copies what is left of a much larger tree: some 100 ns a node. Readers see the one tree or the other.
    void move_nodes() {
        const Ref top = root_.load(std::memory_order_relaxed);
        if (!top.is_node()) return;
        long_path_.forget();
        const auto copied = [this](Ref old) { return &copy(*old.node(), old.node()->kind); };
        std::vector<Node*> waiting{copied(top)}; // whose children are still the old ones
        Node* const root = waiting.front();
        while (!waiting.empty()) {
            Node& node = *waiting.back();
            waiting.pop_back();
            visit_node(node, [&](auto& known) {
                known.any([&](std::uint8_t byte, Ref child) {
                    if (!child.is_node()) return false;
                    waiting.push_back(copied(child));
                    known.find(byte)->store(Ref(waiting.back()), std::memory_order_relaxed);
                    return false;
                });
            });
        }
        root_.store(Ref(root), std::memory_order_release);
    }

    NodePool<Threads, art_kinds> pool_;
    Slot root_{Ref{}};
    ArtLongPath<Threads> long_path_{}; // the writer's
    typename Threads::template Atomic<std::size_t> count_{0};
};

} // namespace kvilt::memtable::detail
