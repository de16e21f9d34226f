// A node's part in a group, without a network: votes, gaps, catching up, and what a crash leaves of them.
#include <kvilt/cluster/leader_group.hpp>
#include <kvilt/conflict/overwrite.hpp>
#include <kvilt/env/memory.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/table/none.hpp>

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace kvilt;
using namespace kvilt::cluster;

namespace {

using Order = LeaderOrder<conflict::Overwrite>;
using P = engine::Parts<memtable::Art<>, log::Written, table::None, Order>;
using Engine = engine::Engine<P>;

// One home of a group of one shard.
class Home {
public:
    explicit Home(std::uint32_t number, std::size_t recent_max = 256)
        : number_(number), recent_max_(recent_max), world_(std::make_unique<MemoryWorld>()) {
        open(true);
    }

    void lose_power() {
        auto after = world_->crash(CrashChoice::nothing_unsynced());
        close();
        world_ = std::move(after);
        open(false);
    }

    LeaderGroup<P>* operator->() { return group_.get(); }
    Standing standing() { return group_->standing().value(); }
    std::optional<std::string> get(Bytes key) {
        std::optional<std::string> value;
        copies_->read(0, key, [&](const Cell& cell) { value.emplace(cell.value); }).value();
        return value;
    }
    NodeId self() const { return {number_}; }
    Leader in(std::uint64_t term) const { return {term, self()}; }

    void elect(std::uint64_t term) {
        REQUIRE(group_->vote(in(term), standing().position).value().done);
        REQUIRE(group_->lead(term).value().done);
    }

    struct Made {
        Position before{};
        Position at{};
        std::string stamp{};
        std::string value{};
        Cell cell() const { return {Kind::put, stamp, value}; }
    };
    Made put(Bytes key, Bytes value) {
        std::string room;
        Cell cell;
        Made made;
        const Message request{.key = key, .payload = value};
        REQUIRE(group_->update(request, room, cell, made.before).value().done);
        made.at = Order::position(cell);
        made.stamp = cell.stamp;
        made.value = cell.value;
        return made;
    }

private:
    void open(bool fresh) {
        engine::EngineOptions<P> options;
        options.create = fresh;
        options.log.segment_bytes_min = 4096;
        engine_ = Engine::open(std::move(options), "node", world_->environment()).value();
        memory_ = std::make_unique<NodeMemory<P>>(*engine_);
        memory_->open(*world_->environment().random).value();
        copies_ = std::make_unique<Copies<P>>(*engine_, *memory_, 1);
        group_ = std::make_unique<LeaderGroup<P>>(self(), true, shards_, 0, *copies_, *memory_,
                                                  RecentWrites(recent_max_, 1_MiB));
        group_->open().value();
    }
    void close() {
        group_.reset();
        copies_.reset();
        memory_.reset();
        engine_.reset();
    }

    std::uint32_t number_;
    std::size_t recent_max_;
    const std::vector<ShardId> shards_{0};
    std::unique_ptr<MemoryWorld> world_;
    std::unique_ptr<Engine> engine_{};
    std::unique_ptr<NodeMemory<P>> memory_{};
    std::unique_ptr<Copies<P>> copies_{};
    std::unique_ptr<LeaderGroup<P>> group_{};
};

bool follows(Home& follower, const Home& leader, const Home::Made& made, Bytes key) {
    return follower->follow(leader.in(made.at.term), made.before, made.at, 0, key, made.cell()).value().done;
}

Missing missing_of(Home& leader, std::uint64_t term, const Standing& standing, std::string& text) {
    REQUIRE(leader->missing(term, standing, text).value().done);
    return Missing::read(text).value();
}

// All that leads from one standing to the leader's, in one step.
void bring(Home& follower, Home& leader, std::uint64_t term) {
    std::string text;
    const Standing standing = follower.standing();
    const Missing missing = missing_of(leader, term, standing, text);
    REQUIRE(missing.whole);
    const Supply supply{.from = standing.position, .to = missing.to, .history = missing.history};
    CHECK(follower->take(leader.in(term), supply, missing.cells).value().done);
}

Supply beginning(const Standing& standing, const Missing& missing, std::uint64_t session) {
    return {.step = Supply::Step::begin,
            .replaces = missing.replaces,
            .torn = standing.torn,
            .session = session,
            .from = standing.position,
            .to = missing.to,
            .history = missing.history};
}

} // namespace

