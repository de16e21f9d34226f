// The sequences that somebody still reads at: what flush, compaction and cleaning must keep.
#pragma once

#include <kvilt/core/record.hpp>
#include <kvilt/core/threads.hpp>

#include <algorithm>
#include <vector>

namespace kvilt::engine {

// Thread-safe under threads::Many.
template <ThreadsTag Threads>
class Snapshots {
public:
    // Registers the newest published sequence. The mark `taking` comes before the load: a writer who does not see it
    // has published everything that he treats as past.
    Sequence take(const typename Threads::template Atomic<Sequence>& published) {
        const std::lock_guard lock(mutex_);
        newest_.store(taking, std::memory_order_seq_cst);
        const Sequence at = published.load(std::memory_order_seq_cst);
        live_.push_back(at); // published only grows, so this stays sorted
        newest_.store(at, std::memory_order_seq_cst);
        return at;
    }

    // Registers a sequence that is registered already once more.
    void add(Sequence at) {
        const std::lock_guard lock(mutex_);
        live_.insert(std::lower_bound(live_.begin(), live_.end(), at), at);
    }

    void release(Sequence at) noexcept {
        const std::lock_guard lock(mutex_);
        live_.erase(std::lower_bound(live_.begin(), live_.end(), at));
        newest_.store(live_.empty() ? 0 : live_.back(), std::memory_order_seq_cst);
        releases_.fetch_add(1, std::memory_order_relaxed);
    }

    // Whether one reads in [older, newer): sees a record of sequence `older` whose next newer one is `newer`.
    bool needed(Sequence older, Sequence newer) const {
        if (newest_.load(std::memory_order_seq_cst) < older) return false;
        const std::lock_guard lock(mutex_);
        const auto first = std::lower_bound(live_.begin(), live_.end(), older);
        return first != live_.end() && *first < newer;
    }

    // Sorted. A snapshot taken later reads at or above every sequence published by now.
    std::vector<Sequence> list() const {
        const std::lock_guard lock(mutex_);
        std::vector<Sequence> unique = live_;
        unique.erase(std::unique(unique.begin(), unique.end()), unique.end());
        return unique;
    }

    bool any() const noexcept { return newest_.load(std::memory_order_seq_cst) != 0; }
    std::size_t count() const {
        const std::lock_guard lock(mutex_);
        return live_.size();
    }
    std::uint64_t releases() const noexcept { return releases_.load(std::memory_order_relaxed); }

private:
    static constexpr Sequence taking = ~Sequence{0};

    mutable typename Threads::Mutex mutex_;
    typename Threads::template Atomic<Sequence> newest_{0};
    typename Threads::template Atomic<std::uint64_t> releases_{0};
    std::vector<Sequence> live_;
};

} // namespace kvilt::engine
