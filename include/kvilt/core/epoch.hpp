// When may memory that readers can still see be taken back? An era counter, pins of readers, and a list of retired
// things, freed when no pin can reach them. One mechanism for index nodes, memtables, log segments and table files.
//
// Two kinds of pin. A short pin (one get, one view) delays everything retired after it was taken. A long pin (a scan)
// delays only what was born before it: a scan of an hour does not hold the memtables that came and went meanwhile.
#pragma once

#include <kvilt/core/threads.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace kvilt {

using Era = std::uint64_t;

namespace detail {

// Numbers threads 0, 1, ... densely; a number is given back when its thread ends.
class ThreadNumber {
public:
    static std::size_t mine() {
        static thread_local ThreadNumber number;
        return number.value_;
    }

private:
    struct Free {
        std::mutex mutex;
        std::vector<std::size_t> numbers;
        std::size_t next = 0;
    };
    static Free& free() {
        static Free list;
        return list;
    }

    ThreadNumber() {
        Free& list = free();
        const std::lock_guard lock(list.mutex);
        if (list.numbers.empty()) {
            value_ = list.next++;
            list.numbers.reserve(list.next);
        } else {
            value_ = list.numbers.back();
            list.numbers.pop_back();
        }
    }
    ~ThreadNumber() {
        Free& list = free();
        const std::lock_guard lock(list.mutex);
        list.numbers.push_back(value_);
    }

    std::size_t value_ = 0;
};

// Where short pins are announced. One thread: a depth and an era.
template <class Threads>
class ShortPins {
public:
    struct Slot {
        Era era = 0;
        std::size_t depth = 0;
        std::uint8_t note = 0;
    };

    Slot& enter(const typename Threads::template Atomic<Era>& era) noexcept {
        if (slot_.depth++ == 0) slot_.era = era.load();
        return slot_;
    }
    static void leave(Slot& slot) noexcept { --slot.depth; }
    Era oldest(Era none) const noexcept { return slot_.depth == 0 ? none : slot_.era; }

private:
    Slot slot_{};
};

// Many threads: a cache line each, in blocks made on demand and kept until the end.
template <class Threads>
    requires Threads::many
class ShortPins<Threads> {
public:
    struct alignas(64) Slot {
        std::atomic<Era> era{0};
        std::size_t depth = 0; // of the owning thread, as are the next ones
        std::uint8_t note = 0;
        std::atomic<std::uint64_t> reads{0}; // see Epochs::reads()
        std::uint64_t reads_told = 0;
    };

    ~ShortPins() {
        for (auto& block : blocks_) delete block.load();
    }

    Slot& enter(const std::atomic<Era>& era) {
        Slot& slot = mine();
        if (slot.depth++ == 0) slot.era.store(era.load(std::memory_order_acquire), std::memory_order_seq_cst);
        return slot;
    }
    static void leave(Slot& slot) noexcept {
        if (--slot.depth == 0) slot.era.store(0, std::memory_order_release);
    }
    Era oldest(Era none) const noexcept {
        Era era = none;
        for (const auto& pointer : blocks_) {
            const Block* block = pointer.load(std::memory_order_seq_cst); // as the eras in it, for the same reason
            if (block == nullptr) continue;
            for (const Slot& slot : *block)
                if (const Era seen = slot.era.load(std::memory_order_seq_cst); seen != 0) era = std::min(era, seen);
        }
        return era;
    }
    std::uint64_t reads() const noexcept {
        std::uint64_t sum = 0;
        for (const auto& pointer : blocks_)
            if (const Block* block = pointer.load(std::memory_order_acquire); block != nullptr)
                for (const Slot& slot : *block) sum += slot.reads.load(std::memory_order_relaxed);
        return sum;
    }

private:
    static constexpr std::size_t block_slots = 64;
    using Block = std::array<Slot, block_slots>;

    Slot& mine() {
        const std::size_t number = ThreadNumber::mine();
        auto& pointer = blocks_[(number / block_slots) % blocks_.size()];
        Block* block = pointer.load(std::memory_order_acquire);
        if (block == nullptr) {
            auto fresh = std::make_unique<Block>();
            if (pointer.compare_exchange_strong(block, fresh.get())) block = fresh.release();
        }
        return (*block)[number % block_slots];
    }

    std::array<std::atomic<Block*>, 256> blocks_{}; // 16,384 threads at a time
};

} // namespace detail

// Thread-safe under threads::Many; `retire` and `collect` may be called by any thread that holds no lock that a `free`
// function takes.
template <ThreadsTag Threads>
class Epochs {
public:
    Epochs() = default;
    Epochs(const Epochs&) = delete;
    Epochs& operator=(const Epochs&) = delete;
    ~Epochs() {
        for (Retired& item : retired_) item.free(item.context, item.object);
    }

    class [[nodiscard]] Pin {
    public:
        explicit Pin(Epochs& epochs) : slot_(epochs.short_pins_.enter(epochs.era_)) {}
        Pin(const Pin&) = delete;
        Pin& operator=(const Pin&) = delete;
        ~Pin() { Pins::leave(slot_); }

        // The thread's own: what it leaves here it finds in its next pin, unless another had its number meanwhile.
        // Zero at first.
        std::uint8_t& note() const noexcept { return slot_.note; }

