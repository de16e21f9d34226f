// A place among the keys of the radix tree, movable both ways.
#pragma once

#include <kvilt/memtable/art_path.hpp>

#include <vector>

namespace kvilt::memtable::detail {

// A node on the way to a cursor's place, and which of its entries leads on. The bytes of a small node are noted when
// it is entered, as bits: in order without sorting.
template <ThreadsTag Threads>
class ArtFrame {
public:
    using Node = ArtNode<Threads>;
    using Ref = ArtRef<Threads>;

    // Positions: before all entries, the key that ends here, the bytes, after all.
    static constexpr int before = -2, terminator = -1, after = 256;

    ArtFrame(Node& node, int position) noexcept : node_(&node), position_(position) {
        if (small()) note_bytes();
    }

    // Steps to the next entry that is not null; returns null at the end.
    Ref forward() noexcept {
        while (position_ < after) {
            position_ = position_ == before ? terminator : byte_from(position_ + 1);
            if (position_ == after) break;
            if (const Ref found = entry(); !found.empty()) return found;
        }
        return {};
    }

    Ref backward() noexcept {
        while (position_ > terminator) {
            position_ = byte_up_to(position_ - 1);
            if (const Ref found = entry(); !found.empty()) return found;
        }
        position_ = before;
        return {};
    }

private:
    static constexpr int prefetch_ahead = 8; // bytes, in nodes that hold most of them

    bool small() const noexcept { return node_->kind <= ArtKind::twenty_four; }

    Ref entry() const noexcept {
        if (position_ == terminator) return node_->terminator.load(std::memory_order_acquire);
        return child_of(*node_, static_cast<std::uint8_t>(position_));
    }

    void note_bytes() noexcept {
        visit_node(*node_, [this](auto& known) {
            known.any([this](std::uint8_t byte, Ref child) {
                bytes_[byte / 64] |= std::uint64_t{1} << (byte % 64);
                child.prefetch();
                return false;
            });
        });
    }

    // The least byte at or above `from` that may have a child, or `after`.
    int byte_from(int from) const noexcept {
        if (!small()) {
            prefetch(from + prefetch_ahead);
            while (from < after && !has_slot(from)) ++from;
            return from;
        }
        if (from == after) return after;
        auto word = static_cast<std::size_t>(from) / 64;
        std::uint64_t bits = bytes_[word] & (~std::uint64_t{0} << (from % 64));
        while (bits == 0 && ++word < bytes_.size()) bits = bytes_[word];
        return bits == 0 ? after : static_cast<int>(64 * word) + std::countr_zero(bits);
    }

    // The greatest byte at or below `to` that may have a child, or `terminator`.
    int byte_up_to(int to) const noexcept {
        if (!small()) {
            prefetch(to - prefetch_ahead);
            while (to > terminator && !has_slot(to)) --to;
            return to;
        }
        if (to == terminator) return terminator;
        auto word = static_cast<std::size_t>(to) / 64;
        std::uint64_t bits = bytes_[word] & (~std::uint64_t{0} >> (63 - to % 64));
        while (bits == 0 && word-- > 0) bits = bytes_[word];
        return bits == 0 ? terminator : static_cast<int>(64 * word) + 63 - std::countl_zero(bits);
    }

    bool has_slot(int byte) const noexcept {
        const auto at = static_cast<std::size_t>(byte);
        if (node_->kind == ArtKind::sixty_one)
            return static_cast<const ArtIndexed<Threads>*>(node_)->numbers[at].load(std::memory_order_relaxed) != 0;
        return !static_cast<const ArtFull<Threads>*>(node_)->children[at].load(std::memory_order_relaxed).empty();
    }

    void prefetch(int byte) const noexcept {
        if (byte >= 0 && byte < after) child_of(*node_, static_cast<std::uint8_t>(byte)).prefetch();
    }

    Node* node_;
    int position_;
    std::array<std::uint64_t, 4> bytes_{};
};

// Lives inside one epoch pin. Remembers the nodes on its way: as each of them, replaced or not, keeps what was there
// all along (see ArtNode), the cursor needs no care of the writer's doings.
template <ThreadsTag Threads>
class ArtCursor {
    using Frame = ArtFrame<Threads>;
    using Ref = ArtRef<Threads>;

public:
    // `root` outlives the cursor.
    explicit ArtCursor(const typename ArtNode<Threads>::Slot& root) : root_(root) { frames_.reserve(16); }

    // To the first key at or above `key`.
    void seek(Bytes key) {
        Ref at = start();
        for (std::size_t from = 0; at.is_node();) {
            auto& node = *at.node();
            const std::size_t depth = node.depth;
            const std::size_t differs = first_difference(node, key, from);
            if (differs < depth && differs < key.size() && byte_at(key, differs) > shared_byte(node, differs))
                return next();                                         // all keys of the node are below
            const bool above = differs < depth || key.size() == depth; // all of them, or equal
            frames_.emplace_back(node, above ? Frame::before : byte_at(key, depth));
            if (above) return next();
            at = child_of(node, byte_at(key, depth));
            from = depth + 1;
        }
        record_ = at.record();
        if (record_ == nullptr || record_->key() < key) next();
    }

    // To the last key below `key`.
    void seek_before(Bytes key) {
        seek(key);
        if (valid())
            previous();
        else
            seek_last();
        while (valid() && record_->key() >= key) previous(); // put there just now
    }

    void seek_first() {
        const Ref root = start();
        if (root.is_node()) frames_.emplace_back(*root.node(), Frame::before);
        record_ = root.record();
        if (root.is_node()) next();
    }

    void seek_last() {
        const Ref root = start();
        if (root.is_node()) frames_.emplace_back(*root.node(), Frame::after);
        record_ = root.record();
        if (root.is_node()) previous();
    }

    // Both need a valid cursor.
    void next() {
        while (!frames_.empty()) {
            const Ref entry = frames_.back().forward();
            if (entry.empty())
                frames_.pop_back();
            else if (entry.is_node())
                frames_.emplace_back(*entry.node(), Frame::before);
            else
                return static_cast<void>(record_ = entry.record());
        }
        record_ = nullptr;
    }
    void previous() {
        while (!frames_.empty()) {
            const Ref entry = frames_.back().backward();
            if (entry.empty())
                frames_.pop_back();
            else if (entry.is_node())
                frames_.emplace_back(*entry.node(), Frame::after);
            else
                return static_cast<void>(record_ = entry.record());
        }
        record_ = nullptr;
    }

    bool valid() const noexcept { return record_ != nullptr; }
    LogRecord* record() const noexcept { return record_; }

private:
    Ref start() {
        frames_.clear();
        return root_.load(std::memory_order_seq_cst);
    }

    const typename ArtNode<Threads>::Slot& root_;
    std::vector<Frame> frames_; // from the root down
    LogRecord* record_ = nullptr;
};

} // namespace kvilt::memtable::detail
