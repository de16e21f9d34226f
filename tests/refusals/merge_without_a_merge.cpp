// expect: kvilt: the Merge of conflict::VectorClock<Merge> must have a function
#include <kvilt/conflict/vector_clock.hpp>

struct OfStrings {
    static std::string merge(const std::vector<std::string>& siblings) { return siblings.front(); }
};

static_assert(kvilt::ConflictPolicy<kvilt::conflict::VectorClock<OfStrings>>);
