// How long the tests of whole stores are, and how a failure is replayed. Environment variables: KVILT_SEED, this seed
// alone; KVILT_CAMPAIGN, how many seeds, or `long`: the full sizes.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace campaign {

inline constexpr std::uint64_t seed_default = 20'261'121;

inline std::string_view text_of(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? "" : text;
}

inline bool is_long() { return text_of("KVILT_CAMPAIGN") == "long"; }

inline std::uint64_t first_seed() {
    const std::string_view text = text_of("KVILT_SEED");
    return text.empty() ? seed_default : std::strtoull(text.data(), nullptr, 10);
}

inline std::uint64_t seed_count() {
    if (!text_of("KVILT_SEED").empty()) return 1;
    if (is_long()) return 20;
    const std::string_view text = text_of("KVILT_CAMPAIGN");
    const std::uint64_t count = text.empty() ? 1 : std::strtoull(text.data(), nullptr, 10);
    return count == 0 ? 1 : count;
}

// run(seed) for each.
template <class Run>
void for_each_seed(Run run) {
    for (std::uint64_t n = 0; n < seed_count(); ++n) run(first_seed() + n);
}

inline std::string replay(std::uint64_t seed) { return "replay: KVILT_SEED=" + std::to_string(seed); }

} // namespace campaign
