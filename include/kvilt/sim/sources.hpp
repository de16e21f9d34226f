// Which writes a read may have found, and which of two writes is the newer: shared by the checkers that need no order
// of everything. docs/testing.md
#pragma once

#include <kvilt/sim/operations.hpp>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace kvilt::sim {

// A write, an erase, or a compare-and-set that took place; or the key's beginning, which is before all of them and has
// no operation.
class Source {
public:
    Source() = default;
    Source(const Operation& operation, std::uint64_t version) : operation_(&operation), version_(version) {}

    const Operation* operation() const noexcept { return operation_; }
    std::uint64_t version() const noexcept { return version_; }

    // By versions where both are known; else by time, if one ended before the other began.
    bool newer_than(const Source& other) const noexcept {
        if (operation_ == nullptr || other.operation_ == nullptr) return operation_ != nullptr;
        if (version_ != 0 && other.version_ != 0) return version_ > other.version_;
        return other.operation_->before(*operation_);
    }

    std::string text() const { return operation_ == nullptr ? "the beginning" : text_of(*operation_); }

private:
    const Operation* operation_ = nullptr;
    std::uint64_t version_ = 0;
};

// The sources of one history, which must outlive it. A value has been written once. The version of a write is what it
// says, or else what a read of its value says: writes without answer have one too.
class Sources {
public:
    explicit Sources(const Operations& operations) {
        broken_ = malformed(operations, true);
        if (!broken_.empty()) return;
        std::map<ValueId, std::uint64_t> told;
        for (const Operation& operation : operations)
            if (is_read(operation) && operation.value != no_value && operation.version != 0)
                told.emplace(operation.value, operation.version);
        for (const Operation& operation : operations) {
            if (!operation.changes() || operation.outcome == Operation::Outcome::failed) continue;
            const ValueId value = operation.leaves();
            const auto found = told.find(value);
            const bool by_reads = operation.version == 0 && value != no_value && found != told.end();
            const Source source(operation, by_reads ? found->second : operation.version);
            if (value == no_value)
                erases_.push_back(source);
            else
                writes_.emplace(value, source);
            all_.push_back(source);
            if (operation.outcome == Operation::Outcome::ok) acknowledged_.push_back(source);
        }
        for (const Operation& operation : operations) {
            const auto found = writes_.find(operation.value);
            if (!is_read(operation) || operation.version == 0 || found == writes_.end()) continue;
            if (operation.version != found->second.version())
                broken_ = text_of(operation) + ", but the version of that value is " +
                          std::to_string(found->second.version());
        }
    }

    // What makes the history one that cannot be judged; or empty.
    const std::string& broken() const noexcept { return broken_; }

    // An answered one; what compare-and-set has seen is not judged.
    static bool is_read(const Operation& operation) noexcept {
        return operation.outcome == Operation::Outcome::ok && operation.kind == Operation::Kind::read;
    }

    // Those that a read may have found, begun no later than its end. Of a value: its write. Of absence: any erase of
    // its version, or of any where it says none, and the beginning.
    std::vector<Source> of(const Operation& read) const {
        std::vector<Source> found;
        const auto begun = [&](const Source& source) { return source.operation()->start_us <= read.end_us; };
        if (read.value != no_value) {
            const auto write = writes_.find(read.value);
            if (write != writes_.end() && begun(write->second)) found.push_back(write->second);
            return found;
        }
        for (const Source& erase : erases_) {
            if (!begun(erase)) continue;
            if (read.version == 0 || erase.version() == read.version)
                found.push_back(erase);
            else if (erase.version() == 0)
                found.emplace_back(*erase.operation(), read.version);
        }
        if (read.version == 0) found.emplace_back();
        return found;
    }

    // Of an operation that changes something.
    Source written_by(const Operation& operation) const {
        const auto write = writes_.find(operation.leaves()); // never of an erase
        return write == writes_.end() ? Source(operation, operation.version) : write->second;
    }

    // Why `read` cannot stand beside what had to be known by then: one of `known` that is newer than any write that the
    // read may have found, or that there is no such write. Empty if it can.
    template <class Known>
    std::string against(const Operation& read, const std::vector<Source>& known, Known&& is_known) const {
        const std::vector<Source> candidates = of(read);
        if (candidates.empty()) return text_of(read) + ", which nobody had begun to write";
        const Source* newer = nullptr;
        for (const Source& candidate : candidates) {
            newer = nullptr;
            for (const Source& source : known)
                if (is_known(source) && source.newer_than(candidate)) newer = &source;
            if (newer == nullptr) return {};
        }
        return text_of(read) + ", but before that " + newer->text();
    }

    // Of what has a value, in the order of the values.
    const std::map<ValueId, Source>& writes() const noexcept { return writes_; }

    // What did not certainly fail; and of that what was answered: in the order of the operations.
    const std::vector<Source>& all() const noexcept { return all_; }
    const std::vector<Source>& acknowledged() const noexcept { return acknowledged_; }

private:
    std::string broken_{};
    std::map<ValueId, Source> writes_{};
    std::vector<Source> erases_{};
    std::vector<Source> all_{};
    std::vector<Source> acknowledged_{};
};

} // namespace kvilt::sim
