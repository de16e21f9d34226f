// Clients of a ring on threads of their own, beside an operator who stops, starts and repairs its nodes.
#include <kvilt/kvilt.hpp>

#include <doctest/doctest.h>

#include "../unit/env/temporary_directory.hpp"
#include <atomic>
#include <string>
#include <thread>
#include <vector>

using namespace kvilt;

namespace {

using Ring = assemble<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>, partition::Ring<8>,
                      replication::Quorum<3, 2, 2, Mode::sloppy>, conflict::LastWriteWins<clocks::ProcessWide>>;

constexpr int clients = 3;
constexpr int rounds = 400;
constexpr int keys = 40;

std::string key(int client, int number) { return std::to_string(client) + "/" + std::to_string(number % keys); }

} // namespace

TEST_CASE(
    "clients on many threads see their own writes and lose none, whatever the operator does to one node at a time") {
    const TemporaryDirectory directory;
    Ring::Options options{.memtable = {.entries_max = 200}, .partition = {.nodes = 5}};
    auto ring = Ring::open(directory / "ring", options).value();
    std::atomic<int> running{clients};
    std::atomic<int> wrong{0};
    std::vector<std::jthread> threads;
    for (int client = 0; client < clients; ++client)
        threads.emplace_back([&, client] {
            for (int i = 0; i < rounds; ++i) {
                wrong += !ring.put(key(client, i), std::to_string(i), level::all).has_value() &&
                         !ring.put(key(client, i), std::to_string(i)).has_value();
                const auto read = ring.get(key(client, i - i % 7));
                wrong += !read || (*read && std::stoi(**read) > i);
            }
            --running;
        });
    threads.emplace_back([&] {
        for (std::uint32_t turn = 0; running != 0; ++turn) {
            const NodeId node{turn % 5};
            wrong += !ring.cluster().stop(node).has_value();
            (void)ring.cluster().nodes();
            wrong += !ring.cluster().start(node).has_value();
            if (turn % 3 == 0) wrong += !ring.cluster().repair().has_value();
            if (turn % 4 == 0) (void)ring.stats();
        }
    });
    threads.clear();
    CHECK(wrong == 0);
    ring.cluster().repair().value();
    CHECK(ring.cluster().differences().value() == 0);
    for (int client = 0; client < clients; ++client)
        for (int i = rounds - keys; i < rounds; ++i)
            REQUIRE(ring.get(key(client, i), level::all).value() == std::to_string(i));
    ring.close().value();
}