TEST_CASE("two copies have in common what their terms have in common") {
    History a; // 1: 1..5, 2: 6..9
    a.begin(1, 1);
    a.begin(2, 6);
    History b; // 1: 1..7, 3: 8..8
    b.begin(1, 1);
    b.begin(3, 8);
    CHECK(a.common({2, 9}, b, {3, 8}) == Position{1, 5});
    CHECK(b.common({3, 8}, a, {2, 9}) == Position{1, 5});
    CHECK(b.contains({1, 7}, {3, 8}));
    CHECK(!b.contains({1, 8}, {3, 8}));
    CHECK(!b.contains({2, 6}, {3, 8}));
    CHECK(b.contains({}, {3, 8}));
    History other;
    other.begin(4, 1);
    CHECK(a.common({2, 9}, other, {4, 3}) == Position{});
    a.cut({1, 5});
    CHECK(a.text() == std::string("\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0", 16));
}

TEST_CASE("a vote survives power loss, and is not given twice in a term") {
    Home home(0);
    CHECK(home->vote({3, NodeId{1}}, {}).value().done);
    home.lose_power();
    CHECK(!home->vote({3, NodeId{2}}, {}).value().done);
    CHECK(home->vote({3, NodeId{1}}, {}).value().done);
    CHECK(!home->vote({2, NodeId{2}}, {}).value().done);
    CHECK(home->vote({4, NodeId{2}}, {}).value().done);
    CHECK(!home->lead(4).value().done);
}

TEST_CASE("nobody votes for one who lacks what it has") {
    Home home(0);
    home.elect(1);
    home.put("a", "1");
    CHECK(!home->vote({2, NodeId{1}}, {1, 1}).value().done);
    CHECK(home.standing().promised == 1);
    CHECK(home->vote({2, NodeId{1}}, {1, 2}).value().done);
    CHECK(!home.standing().leads);
}

TEST_CASE("a term that has begun does not begin again in a later life, which may lack its writes") {
    Home home(0);
    home.elect(1);
    home.put("a", "1");
    home.lose_power();
    CHECK(home.standing().position == Position{1, 1});
    CHECK(!home.standing().leads);
    CHECK(!home->lead(1).value().done);
    home.elect(2);
    CHECK(home.put("a", "2").at == Position{2, 3});
}

TEST_CASE("a follower takes writes without gaps, twice without harm, and none of a term that is over") {
    Home leader(0);
    Home follower(1);
    leader.elect(1);
    const auto first = leader.put("a", "1");
    const auto second = leader.put("b", "2");
    CHECK(!follows(follower, leader, second, "b"));
    CHECK(!follows(follower, leader, first, "a")); // it has not seen the term begin
    bring(follower, leader, 1);
    CHECK(follower.standing().position == Position{1, 3});
    CHECK(follows(follower, leader, first, "a"));
    const auto third = leader.put("a", "3");
    CHECK(follows(follower, leader, third, "a"));
    CHECK(follows(follower, leader, third, "a"));
    CHECK(follower.get("a") == "3");
    CHECK(follower.get("b") == "2");
    const auto late = leader.put("a", "late");
    CHECK(follower->vote({2, NodeId{1}}, {1, 4}).value().done);
    CHECK(!follows(follower, leader, late, "a"));
    CHECK(follower.get("a") == "3");
}

TEST_CASE("a position and its cells are lost together, or not at all") {
    Home leader(0);
    Home follower(1);
    leader.elect(1);
    bring(follower, leader, 1);
    follower->vote(follower.in(2), {1, 1}).value(); // synced with all before
    Home other(2);
    other->vote(other.in(3), {}).value();
    for (int i = 0; i < 3; ++i) {
        const auto made = leader.put("k" + std::to_string(i), "v");
        CHECK(!follows(follower, leader, made, "k")); // it has promised a later term
    }
    follower->lead(2).value();
    const auto made = follower.put("x", "v");
    CHECK(follower.standing().position == made.at);
    follower.lose_power();
    const bool has = follower.get("x").has_value();
    CHECK(follower.standing().position == (has ? made.at : made.before));
}

