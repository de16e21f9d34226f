// An ordered scan over engines that hold keys side by side: the least of their next keys first.
// docs/policies/partition.md
#pragma once

#include <kvilt/engine/scan.hpp>

#include <utility>
#include <vector>

namespace kvilt::cluster {

// A heap of scans, no two of which have a key in common: a step costs log2(engines) comparisons, two at most a level.
// An error of one ends the whole: the others' keys beyond it would leave a gap.
template <class P>
class MergedScan {
public:
    explicit MergedScan(std::vector<engine::Scan<P>> scans) : scans_(std::move(scans)) {}

    // Before the first next().
    void reverse() {
        for (auto& scan : scans_) scan.reverse();
        reverse_ = !reverse_;
    }

    bool next() {
        if (!status_) return false;
        const bool ready = std::exchange(started_, true) ? step() : start();
        return ready && !heap_.empty();
    }

    Bytes key() const noexcept { return scans_[heap_.front()].key(); }
    Bytes value() const noexcept { return scans_[heap_.front()].value(); }
    Result<void> status() const { return status_; }

private:
    bool start() {
        for (std::size_t scan = 0; scan < scans_.size(); ++scan) {
            if (scans_[scan].next())
                heap_.push_back(scan);
            else if (!ended_well(scan))
                return false;
        }
        for (std::size_t at = heap_.size() / 2; at-- > 0;) sink(at);
        return true;
    }

    bool step() {
        if (heap_.empty()) return true;
        const std::size_t scan = heap_.front();
        if (!scans_[scan].next()) {
            if (!ended_well(scan)) return false;
            heap_.front() = heap_.back();
            heap_.pop_back();
        }
        sink(0);
        return true;
    }

    bool ended_well(std::size_t scan) {
        status_ = scans_[scan].status();
        return status_.has_value();
    }

    void sink(std::size_t at) {
        for (;;) {
            std::size_t first = at;
            for (std::size_t child = 2 * at + 1; child <= 2 * at + 2 && child < heap_.size(); ++child)
                if (before(heap_[child], heap_[first])) first = child;
            if (first == at) return;
            std::swap(heap_[at], heap_[first]);
            at = first;
        }
    }
    bool before(std::size_t a, std::size_t b) const noexcept {
        return reverse_ ? scans_[b].key() < scans_[a].key() : scans_[a].key() < scans_[b].key();
    }

    std::vector<engine::Scan<P>> scans_;
    std::vector<std::size_t> heap_{}; // of scans that stand at a pair
    Result<void> status_{};
    bool reverse_ = false;
    bool started_ = false;
};

} // namespace kvilt::cluster
