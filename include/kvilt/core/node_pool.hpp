// Memory for the nodes of an index: a few fixed sizes, carved from large pages, given back through epochs.
#pragma once

#include <kvilt/core/epoch.hpp>
#include <kvilt/core/pages.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

namespace kvilt {

// One thread at a time takes and retires (the writer of the index); bytes() is for any. Nodes are aligned to 128 bytes
// where their size is a multiple of that, to the largest power of two dividing their size otherwise. Memory goes
// back to the system when the pool and what it retired are gone, or by renew().
template <ThreadsTag Threads, std::size_t Classes>
class NodePool {
public:
    // Sizes are multiples of 8.
    NodePool(Epochs<Threads>& epochs, const std::array<std::size_t, Classes>& class_bytes)
        : epochs_(epochs), class_bytes_(class_bytes) {}
    NodePool(const NodePool&) = delete;
    NodePool& operator=(const NodePool&) = delete;

    // A node's bytes, with unspecified content. Throws std::bad_alloc.
    void* take(std::size_t size_class) {
        Free*& first = now_.free[size_class];
        if (first == nullptr) take_back();
        if (first == nullptr) carve(size_class);
        Free* const node = first;
        first = node->next;
        now_.bytes_in_use += class_bytes_[size_class];
        return node;
    }

    // For a node that no reader can reach.
    void give(void* node, std::size_t size_class) noexcept {
        now_.bytes_in_use -= class_bytes_[size_class];
        set_free(node, size_class);
    }

    // For a node that new readers can no longer reach. Retired nodes are handed to the epochs in batches, because
    // handing over costs a lock. Short of memory it stays out of use until the pool dies.
    void retire(void* node, std::size_t size_class) noexcept {
        if constexpr (!Threads::many) {
            if (epochs_.idle()) return give(node, size_class);
        }
        now_.bytes_in_use -= class_bytes_[size_class];
        try {
            if (now_.batch == nullptr) now_.batch = std::make_unique<Batch>();
            Batch& batch = *now_.batch;
            batch.items[batch.count++] = {node, size_class};
            batch.bytes += class_bytes_[size_class];
            if (batch.count == batch.items.size() || batch.bytes >= batch_bytes_max) hand_over();
        } catch (const std::bad_alloc&) {
        }
    }

    // Memory taken from the system, in use or free.
    std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

    // Whether so little of a large pool is in use that the index should renew() it. The writer's.
    bool sparse() const noexcept { return bytes() >= sparse_bytes_min && now_.bytes_in_use < bytes() / 2; }

    // Starts with fresh memory: `move` takes copies of all nodes in use and publishes them as the last thing it does;
    // then the old memory is retired whole. If `move` throws std::bad_alloc all stays as it was.
    template <class Move>
    void renew(Move move) noexcept {
        try {
            auto past = std::make_unique<State>();
            const std::size_t past_bytes = bytes();
            const auto exchange = [&](std::size_t now_bytes) {
                std::swap(now_, *past);
                bytes_.store(now_bytes, std::memory_order_relaxed);
            };
            exchange(0);
            try {
                move();
            } catch (const std::bad_alloc&) {
                exchange(past_bytes);
                return;
            }
            if constexpr (!Threads::many) {
                if (epochs_.idle()) return;
            }
            epochs_.retire_delete(0, past.release());
        } catch (const std::bad_alloc&) {
        }
    }

private:
    static constexpr std::size_t chunk_bytes_min = 4_KiB;
    static constexpr std::size_t chunk_bytes_max = 2_MiB; // one huge page
    static constexpr std::size_t carve_bytes = 128;       // lines come in pairs
    static constexpr std::size_t batch_bytes_max = 64_KiB;
    static constexpr std::size_t sparse_bytes_min = 64_KiB;

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

        Memory() = default;
        Memory(const Memory&) = delete;
        Memory& operator=(const Memory&) = delete;
        ~Memory() {
            while (returned != nullptr) returned = std::move(returned->next); // not by recursion
        }
    };
    struct State {
        std::shared_ptr<Memory> memory = std::make_shared<Memory>();
        std::array<Free*, Classes> free{};
        char* at = nullptr;
        char* end = nullptr;
        std::size_t bytes_in_use = 0;
        std::unique_ptr<Batch> batch{}; // retired, not yet handed over
    };

    void hand_over() {
        now_.batch->memory = now_.memory;
        try {
            epochs_.retire(0, nullptr, now_.batch.get(), give_back);
            static_cast<void>(now_.batch.release());
        } catch (const std::bad_alloc&) {
            now_.batch = nullptr;
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

    void set_free(void* node, std::size_t size_class) noexcept {
        now_.free[size_class] = ::new (node) Free{now_.free[size_class]};
    }

    // Moves what the epochs gave back to the free lists.
    void take_back() {
        Memory& memory = *now_.memory;
        if (!memory.any_returned.load(std::memory_order_acquire)) return;
        std::unique_ptr<Batch> batch;
        {
            const std::lock_guard lock(memory.mutex);
            batch = std::move(memory.returned);
            memory.any_returned.store(false, std::memory_order_release);
        }
        while (batch != nullptr) {
            for (std::size_t i = 0; i < batch->count; ++i) set_free(batch->items[i].node, batch->items[i].size_class);
            batch = std::move(batch->next);
        }
    }

    // Puts one or, of the small sizes, several fresh nodes on the free list.
    void carve(std::size_t size_class) {
        const std::size_t node_bytes = class_bytes_[size_class];
        const std::size_t wanted = round_up(node_bytes, carve_bytes);
        if (static_cast<std::size_t>(now_.end - now_.at) < wanted) add_chunk(wanted);
        for (std::size_t left = wanted / node_bytes; left-- > 0;) set_free(now_.at + left * node_bytes, size_class);
        now_.at += wanted;
    }

    // Chunks grow with the pool: a small index stays small, a large one lies on huge pages.
    void add_chunk(std::size_t wanted) {
        const std::size_t half = round_up(bytes() / 2, chunk_bytes_min);
        Pages chunk(std::max(std::clamp(half, chunk_bytes_min, chunk_bytes_max), wanted));
        const std::size_t chunk_bytes = chunk.bytes();
        char* const data = chunk.data();
        now_.memory->chunks.push_back(std::move(chunk));
        now_.at = data;
        now_.end = data + chunk_bytes;
        bytes_.store(bytes() + chunk_bytes, std::memory_order_relaxed);
    }

    Epochs<Threads>& epochs_;
    std::array<std::size_t, Classes> class_bytes_;
    State now_;
    typename Threads::template Atomic<std::size_t> bytes_{0};
};

} // namespace kvilt