TEST_CASE("what an old leader alone has is replaced, even by what is older, and goes where the new one has nothing") {
    Home old_leader(0);
    Home leader(1);
    old_leader.elect(1);
    old_leader.put("a", "common");
    bring(leader, old_leader, 1);
    old_leader.put("a", "alone");
    old_leader.put("b", "alone");
    leader.elect(2);
    leader.put("c", "new");
    const Standing standing = old_leader.standing();
    std::string text;
    const Missing missing = missing_of(leader, 2, standing, text);
    CHECK(!missing.whole);
    CHECK(missing.replaces);
    CHECK(old_leader->take(leader.in(2), beginning(standing, missing, 7), {}).value().done);
    CHECK(old_leader.standing().torn);
    CHECK(old_leader.standing().position == Position{1, 2}); // what they have in common
    std::string page;
    REQUIRE(leader->page(2, {}, {}, 1000, page).value().done);
    const Missing cells = Missing::read(page).value();
    const Supply give{.step = Supply::Step::page, .replaces = true, .session = 7, .next = cells.next};
    CHECK(old_leader->take(leader.in(2), give, cells.cells).value().done);
    CHECK(!old_leader->take(leader.in(2), give, cells.cells).value().done); // it comes twice
    std::string rest;
    const Missing end = missing_of(leader, 2, {.position = missing.to}, rest);
    REQUIRE(end.whole);
    const Supply finish{.step = Supply::Step::end, .session = 7, .to = end.to, .history = end.history};
    CHECK(old_leader->take(leader.in(2), finish, end.cells).value().done);
    CHECK(old_leader.standing().position == leader.standing().position);
    CHECK(!old_leader.standing().torn);
    CHECK(old_leader.get("a") == "common");
    CHECK(old_leader.get("b") == std::nullopt);
    CHECK(old_leader.get("c") == "new");
}

TEST_CASE("who has moved on meanwhile is not led back by a session that comes late") {
    Home leader(0);
    Home follower(1);
    leader.elect(1);
    leader.put("a", "1");
    const Standing before = follower.standing();
    std::string text;
    const Missing missing = missing_of(leader, 1, before, text);
    bring(follower, leader, 1);
    CHECK(follows(follower, leader, leader.put("a", "acknowledged"), "a"));
    const Standing now = follower.standing();
    CHECK(!follower->take(leader.in(1), beginning(before, missing, 9), {}).value().done);
    CHECK(follower.standing().position == now.position);
    CHECK(!follower.standing().torn);
    CHECK(!follower->take(leader.in(1), beginning(now, missing, 9), {}).value().done); // nor by what is old of it
    CHECK(follower.standing().position == now.position);
}

TEST_CASE("who is torn may lead all the same: what it has out of order becomes part of its own term") {
    Home leader(0, 1);
    Home torn(1);
    Home third(2);
    leader.elect(1);
    leader.put("a", "old");
    bring(torn, leader, 1);
    bring(third, leader, 1);
    for (const char* key : {"a", "b", "c"}) leader.put(key, "new");
    const Standing standing = torn.standing();
    std::string text;
    const Missing missing = missing_of(leader, 1, standing, text);
    CHECK(!missing.whole); // the leader remembers one write
    CHECK(!missing.replaces);
    REQUIRE(torn->take(leader.in(1), beginning(standing, missing, 5), {}).value().done);
    std::string page;
    REQUIRE(leader->page(1, standing.position, {}, 1, page).value().done);
    const Missing cells = Missing::read(page).value();
    const Supply give{.step = Supply::Step::page, .session = 5, .next = cells.next};
    REQUIRE(torn->take(leader.in(1), give, cells.cells).value().done);
    CHECK(torn.standing().torn);
    REQUIRE(torn->vote(torn.in(2), torn.standing().position).value().done);
    torn.lose_power();
    CHECK(torn.standing().torn);
    REQUIRE(torn->lead(2).value().done);
    CHECK(torn.get("a") == "new");
    CHECK(torn.get("b") == std::nullopt);
    CHECK(!torn.standing().torn);
    CHECK(torn.standing().position == Position{2, 4}); // 1, 2: common; 3: adopted; 4: its beginning
    // Who followed the old leader gets it from the new one.
    REQUIRE(third.standing().position == Position{1, 2});
    std::string all;
    REQUIRE(torn->page(2, third.standing().position, {}, 1000, all).value().done);
    CHECK(Missing::read(all).value().cells.find("new") != Bytes::npos);
    CHECK(!missing_of(torn, 2, leader.standing(), text).whole); // it took another way
    CHECK(missing_of(torn, 2, leader.standing(), text).replaces);
}

TEST_CASE("a stamp of a leader has the bytes of its page") {
    std::string room;
    const Cell put = Order::make({0x0102, 0x0304}, Kind::put, "v", room);
    CHECK(put.stamp == Bytes("\2\1\0\0\0\0\0\0\4\3\0\0\0\0\0\0\0", 17));
    CHECK(Order::well_formed(put));
    std::string other;
    const Cell erased = Order::make({0x0102, 0x0305}, Kind::tombstone, "", other);
    CHECK(erased.stamp.back() == '\1');
    CHECK(Order::values(erased) == 0);
    CHECK(Order::covers(erased, put));
    CHECK(Order::loses(erased, put));
    CHECK(!Order::well_formed({Kind::put, Bytes("\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0", 17), "v"}));
    CHECK(Order::check(&put, "context").error() == Errc::invalid_argument);
}
