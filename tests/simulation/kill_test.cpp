// Real processes: a child writes and tells each acknowledgement through a pipe, until it is killed.
#include <kvilt/kvilt.hpp>
#include <kvilt/sim/workload.hpp>

#include "campaign.hpp"
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

using namespace kvilt;

namespace {

struct Directory {
    std::string path = (std::filesystem::temp_directory_path() / "kvilt-kill-XXXXXX").string();
    Directory() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
    ~Directory() { std::filesystem::remove_all(path); }
};

sim::Workload workload(std::uint64_t seed, std::uint64_t round, std::size_t value_bytes_max) {
    return sim::Workload(
        {.seed = mix(seed, round), .value_bytes_max = value_bytes_max, .values_before = round * 1'000'000},
        [](Bytes) { return std::size_t{0}; });
}

template <class Store>
Result<void> perform(Store& store, const sim::Action& action) {
    switch (action.kind) {
    case sim::Action::Kind::write:
        return store.apply(action.batch, {.sync = action.synced});
    case sim::Action::Kind::sync:
        return store.sync();
    case sim::Action::Kind::flush:
        if constexpr (requires { store.flush(); }) return store.flush();
        return {};
    case sim::Action::Kind::compact:
        return store.compact();
    default:
        return {};
    }
}

// Never returns. One byte for each action that is done.
template <class Store>
[[noreturn]] void write_until_killed(const std::string& path, const typename Store::Options& options,
                                     sim::Workload work, int to) {
    auto store = Store::open(path, options);
    for (const char done = 1; store;) {
        if (!perform(*store, work.next())) break;
        if (::write(to, &done, 1) != 1) break;
    }
    ::_exit(1);
}

// Lets the child write for a while, kills it, and returns how many actions it had acknowledged.
std::uint64_t kill(pid_t child, int from, std::uint64_t draw) {
    std::uint64_t acknowledged = 0;
    char buffer[256];
    const auto drain = [&](std::uint64_t least) {
        while (acknowledged < least) {
            const ssize_t got = ::read(from, buffer, std::min<std::uint64_t>(sizeof buffer, least - acknowledged));
            if (got <= 0) return;
            acknowledged += static_cast<std::uint64_t>(got);
        }
    };
    if (draw % 3 == 0)
        ::usleep(static_cast<useconds_t>(draw / 3 % 15'000)); // perhaps while it recovers
    else
        drain(1 + draw / 3 % 300);
    REQUIRE(::kill(child, SIGKILL) == 0);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK_MESSAGE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL), "the child failed before it was killed");
    drain(~std::uint64_t{0});
    return acknowledged;
}

template <class Store>
void kill_again_and_again(const typename Store::Options& options, std::size_t value_bytes_max) {
    const std::uint64_t seed = from_environment("KVILT_SEED", 1);
    const std::uint64_t rounds = 50 * from_environment("KVILT_CAMPAIGN", 1);
    const Directory directory;
    const std::string path = directory.path + "/store";
    sim::History history;
    std::uint64_t acknowledged = 0;
    for (std::uint64_t round = 1; round <= rounds; ++round) {
        INFO("round ", round, "; replay: KVILT_SEED=", seed);
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        sim::Workload work = workload(seed, round, value_bytes_max);
        const pid_t child = ::fork();
        REQUIRE(child != -1);
        if (child == 0) write_until_killed<Store>(path, options, work, ends[1]);
        ::close(ends[1]);
        const std::uint64_t done = kill(child, ends[0], mix(seed, mix(round)));
        ::close(ends[0]);
        for (std::uint64_t n = 0; n <= done; ++n) {
            const sim::Action action = work.next();
            if (action.kind != sim::Action::Kind::write) continue;
            history.begin(action.batch);
            if (n == done) break;
            history.acknowledge();
            ++acknowledged;
        }

        auto store = Store::open(path, options);
        REQUIRE_MESSAGE(store, store.error().message());
        sim::Content found;
        for (const std::string& key : work.keys())
            if (auto value = store->get(key).value()) found.emplace(key, *value);
        sim::Commits commits;
        const std::string broken = history.judge(found, history.acknowledged(), history.begun(), commits);
        REQUIRE(broken == "");
        history.rewind(commits);
        REQUIRE(store->verify());
        REQUIRE(store->close());
    }
    MESSAGE("seed " << seed << ": " << rounds << " rounds, " << acknowledged << " acknowledged writes, none lost");
}

constexpr log::Mapped::Options small_segments{.segment_bytes_min = 4_KiB, .segment_bytes_max = 64_KiB};
constexpr table::Options small_tables{.file_bytes_max = 64_KiB, .level_bytes_base = 64_KiB};

} // namespace

TEST_CASE("a killed process loses nothing acknowledged: mapped log and tables, with a background thread") {
    using Events = Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>>;
    kill_again_and_again<Events>({.memtable = {.entries_max = 40}, .log = small_segments, .table = small_tables}, 3000);
}

TEST_CASE("a killed process loses nothing acknowledged: written log and levels") {
    using Levels = Store<memtable::Art<>, log::Written, table::Lsm<compaction::Leveled, filter::Bloom<10>>>;
    kill_again_and_again<Levels>({.memtable = {.entries_max = 40}, .log = small_segments, .table = small_tables}, 3000);
}

TEST_CASE("a killed process loses nothing acknowledged: mapped log, cleaned") {
    using Bitcask = Store<memtable::Hash<>, log::Mapped>;
    kill_again_and_again<Bitcask>({.log = small_segments}, 24'000);
}

TEST_CASE("a killed process loses nothing acknowledged: written log, cleaned") {
    using Bitcask = Store<memtable::Hash<threads::Many>, log::Written>;
    kill_again_and_again<Bitcask>({.log = small_segments}, 24'000);
}
