// Act 3: SIGKILL in the middle of writing.
#include "acts.hpp"
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <random>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace kvilt;

namespace {

constexpr std::uint32_t batch_records = 3;
using CrashKey = std::tuple<std::string, std::uint64_t, std::uint32_t>; // "crash", batch, record

std::string value_of(std::uint64_t batch) { return std::string(100, static_cast<char>('a' + batch % 26)); }

// The child: writes batch after batch, and tells the number of each when it is acknowledged.
[[noreturn]] void write_for_ever(const std::string& directory, int acknowledgements) {
    auto store = PackageStore::open(directory, package_options());
    for (std::uint64_t batch = 1; store; ++batch) {
        Batch records;
        for (std::uint32_t record = 0; record < batch_records; ++record)
            records.put(CrashKey("crash", batch, record), value_of(batch));
        if (!store->apply(records)) break;
        if (::write(acknowledgements, &batch, sizeof batch) != sizeof batch) break;
    }
    ::_exit(EXIT_FAILURE); // it should have been killed
}

struct Killed {
    std::uint64_t acknowledged = 0; // the number of the last batch
    bool in_the_middle = false;     // it did not end by itself
};

Killed write_and_kill(const std::string& directory, std::chrono::milliseconds delay) {
    int pipe[2];
    if (::pipe(pipe) != 0) throw std::runtime_error("there is no pipe to be had: close some files");
    std::fflush(nullptr); // or the child would print it again
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("there is no process to be had");
    if (child == 0) write_for_ever(directory, pipe[1]);
    ::close(pipe[1]);

    Killed killed;
    const auto listen = [&] { return ::read(pipe[0], &killed.acknowledged, sizeof killed.acknowledged) == 8; };
    listen();
    std::thread killer([=] {
        std::this_thread::sleep_for(delay);
        ::kill(child, SIGKILL);
    });
    while (listen()) continue; // until the pipe has no writer any more
    killer.join();
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    killed.in_the_middle = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    return killed;
}

} // namespace

void crash(Report& report, const Dump& dump, const std::string& directory) {
    report.act("3. Crash");
    const std::chrono::milliseconds delay(50 + std::random_device{}() % 250);
    const Killed killed = write_and_kill(directory, delay);
    report.say("A child wrote batches of " + std::to_string(batch_records) +
               " records into the same store; SIGKILL after " + std::to_string(delay.count()) + " ms");
    report.check(killed.in_the_middle && killed.acknowledged > 0, "it was killed while it wrote; by then " +
                                                                      grouped(killed.acknowledged) +
                                                                      " batches were acknowledged");

    const Stopwatch watch;
    const PackageStore store = must(PackageStore::open(directory, package_options()));
    report.say("Opened again in " + decimal(watch.seconds() * 1000, 1) + " ms");
    std::uint64_t batches = 0; // whole ones, without a gap from the first
    std::uint64_t records = 0;
    bool sound = true;
    must(store.scan<CrashKey>(prefix(std::tuple("crash")), [&](const CrashKey& key, Bytes value) {
        const auto& [space, batch, record] = key;
        sound = sound && batch == batches + 1 && record == records % batch_records && value == value_of(batch);
        if (++records % batch_records == 0) ++batches;
    }));
    const std::uint64_t kept = std::min(batches, killed.acknowledged);
    report.check(kept == killed.acknowledged, grouped(kept) + " of " + grouped(killed.acknowledged) +
                                                  " acknowledged batches are there, and " + grouped(batches - kept) +
                                                  " that it had no time to tell of");
    report.check(sound && records == batches * batch_records,
                 "no batch is torn, and none is missing in between: " + grouped(records) + " records");

    std::size_t packages = 0;
    must(store.scan(prefix(std::tuple("package")), [&](Bytes, Bytes) { ++packages; }));
    report.check(packages == dump.packages.size(), "the " + grouped(packages) + " packages are still there");
}
