#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/laws/conflict.hpp>

#include <doctest/doctest.h>

using namespace kvilt;
namespace {

// Says that it has no single order, yet has no stamp to join by.
struct Undecided : conflict::Overwrite {
    static constexpr Capabilities provides{};
    static constexpr bool total_order = false;
};

} // namespace

TEST_CASE("Overwrite costs no byte, and its order is single") {
    CHECK(conflict::Overwrite::stamp_bytes == 0);
    CHECK(laws::check_conflict<conflict::Overwrite>() == "");
}

TEST_CASE("the laws refuse a policy that has neither a stamp nor a single order") {
    CHECK(laws::check_conflict<Undecided>() == "without a stamp there is no join, so there must be a total order");
}
