// A skip list of record pointers: the reference for ordered memtables with readers. docs/policies/memtable.md
// William Pugh: Skip Lists: A Probabilistic Alternative to Balanced Trees. CACM 33 (6), 1990.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/node_pool.hpp>
#include <kvilt/memtable/options.hpp>

#include <bit>
#include <cassert>

namespace kvilt::memtable {

// 20 bytes of index per key, and a cache miss per compare: simple rather than fast.
// Provides: ordered_keys, versions (threads_many with threads::Many). Needs: nothing.
template <ThreadsTag Tag = threads::One>
struct SkipList {
    using Threads = Tag;
    using Options = memtable::Options;

    static constexpr Slot slot = Slot::memtable;
    static constexpr std::string_view name = "memtable::SkipList";
    static constexpr std::string_view format = "";
    static constexpr Capabilities provides = Capabilities{Capability::ordered_keys, Capability::versions} |
                                             (Tag::many ? Capabilities{Capability::threads_many} : Capabilities{});
    static constexpr Capabilities needs{};
    static Result<void> validate(const Options& options) { return validate_options(options); }

    class Index;
};

// One writer, readers without locks. A reader on a node that was unlinked goes on along its links: they lead to what
// followed when it left, and so on to all that was there all along.
template <ThreadsTag Tag>
class SkipList<Tag>::Index {
    static constexpr std::size_t height_max = 12; // 4^12 keys

    struct Node {
        using Link = typename Tag::template Atomic<Node*>;

        typename Tag::template Atomic<LogRecord*> head;
        const std::size_t height;

        Node(LogRecord* record, std::size_t levels) noexcept : head(record), height(levels) {
            for (std::size_t level = 0; level < height; ++level) ::new (&link(level)) Link(nullptr);
        }

        static constexpr std::size_t bytes_for(std::size_t levels) { return sizeof(Node) + levels * sizeof(Link); }
        Link& link(std::size_t level) noexcept { return reinterpret_cast<Link*>(this + 1)[level]; }
        Node* next(std::size_t level) noexcept { return link(level).load(std::memory_order_acquire); }
        LogRecord* record() const noexcept { return head.load(std::memory_order_acquire); }
    };
    using Trail = std::array<Node*, height_max>;

public:
    class Cursor;

    Index(const Options&, Epochs<Threads>& epochs) : pool_(epochs, node_bytes()) {
        first_.store(make(nullptr, height_max));
    }
    Index(const Index&) = delete;
    Index& operator=(const Index&) = delete;

    LogRecord* put(LogRecord* record) {
        const Bytes key = record->key();
        Trail before;
        Node* const at = lower_bound(key, &before);
        if (at != nullptr && at->record()->key() == key) {
            LogRecord* const former = at->record();
            record->set_older(former);
            at->head.store(record, std::memory_order_release);
            return former;
        }
        const std::size_t height = random_height();
        Node* const node = make(record, height);
        record->set_older(nullptr);
        for (std::size_t level = 0; level < height; ++level) {
            node->link(level).store(before[level]->next(level), std::memory_order_relaxed);
            before[level]->link(level).store(node, std::memory_order_release);
        }
        count_.store(count() + 1, std::memory_order_relaxed);
        return nullptr;
    }

    LogRecord* find(Bytes key) const {
        Node* const at = lower_bound(key, nullptr);
        if (at == nullptr) return nullptr;
        LogRecord* const head = at->record();
        return head->key() == key ? head : nullptr;
    }

    void replace(LogRecord* head, LogRecord* with) {
        Node* const at = lower_bound(head->key(), nullptr);
        assert(at != nullptr && at->record() == head);
        at->head.store(with, std::memory_order_release);
    }

