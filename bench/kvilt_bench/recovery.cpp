// The workloads that open: what a killed process left, and what was closed in order.
#include "workload.hpp"
#include <csignal>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace bench::work {

namespace {

// As much as stays in every engine's log: less than half of its write buffer, with what it keeps beside entries.
std::uint64_t entries_in_log(const Subject& subject) {
    constexpr std::size_t bytes = 24 << 20;
    return std::min<std::uint64_t>(subject.options.entries, bytes / static_cast<std::uint64_t>(subject.entry_bytes()));
}

[[noreturn]] void fill_and_die(Subject& subject, std::uint64_t count) {
    try {
        subject.open();
        const auto session = subject.engine().session();
        const Permutation order(count, 1);
        for (std::uint64_t n = 0; n < count; ++n) session->put(Key(order(n)).bytes(), subject.values.of(order(n), 0));
        ::kill(::getpid(), SIGKILL);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
    }
    ::_exit(1);
}

} // namespace

// The process has no threads yet, and nothing open.
std::vector<Figures> recovery(Subject& subject) {
    const std::uint64_t count = entries_in_log(subject);
    const pid_t filler = ::fork();
    if (filler == 0) fill_and_die(subject, count);
    int ended = 0;
    if (filler < 0 || ::waitpid(filler, &ended, 0) != filler || !WIFSIGNALED(ended) || WTERMSIG(ended) != SIGKILL)
        throw std::runtime_error("the process that fills the store did not end as it should");

    std::string value;
    const Figures figures = measured_once(static_cast<double>(count), [&] {
        subject.open();
        subject.judge(subject.engine().session()->get(Key(0).bytes(), value), "a key from before the kill", 0);
    });
    const auto session = subject.engine().session();
    for (std::uint64_t number = 0; number < count; ++number)
        subject.judge(session->get(Key(number).bytes(), value) && subject.values.is(value, number, 0),
                      "a key from before the kill", number);
    subject.keys = count;
    return {figures};
}

// What is in memory of the files stays there.
std::vector<Figures> reopen(Subject& subject) {
    constexpr std::uint64_t times = 20;
    std::string value;
    Histogram latencies;
    Figures figures{.operations = times};
    for (std::uint64_t time = 0; time < times; ++time) {
        subject.close();
        const Stopwatch watch;
        subject.open();
        subject.judge(subject.engine().session()->get(Key(time).bytes(), value), "a key from before the closing", time);
        const double seconds = watch.seconds();
        figures.seconds += seconds;
        latencies.add(static_cast<std::uint64_t>(seconds * 1e9));
    }
    figures.take(latencies, 1);
    return {figures};
}

} // namespace bench::work
