// A ring with leaders in one process, whatever an operator and a network do between requests.
#include <kvilt/sim/draws.hpp>
#include <kvilt/sim/linearizability.hpp>

#include "../../from_environment.hpp"
#include "ring.hpp"
#include <algorithm>
#include <utility>

using namespace kvilt;
using namespace ring;

namespace {

using Led = Store<memtable::Art<>, log::Mapped, table::None, partition::Ring<4>, replication::LeaderFollower<3>>;

// One drill: requests through any node, and before each of them perhaps a node stops, dies, comes back, or a link is
// cut or mended. At most one node is down.
class Drill {
public:
    explicit Drill(std::uint64_t seed)
        : draws_(seed), store_(Led::open("ring", small<Led>(4), world_.environment()).value()) {}

    // What is broken, or empty.
    std::string run() {
        for (std::uint64_t step = 0; step < 150; ++step) {
            meddle();
            request(step + 1);
        }
        store_.cluster().mend_all();
        if (down_ != no_node) store_.cluster().start(down_).value();
        store_.cluster().repair().value();
        if (store_.cluster().differences().value() != 0) return "copies differ after a repair";
        for (int k = 0; k < keys; ++k) read(k, NodeId{0});
        return sim::check_keys(recorder_.histories(), [this](const sim::Operations& all) { return checker_(all); });
    }
    std::uint64_t answered() const noexcept { return answered_; }

private:
    static constexpr int keys = 3;

    NodeId any_node() { return {static_cast<std::uint32_t>(draws_.below(4))}; }

    void meddle() {
        auto handle = store_.cluster();
        switch (draws_.below(12)) {
        case 0:
        case 1:
            if (down_ != no_node) break;
            down_ = any_node();
            (draws_.below(2) == 0 ? handle.stop(down_) : handle.crash(down_)).value();
            break;
        case 2:
        case 3:
            if (down_ != no_node) handle.start(std::exchange(down_, no_node)).value();
            break;
        case 4:
            handle.cut(any_node(), any_node());
            break;
        case 5:
            handle.mend_all();
            break;
        case 6:
            (void)handle.repair();
            break;
        default:
            break;
        }
    }

    void request(std::uint64_t value) {
        const int k = static_cast<int>(draws_.below(keys));
        NodeId via = any_node();
        if (via == down_) via.number = (via.number + 1) % 4;
        const std::uint64_t what = draws_.below(10);
        if (what < 5) return read(k, via);
        using enum sim::Operation::Kind;
        const auto ticket = recorder_.begin(key(k), {.kind = what < 9 ? write : erase, .value = value}, ++now_);
        auto client = store_.via(via);
        const auto written = what < 9 ? client.put(key(k), std::to_string(value)) : client.erase(key(k));
        conclude(ticket, written ? Errc{} : written.error().code);
    }

    void read(int k, NodeId via) {
        const auto ticket = recorder_.begin(key(k), {}, ++now_);
        const auto found = store_.via(via).get(key(k));
        if (found) ticket->value = *found ? std::stoull(**found) : sim::no_value;
        conclude(ticket, found ? Errc{} : Errc::unavailable);
    }

    void conclude(const sim::Recorder::Ticket& ticket, Errc code) {
        using enum sim::Operation::Outcome;
        answered_ += code == Errc{};
        sim::Recorder::finish(ticket, code == Errc{} ? ok : code == Errc::unavailable ? failed : unknown, ++now_);
    }

    sim::Draws draws_;
    MemoryWorld world_{};
    Led store_;
    NodeId down_ = no_node;
    std::uint64_t now_ = 0;
    std::uint64_t answered_ = 0;
    sim::Recorder recorder_{};
    sim::LinearizabilityChecker<> checker_{};
};

} // namespace

TEST_CASE("single keys are linearizable whatever an operator and the network do between requests") {
    const std::uint64_t chosen = from_environment("KVILT_SEED", 0);
    const std::uint64_t first = chosen == 0 ? 1 : chosen;
    const std::uint64_t seeds = chosen == 0 ? std::max<std::uint64_t>(1, 200 / crash_every()) : 1;
    std::uint64_t answered = 0;
    std::uint64_t drills = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        Drill drill(seed);
        const std::string broken = drill.run();
        REQUIRE_MESSAGE(broken.empty(), "replay: KVILT_SEED=" << seed << ": " << broken);
        answered += drill.answered();
        ++drills;
    }
    MESSAGE("seeds from " << first << ": " << drills << " drills, " << answered << " requests answered");
    CHECK(answered > drills * 75);
}
