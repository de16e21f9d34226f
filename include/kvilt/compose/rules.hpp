// The rules as compile errors, and as a list that breaks nothing.
#pragma once

#include <kvilt/compose/facts.hpp>

#include <array>
#include <string_view>

namespace kvilt::compose {

// The base class of Store: each broken rule is one error that shows the rule's name and its sentence.
template <class Composition>
struct Rules {
private:
    using enum Capability;
    static constexpr const Facts& c = Composition::facts;

public:
#define KVILT_RULE(name, condition, sentence)                                                                          \
    static constexpr bool name = condition;                                                                            \
    static_assert(name, sentence);
#include <kvilt/compose/rules.def>
#undef KVILT_RULE
};

struct Rule {
    std::string_view name{};
    std::string_view sentence{};
};

#define KVILT_RULE(name, condition, sentence) +1
inline constexpr std::size_t rule_count = std::size_t{}
#include <kvilt/compose/rules.def>
;
#undef KVILT_RULE

// The rules that a composition breaks, in the order of rules.def.
class BrokenRules {
public:
    constexpr std::size_t size() const noexcept { return count_; }
    constexpr bool empty() const noexcept { return count_ == 0; }
    constexpr const Rule* begin() const noexcept { return rules_.data(); }
    constexpr const Rule* end() const noexcept { return rules_.data() + count_; }
    constexpr const Rule& operator[](std::size_t index) const noexcept { return rules_[index]; }

    constexpr bool has(std::string_view name) const noexcept {
        for (const Rule& rule : *this)
            if (rule.name == name) return true;
        return false;
    }

    constexpr void add(const Rule& rule) noexcept { rules_[count_++] = rule; }

private:
    std::array<Rule, rule_count> rules_{};
    std::size_t count_ = 0;
};

constexpr BrokenRules explain(const Facts& c) noexcept {
    using enum Capability;
    BrokenRules broken;
#define KVILT_RULE(name, condition, sentence)                                                                          \
    if (!condition) broken.add({#name, sentence});
#include <kvilt/compose/rules.def>
#undef KVILT_RULE
    return broken;
}

// For any policies, in any order: explain<memtable::Cache<>, log::Mapped>()[0].sentence.
template <Policy... Policies>
constexpr BrokenRules explain() noexcept {
    return explain((Facts{} | ... | facts_of<Policies>()));
}

} // namespace kvilt::compose
