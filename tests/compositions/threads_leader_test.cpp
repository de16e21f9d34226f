// Threads on a ring with leaders, while an operator ends and begins the lives of its nodes.
#include <kvilt/env/memory.hpp>
#include <kvilt/kvilt.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

using namespace kvilt;

using Led =
    Store<memtable::Art<threads::Many>, log::Mapped, table::None, partition::Ring<4>, replication::LeaderFollower<3>>;

TEST_CASE("threads write and read while leaders change, and no acknowledged write is missing in the end") {
    MemoryWorld world;
    auto store =
        Led::open("ring", {.log = {.sync = Sync::every_write, .segment_bytes_min = 4_KiB}, .partition = {.nodes = 4}},
                  world.environment())
            .value();
    constexpr int writers = 3;
    constexpr int writes = 400;
    std::atomic<int> running = writers;
    std::vector<std::map<std::string, int>> last(writers); // of each key of a writer's own: the last that was answered
    std::vector<std::map<std::string, bool>> sure(writers);
    std::vector<std::thread> threads;
    for (int writer = 0; writer < writers; ++writer)
        threads.emplace_back([&, writer] {
            const auto at = static_cast<std::size_t>(writer);
            for (int n = 0; n < writes; ++n) {
                const std::string mine = std::to_string(writer) + "/" + std::to_string(n % 20);
                const auto written = store.put(mine, std::to_string(n));
                if (written) last[at][mine] = n;
                sure[at][mine] = written || (written.error() == Errc::unavailable && sure[at][mine]);
                if (written)
                    if (const auto found = store.get(mine); found && *found != std::to_string(n))
                        sure[at]["lost"] = true;
            }
            running.fetch_sub(1);
        });
    for (std::uint32_t round = 0; running.load() != 0; ++round) {
        store.cluster().crash(NodeId{round % 4}).value();
        std::this_thread::yield();
        store.cluster().start(NodeId{round % 4}).value();
    }
    for (auto& thread : threads) thread.join();
    std::size_t checked = 0;
    for (std::size_t writer = 0; writer < writers; ++writer) {
        CHECK(!sure[writer].contains("lost"));
        for (const auto& [mine, n] : last[writer]) {
            if (!sure[writer][mine]) continue;
            CHECK(store.get(mine).value() == std::to_string(n));
            ++checked;
        }
    }
    CHECK(checked > 0);
    store.cluster().repair().value();
    CHECK(store.cluster().differences().value() == 0);
}
