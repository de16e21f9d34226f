// Memory for the nodes of an index: a few fixed sizes, carved from large pages, given back through epochs.
#pragma once

#include <kvilt/core/epoch.hpp>
#include <kvilt/core/pages.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <vector>

namespace kvilt {

// One thread at a time takes and retires (the writer of the index); bytes() is for any. Nodes are aligned to 128 bytes
// where their size is a multiple of that, to the largest power of two dividing their size otherwise. Memory goes
// back to the system when the pool and what it retired are gone.
template <ThreadsTag Threads, std::size_t Classes>
class NodePool {
public:
    // Sizes are multiples of 8.
    NodePool(Epochs<Threads>& epochs, const std::array<std::size_t, Classes>& class_bytes)
        : epochs_(epochs), class_bytes_(class_bytes), memory_(std::make_shared<Memory>()) {}

    // A node's bytes, with unspecified content. Throws std::bad_alloc.
    void* take(std::size_t size_class) {
        if (free_[size_class] == nullptr) take_back();
        if (free_[size_class] == nullptr) carve(size_class);
        Free* node = free_[size_class];
        free_[size_class] = node->next;
        return node;
    }

    // For a node that no reader has ever been able to reach.
    void give(void* node, std::size_t size_class) noexcept { free_[size_class] = ::new (node) Free{free_[size_class]}; }

    // For a node that new readers can no longer reach. Retired nodes are handed to the epochs in batches, because
    // handing over costs a lock. Short of memory it stays out of use until the pool dies.
    void retire(void* node, std::size_t size_class) noexcept {
        if constexpr (!Threads::many) {
            if (epochs_.idle()) return give(node, size_class);
        }
        try {
            if (batch_ == nullptr) batch_ = std::make_unique<Batch>();
            batch_->items[batch_->count++] = {node, size_class};
            batch_->bytes += class_bytes_[size_class];
            if (batch_->count == batch_->items.size() || batch_->bytes >= batch_bytes_max) hand_over();
        } catch (const std::bad_alloc&) {
        }
    }

    // Memory taken from the system, in use or free.
    std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

private:
    static constexpr std::size_t chunk_bytes_min = 4_KiB;
    static constexpr std::size_t chunk_bytes_max = 2_MiB; // one huge page
    static constexpr std::size_t carve_bytes = 128;       // lines come in pairs
    static constexpr std::size_t batch_bytes_max = 64_KiB;

    struct Free {
        Free* next;
    };

    struct Item {
        void* node;
        std::size_t size_class;
    };
    struct Memory;
    struct Batch {
        std::shared_ptr<Memory> memory{}; // while it waits in the epochs, which may outlive the pool
        std::unique_ptr<Batch> next{};
        std::size_t count = 0;
        std::size_t bytes = 0;
        std::array<Item, 64> items;
    };
    struct Memory {
        std::vector<Pages> chunks;
        typename Threads::Mutex mutex;
        std::unique_ptr<Batch> returned; // under the mutex
        typename Threads::template Atomic<bool> any_returned{false};
    };

    void hand_over() {
        batch_->memory = memory_;
        try {
            epochs_.retire(0, nullptr, batch_.get(), give_back);
            static_cast<void>(batch_.release());
        } catch (const std::bad_alloc&) {
            batch_ = nullptr;
        }
    }

    static void give_back(void*, void* object) {
        std::unique_ptr<Batch> batch(static_cast<Batch*>(object));
        const std::shared_ptr<Memory> memory = std::move(batch->memory);
        const std::lock_guard lock(memory->mutex);
        batch->next = std::move(memory->returned);
        memory->returned = std::move(batch);
        memory->any_returned.store(true, std::memory_order_release);
    }

    // Moves what the epochs gave back to the free lists.
    void take_back() {
        if (!memory_->any_returned.load(std::memory_order_acquire)) return;
        std::unique_ptr<Batch> batch;
        {
            const std::lock_guard lock(memory_->mutex);
            batch = std::move(memory_->returned);
            memory_->any_returned.store(false, std::memory_order_release);
        }
        while (batch != nullptr) {
            for (std::size_t i = 0; i < batch->count; ++i) give(batch->items[i].node, batch->items[i].size_class);
            batch = std::move(batch->next);
        }
    }

    // Puts one or, of the small sizes, several fresh nodes on the free list.
    void carve(std::size_t size_class) {
        const std::size_t node_bytes = class_bytes_[size_class];
        const std::size_t wanted = round_up(node_bytes, carve_bytes);
        if (static_cast<std::size_t>(end_ - at_) < wanted) add_chunk(wanted);
        for (std::size_t left = wanted / node_bytes; left-- > 0;) give(at_ + left * node_bytes, size_class);
        at_ += wanted;
    }

    // Chunks grow with the pool: a small index stays small, a large one lies on huge pages.
    void add_chunk(std::size_t wanted) {
        const std::size_t half = round_up(bytes() / 2, chunk_bytes_min);
        Pages chunk(std::max(std::clamp(half, chunk_bytes_min, chunk_bytes_max), wanted));
        at_ = chunk.data();
        end_ = at_ + chunk.bytes();
        bytes_.store(bytes() + chunk.bytes(), std::memory_order_relaxed);
        memory_->chunks.push_back(std::move(chunk));
    }

    Epochs<Threads>& epochs_;
    std::array<std::size_t, Classes> class_bytes_;
    std::array<Free*, Classes> free_{};
    char* at_ = nullptr;
    char* end_ = nullptr;
    std::unique_ptr<Batch> batch_; // retired, not yet handed over
    std::shared_ptr<Memory> memory_;
    typename Threads::template Atomic<std::size_t> bytes_{0};
};

} // namespace kvilt
