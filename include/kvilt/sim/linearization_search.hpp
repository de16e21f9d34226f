// Finds an order of operations in which a sequential object gives their answers: Wing and Gong, "Testing and verifying
// concurrent objects" (1993), with the memo of Lowe, "Testing for linearizability" (2017). docs/testing.md
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/sim/register_model.hpp>
#include <kvilt/sim/state_needs.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace kvilt::sim {

// Keeps its memory from one search to the next. For one thread.
//
// Operations that failed and reads without answer say nothing and are left out; what changes something and has no
// answer may be placed anywhere after its start, or nowhere. The state and the set of the placed say all about the
// future, so no such pair is tried twice. An answered operation that only observes is placed as soon as its answer is
// right: later is never better for it, nor for the others. A state is left for good only if nothing needs it any more.
template <SequentialModel Model>
class LinearizationSearch {
public:
    enum class Outcome : std::uint8_t { found, none, exhausted };

    // The problem is NP-complete: gives up after `states_max` states.
    Outcome run(const Operations& operations, std::size_t states_max) {
        prepare(operations);
        states_max_ = states_max;
        State state = Model::initial();
        if (needs_.impossible(state)) return Outcome::none;
        observe(state);
        if (missing_ == 0) return Outcome::found;
        remember(state);
        frames_.push_back({state, needs_.number_of(state), 0, 0, horizon_us_});
        return descend();
    }

    // The order that was found, as indices into the operations.
    std::vector<std::size_t> order() const {
        std::vector<std::size_t> indices;
        for (const std::size_t place : placed_) indices.push_back(sources_[place]);
        return indices;
    }

    std::size_t states() const noexcept { return states_.size(); }

private:
    using State = typename Model::State;

    // A state on the way, from which the candidates from `next` on are still to be tried.
    struct Frame {
        State state;
        std::size_t number;       // of the state, for needs_
        std::size_t placed;       // how many were before the step that led here
        std::size_t next;         // candidate
        std::uint64_t horizon_us; // what starts later is behind an operation that is not placed yet
    };

    // The answered ones first, by their start, then those without answer: both as copies, close together.
    void prepare(const Operations& operations) {
        sources_.clear();
        steps_.clear();
        for (std::size_t n = 0; n < operations.size(); ++n)
            if (operations[n].outcome == Operation::Outcome::ok) sources_.push_back(n);
        answered_ = missing_ = sources_.size();
        for (std::size_t n = 0; n < operations.size(); ++n) {
            const Operation& operation = operations[n];
            if (operation.outcome == Operation::Outcome::unknown && operation.kind != Operation::Kind::read &&
                Model::matters(operation, operations))
                sources_.push_back(n);
        }
        const auto by_start = [&](std::size_t a, std::size_t b) {
            return std::pair(operations[a].start_us, a) < std::pair(operations[b].start_us, b);
        };
        const auto middle = sources_.begin() + static_cast<std::ptrdiff_t>(answered_);
        std::sort(sources_.begin(), middle, by_start);
        std::sort(middle, sources_.end(), by_start);
        for (const std::size_t source : sources_) steps_.push_back(operations[source]);
        needs_.prepare(steps_);
        done_.assign((steps_.size() + 63) / 64, 0);
        states_.clear();
        sets_.clear();
        slots_.assign(256, 0);
        placed_.clear();
        frames_.clear();
        low_ = 0;
        horizon_us_ = never_us;
    }

    Outcome descend() {
        while (!frames_.empty()) {
            Frame& frame = frames_.back();
            const std::size_t candidate = next_candidate(frame);
            if (candidate == steps_.size()) {
                undo(frame.placed);
                frames_.pop_back();
                continue;
            }
            std::optional<State> state = Model::after(frame.state, steps_[candidate]);
            if (!state) continue;
            const std::size_t before = placed_.size();
            place(candidate);
            observe(*state);
            if (missing_ == 0) return Outcome::found;
            const std::size_t number = needs_.number_behind(candidate);
            if (needs_.misses(frame.number, number) || !remember(*state)) {
                undo(before);
                continue;
            }
            if (states_.size() > states_max_) return Outcome::exhausted;
            frames_.push_back({*state, number, before, low_, horizon_us_});
        }
        return Outcome::none;
    }

