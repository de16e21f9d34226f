// An ordered scan over shards whose keys are in the order of their numbers.
#pragma once

#include <kvilt/engine/scan.hpp>

#include <utility>
#include <vector>

namespace kvilt::cluster {

template <class P>
class ShardScan {
public:
    explicit ShardScan(std::vector<engine::Scan<P>> scans) : scans_(std::move(scans)) {}

    // Before the first next().
    void reverse() {
        for (auto& scan : scans_) scan.reverse();
        reverse_ = !reverse_;
    }

    bool next() {
        for (; passed_ < scans_.size(); ++passed_) {
            if (present().next()) return true;
            if (!present().status()) return false;
        }
        return false;
    }

    Bytes key() const noexcept { return present().key(); }
    Bytes value() const noexcept { return present().value(); }
    Result<void> status() const {
        if (passed_ < scans_.size()) return present().status();
        return {};
    }

private:
    auto& present() noexcept { return scans_[reverse_ ? scans_.size() - 1 - passed_ : passed_]; }
    const auto& present() const noexcept { return scans_[reverse_ ? scans_.size() - 1 - passed_ : passed_]; }

    std::vector<engine::Scan<P>> scans_;
    std::size_t passed_ = 0;
    bool reverse_ = false;
};

} // namespace kvilt::cluster