    void erase(LogRecord* head) {
        Trail before;
        Node* const node = lower_bound(head->key(), &before);
        assert(node != nullptr && node->record() == head);
        for (std::size_t level = node->height; level-- > 0;)
            before[level]->link(level).store(node->next(level), std::memory_order_release);
        count_.store(count() - 1, std::memory_order_relaxed);
        pool_.retire(node, node->height - 1);
        if (pool_.sparse()) pool_.renew([this] { move_nodes(); });
    }

    std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }
    std::size_t bytes_used() const noexcept { return pool_.bytes(); }

private:
    static constexpr std::array<std::size_t, height_max> node_bytes() {
        std::array<std::size_t, height_max> bytes{};
        for (std::size_t level = 0; level < height_max; ++level) bytes[level] = Node::bytes_for(level + 1);
        return bytes;
    }

    Node* make(LogRecord* record, std::size_t height) { return ::new (pool_.take(height - 1)) Node(record, height); }

    // Copies what is left of a much larger list.
    void move_nodes() {
        Node* const first = make(nullptr, height_max);
        Trail last;
        last.fill(first);
        for (Node* old = first_.load(std::memory_order_relaxed)->next(0); old != nullptr; old = old->next(0)) {
            Node* const node = make(old->record(), old->height);
            for (std::size_t level = 0; level < node->height; ++level)
                std::exchange(last[level], node)->link(level).store(node, std::memory_order_relaxed);
        }
        first_.store(first, std::memory_order_release);
    }

    // The last node for which `below` holds (the first node, if for none), on each level in `trail` if asked.
    template <class Below>
    Node* last_where(Below below, Trail* trail) const noexcept {
        Node* at = first_.load(std::memory_order_seq_cst);
        for (std::size_t level = height_max; level-- > 0;) {
            for (Node* next = at->next(level); next != nullptr && below(next); next = at->next(level)) at = next;
            if (trail != nullptr) (*trail)[level] = at;
        }
        return at;
    }

    Node* last_below(Bytes key, Trail* trail) const noexcept {
        return last_where([key](const Node* node) { return node->record()->key() < key; }, trail);
    }

    // The first node at or above `key`, or null. Beside a writer one that is below may just have been put in.
    Node* lower_bound(Bytes key, Trail* trail) const noexcept {
        Node* at = last_below(key, trail)->next(0);
        while (at != nullptr && at->record()->key() < key) at = at->next(0);
        return at;
    }

    // One level more with a chance of a quarter.
    std::size_t random_height() noexcept {
        const auto zeros = static_cast<std::size_t>(std::countr_zero(mix(++rolled_)));
        return std::min(height_max, 1 + zeros / 2);
    }

    NodePool<Threads, height_max> pool_;
    typename Tag::template Atomic<Node*> first_{nullptr}; // before all keys; holds no record
    std::uint64_t rolled_ = 0;
    typename Tag::template Atomic<std::size_t> count_{0};
};

// Lives inside one epoch pin. Backward steps search from the top.
template <ThreadsTag Tag>
class SkipList<Tag>::Index::Cursor {
public:
    explicit Cursor(const Index& index) : index_(index) {}

    void seek(Bytes key) { set(index_.lower_bound(key, nullptr)); }
    void seek_before(Bytes key) { set(index_.last_below(key, nullptr)); }
    void seek_first() { set(index_.first_.load(std::memory_order_seq_cst)->next(0)); }
    void seek_last() {
        set(index_.last_where([](const Node*) { return true; }, nullptr));
    }

    // Both need a valid cursor.
    void next() { set(node_->next(0)); }
    void previous() { seek_before(record_->key()); }

    bool valid() const noexcept { return record_ != nullptr; }
    LogRecord* record() const noexcept { return record_; }

private:
    void set(Node* node) noexcept {
        node_ = node;
        record_ = node == nullptr ? nullptr : node->record();
    }

    const Index& index_;
    Node* node_ = nullptr;
    LogRecord* record_ = nullptr;
};

static_assert(MemTablePolicy<SkipList<>> && MemTablePolicy<SkipList<threads::Many>>);

} // namespace kvilt::memtable
