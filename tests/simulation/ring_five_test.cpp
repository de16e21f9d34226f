// Five copies, read from two and written to four: agreement of the two is not enough.
#include <kvilt/conflict/last_write_wins.hpp>

#include "ring_campaign.hpp"

using namespace kvilt;

namespace {

using Right = replication::Quorum<5, 2, 4, Mode::linearizable>;

// It believes two homes of five that agree.
struct Planted : Right {
    struct Options : Right::Options {
        bool agreement_is_enough = false;
    };
    static Result<ReadPlan> read_plan(Level level, const Options& options) {
        KVILT_TRY_ASSIGN(plan, Right::read_plan(level, options));
        if (options.agreement_is_enough) plan.agreement_is_enough = true;
        return plan;
    }
};
using Ring = ring::Of<conflict::LastWriteWins<>, Planted>;

sim::RingOptions<Ring> calm(std::uint64_t seed, bool planted) {
    auto options = ring::calm<Ring>(seed, 5);
    options.setting.replication.agreement_is_enough = planted;
    return options;
}

} // namespace

TEST_CASE("two of five are linearizable if each read writes back") {
    ring::holds<Ring>(
        {.make = [](std::uint64_t seed) { return calm(seed, false); }, .promise = ring::linearizable, .seeds = 400});
    ring::holds<Ring>({.make = [](std::uint64_t seed) { return ring::stormy<Ring>(seed, 5); },
                       .promise = ring::linearizable,
                       .seeds = 400});
}

TEST_CASE("two of five are not if a read believes two that agree") {
    // Coordinators that err about who lives ask ever other homes.
    ring::breaks<Ring>({.make =
                            [](std::uint64_t seed) {
                                auto options = calm(seed, true);
                                for (std::uint32_t node = 0; node < 5; ++node)
                                    options.faults.push_back(
                                        {.kind = sim::Fault::Kind::wrong_detector, .end_us = 200'000, .node = {node}});
                                return options;
                            },
                        .promise = ring::in_one_order,
                        .seeds = 1'000});
}
