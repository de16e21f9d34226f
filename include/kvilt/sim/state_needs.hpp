// Which states operations that are not placed yet still need, and whether one of them can still bring such a state
// about: what lets a search turn back early. docs/testing.md
#pragma once

#include <kvilt/sim/register_model.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

namespace kvilt::sim {

// For models that tell what operations need and leave; for others it knows nothing, and never says that a state is
// missed. States are numbered.
template <SequentialModel Model>
class StateNeeds {
public:
    using State = typename Model::State;
    static constexpr std::size_t none = ~std::size_t{0};

    void prepare(const Operations& steps) {
        states_.clear();
        steps_.clear();
        if constexpr (told) {
            for (const Operation& step : steps) {
                if (const auto needed = Model::needs(step)) states_.emplace_back(Model::print(*needed), *needed);
                if (const auto left = Model::leaves(step)) states_.emplace_back(Model::print(*left), *left);
            }
            states_.emplace_back(Model::print(Model::initial()), Model::initial());
            std::sort(states_.begin(), states_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
            states_.erase(std::unique(states_.begin(), states_.end()), states_.end());
            for (const Operation& step : steps) {
                const auto needed = Model::needs(step);
                const auto left = Model::leaves(step);
                steps_.push_back({needed ? number_of(*needed) : none, left ? number_of(*left) : none});
            }
        }
        counts_.assign(states_.size(), {});
        for (const Step& step : steps_) change(step, 1);
    }

    std::size_t number_of(const State& state) const {
        const std::uint64_t print = Model::print(state);
        auto place = std::lower_bound(states_.begin(), states_.end(), print,
                                      [](const auto& known, std::uint64_t wanted) { return known.first < wanted; });
        for (; place != states_.end() && place->first == print; ++place)
            if (place->second == state) return static_cast<std::size_t>(place - states_.begin());
        return none;
    }

    // Of the state that a step leaves.
    std::size_t number_behind(std::size_t step) const noexcept { return steps_.empty() ? none : steps_[step].left; }

    void place(std::size_t step) noexcept {
        if (!steps_.empty()) change(steps_[step], ~std::size_t{0});
    }
    void undo(std::size_t step) noexcept {
        if (!steps_.empty()) change(steps_[step], 1);
    }

    // Whether something needs the state that was left, and nothing leads back to it.
    bool misses(std::size_t left, std::size_t now) const noexcept {
        return left != now && left != none && counts_[left].needs != 0 && counts_[left].sources == 0;
    }

    // Whether something needs a state that nothing leads to, though all is still ahead.
    bool impossible(const State& initial) const {
        const std::size_t now = number_of(initial);
        for (std::size_t number = 0; number < counts_.size(); ++number)
            if (misses(number, now)) return true;
        return false;
    }

private:
    static constexpr bool told = requires(const Operation& operation) {
        { Model::needs(operation) } -> std::same_as<std::optional<State>>;
        { Model::leaves(operation) } -> std::same_as<std::optional<State>>;
    };

    struct Step {
        std::size_t needed;
        std::size_t left;
    };
    struct Count {
        std::size_t needs = 0;
        std::size_t sources = 0;
    };

    void change(const Step& step, std::size_t by) noexcept {
        if (step.needed != none) counts_[step.needed].needs += by;
        if (step.left != none) counts_[step.left].sources += by;
    }

    std::vector<std::pair<std::uint64_t, State>> states_{}; // by print
    std::vector<Step> steps_{};
    std::vector<Count> counts_{}; // of steps that are not placed, for each state
};

} // namespace kvilt::sim