        // Adds to what Epochs::reads() sums up; no other thread's cache line is touched.
        void count(std::uint64_t reads) const noexcept
            requires(Threads::many)
        {
            slot_.reads.store(slot_.reads.load(std::memory_order_relaxed) + reads, std::memory_order_relaxed);
        }
        // Once for every `reads` that this thread has counted.
        bool counted(std::uint64_t reads) const noexcept
            requires(Threads::many)
        {
            const std::uint64_t now = slot_.reads.load(std::memory_order_relaxed);
            if (now - slot_.reads_told < reads) [[likely]]
                return false;
            slot_.reads_told = now;
            return true;
        }

    private:
        using Pins = detail::ShortPins<Threads>;
        typename Pins::Slot& slot_;
    };

    // Movable; may be released by another thread than took it.
    class [[nodiscard]] LongPin {
    public:
        LongPin() = default;
        LongPin(LongPin&& other) noexcept : epochs_(std::exchange(other.epochs_, nullptr)), era_(other.era_) {}
        LongPin& operator=(LongPin&& other) noexcept {
            if (this != &other) {
                release();
                epochs_ = std::exchange(other.epochs_, nullptr);
                era_ = other.era_;
            }
            return *this;
        }
        ~LongPin() { release(); }

        void release() noexcept {
            if (epochs_ == nullptr) return;
            const std::lock_guard lock(epochs_->mutex_);
            auto& pins = epochs_->long_pins_;
            pins.erase(std::find(pins.begin(), pins.end(), era_));
            epochs_ = nullptr;
        }

    private:
        friend Epochs;
        LongPin(Epochs& epochs, Era era) : epochs_(&epochs), era_(era) {}
        Epochs* epochs_ = nullptr;
        Era era_ = 0;
    };

    Era now() const noexcept { return era_.load(std::memory_order_acquire); }

    // What pins have counted since the beginning.
    std::uint64_t reads() const noexcept
        requires(Threads::many)
    {
        return short_pins_.reads();
    }

    // Loads `root` and pins what it points to: what is reachable from it was born at or before the pin's era, provided
    // that who publishes takes `now()` as birth after his last retire() and before he stores the root.
    template <class Pointer>
    std::pair<LongPin, Pointer> pin_long(const typename Threads::template Atomic<Pointer>& root) {
        for (;;) {
            const Era era = era_.load(std::memory_order_seq_cst);
            LongPin pin = pin_at(era);
            const Pointer pointer = root.load(std::memory_order_seq_cst);
            if (era_.load(std::memory_order_seq_cst) == era) return {std::move(pin), pointer};
        }
    }
    LongPin pin_long() {
        for (;;) {
            const Era era = era_.load(std::memory_order_seq_cst);
            LongPin pin = pin_at(era);
            if (era_.load(std::memory_order_seq_cst) == era) return pin;
        }
    }

    // `object` can no longer be reached by new readers; `free(context, object)` is called when no old one is left.
    // Born 0 is right for what any reader may have reached.
    void retire(Era born, void* context, void* object, void (*free)(void* context, void* object)) {
        const std::lock_guard lock(mutex_);
        const Era died = era_.fetch_add(1, std::memory_order_seq_cst);
        retired_.push_back({born, died, context, object, free});
    }

    template <class Object>
    void retire_delete(Era born, Object* object) {
        retire(born, nullptr, object, [](void*, void* pointer) { delete static_cast<Object*>(pointer); });
    }

    // Room for `count` calls of retire(), which then do not throw: unless others take it meanwhile.
    void reserve(std::size_t count) {
        const std::lock_guard lock(mutex_);
        const std::size_t wanted = retired_.size() + count;
        if (wanted > retired_.capacity()) retired_.reserve(std::max(wanted, 2 * retired_.capacity()));
    }

    // Frees what can be freed. A `free` function may retire more.
    void collect() {
        std::vector<Retired> ready;
        {
            const std::lock_guard lock(mutex_);
            if (retired_.empty()) return;
            const Era oldest_short = short_pins_.oldest(~Era{0});
            const auto held = [&](const Retired& item) {
                return item.died >= oldest_short || std::any_of(long_pins_.begin(), long_pins_.end(), [&](Era pin) {
                           return item.born <= pin && pin <= item.died;
                       });
            };
            std::size_t kept = 0;
            for (const Retired& item : retired_) {
                if (held(item))
                    retired_[kept++] = item;
                else
                    ready.push_back(item);
            }
            retired_.resize(kept);
        }
        for (Retired& item : ready) item.free(item.context, item.object);
    }

    // Whether no pin is held: what became unreachable may be freed at once, without retire().
    bool idle() const noexcept
        requires(!Threads::many)
    {
        return short_pins_.oldest(0) == 0 && long_pins_.empty();
    }

    std::size_t waiting() const {
        const std::lock_guard lock(mutex_);
        return retired_.size();
    }

private:
    struct Retired {
        Era born;
        Era died;
        void* context;
        void* object;
        void (*free)(void*, void*);
    };

    LongPin pin_at(Era era) {
        const std::lock_guard lock(mutex_);
        long_pins_.push_back(era);
        return LongPin(*this, era);
    }

    typename Threads::template Atomic<Era> era_{1};
    detail::ShortPins<Threads> short_pins_;
    mutable typename Threads::Mutex mutex_;
    std::vector<Era> long_pins_;
    std::vector<Retired> retired_;
};

} // namespace kvilt