    // steps_.size(): there is none. Those that only observe are not among them.
    std::size_t next_candidate(Frame& frame) const noexcept {
        for (std::size_t& n = frame.next; n < steps_.size(); ++n) {
            if (steps_[n].start_us > frame.horizon_us) {
                n = n < answered_ ? answered_ - 1 : steps_.size() - 1;
                continue;
            }
            if (!is_done(n) && !Model::observes(steps_[n])) return n++;
        }
        return steps_.size();
    }

    // Places what observes and is right. Whether an operation may be next depends only on those that start before it:
    // one walk finds them all, the first that is not placed, and the horizon.
    void observe(const State& state) {
        while (low_ < answered_ && is_done(low_)) ++low_;
        horizon_us_ = never_us;
        for (std::size_t n = low_; n < answered_ && steps_[n].start_us <= horizon_us_; ++n) {
            if (is_done(n)) continue;
            if (Model::observes(steps_[n]) && Model::after(state, steps_[n]))
                place(n);
            else
                horizon_us_ = std::min(horizon_us_, steps_[n].end_us);
        }
    }

    bool is_done(std::size_t n) const noexcept { return (done_[n / 64] >> (n % 64) & 1) != 0; }
    void place(std::size_t n) {
        done_[n / 64] |= std::uint64_t{1} << (n % 64);
        placed_.push_back(n);
        missing_ -= n < answered_;
        needs_.place(n);
    }
    void undo(std::size_t placed) noexcept {
        for (; placed_.size() > placed; placed_.pop_back()) {
            const std::size_t n = placed_.back();
            done_[n / 64] &= ~(std::uint64_t{1} << (n % 64));
            missing_ += n < answered_;
            needs_.undo(n);
            low_ = std::min(low_, n);
        }
    }

    // False if this state with this set has been seen. Compared in full: a hash alone could accuse wrongly.
    bool remember(const State& state) {
        if (2 * states_.size() >= slots_.size()) rehash();
        const std::uint64_t print = print_of(state, done_.data());
        for (std::size_t at = print & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
            if (slots_[at] == 0) {
                states_.push_back(state);
                sets_.insert(sets_.end(), done_.begin(), done_.end());
                slots_[at] = states_.size();
                return true;
            }
            const std::size_t known = slots_[at] - 1;
            if (states_[known] == state && std::equal(done_.begin(), done_.end(), set_of(known))) return false;
        }
    }

    void rehash() {
        slots_.assign(slots_.size() * 4, 0);
        for (std::size_t known = 0; known < states_.size(); ++known) {
            std::size_t at = print_of(states_[known], set_of(known)) & (slots_.size() - 1);
            while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
            slots_[at] = known + 1;
        }
    }

    const std::uint64_t* set_of(std::size_t known) const noexcept { return sets_.data() + known * done_.size(); }
    std::uint64_t print_of(const State& state, const std::uint64_t* set) const noexcept {
        std::uint64_t print = Model::print(state);
        for (std::size_t word = 0; word < done_.size(); ++word) print = mix(print, set[word]);
        return print;
    }

    std::vector<std::size_t> sources_{}; // steps as indices into the operations
    Operations steps_{};
    StateNeeds<Model> needs_{};
    std::size_t answered_ = 0; // steps from this one on have no answer
    std::size_t missing_ = 0;  // answered ones that are not placed
    std::size_t states_max_ = 0;
    std::vector<std::uint64_t> done_{}; // a bit a step
    std::vector<std::size_t> placed_{};
    std::vector<Frame> frames_{};
    std::size_t low_ = 0; // all answered steps below are placed
    std::uint64_t horizon_us_ = never_us;
    std::vector<State> states_{};       // that were seen,
    std::vector<std::uint64_t> sets_{}; // each with its set,
    std::vector<std::size_t> slots_{};  // found by hash: 1 + number; 0: free
};

} // namespace kvilt::sim
