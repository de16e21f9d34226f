// Workloads that read.
#include "workload.hpp"
#include <array>
#include <atomic>
#include <latch>
#include <thread>

namespace bench::work {

namespace {

constexpr std::size_t keys_at_once = 16;
constexpr std::size_t steps_after_seek = 50;

bool right(const Subject& subject, Bytes value, std::uint64_t number) {
    return subject.mixed ? subject.values.is_any(value, number, subject.versions_max)
                         : subject.values.is(value, number, subject.versions_max);
}

Figures get_random(Subject& subject, Session& session, std::uint64_t count) {
    Random random(11);
    Key key;
    std::string value;
    return measured(count, subject.options.latency_every, [&](std::uint64_t) {
        const std::uint64_t number = random.below(subject.keys);
        key.set(number);
        subject.judge(session.get(key.bytes(), value) && right(subject, value, number), "a key that is there", number);
    });
}

// What a walk over everything must have met.
Sum sum_of_all(const Subject& subject) {
    Sum sum;
    for (std::uint64_t number = 0; number < subject.keys; ++number)
        sum.add(Key(number).bytes(), subject.values.of(number, subject.versions_max));
    return sum;
}

std::vector<Figures> walk(Subject& subject, Direction direction) {
    const Sum expected = sum_of_all(subject);
    const auto session = subject.engine().session();
    Sum sum;
    const Figures figures =
        measured_once(static_cast<double>(subject.keys), [&] { session->scan({}, direction, ~std::size_t{0}, sum); });
    const bool tails = subject.mixed || sum.tails == expected.tails;
    subject.judge(sum.entries == expected.entries && sum.bytes == expected.bytes && tails, "a walk over all",
                  sum.entries);
    return {figures};
}

} // namespace

std::vector<Figures> readrandom(Subject& subject) {
    const auto session = subject.engine().session();
    return {get_random(subject, *session, subject.options.reads())};
}

std::vector<Figures> readmissing(Subject& subject) {
    const auto session = subject.engine().session();
    Random random(12);
    Key key;
    std::string value;
    return {measured(subject.options.reads(), subject.options.latency_every, [&](std::uint64_t) {
        const std::uint64_t number = random.below(subject.keys);
        key.set_missing(number);
        subject.judge(!session->get(key.bytes(), value), "a key that is not there", number);
    })};
}

std::vector<Figures> multireadrandom(Subject& subject) {
    const auto session = subject.engine().session();
    Random random(13);
    std::array<std::uint64_t, keys_at_once> numbers{};
    std::array<Key, keys_at_once> keys;
    std::array<Bytes, keys_at_once> asked;
    std::array<std::string, keys_at_once> found;
    const std::uint64_t calls = subject.options.reads() / keys_at_once + 1;
    Figures figures = measured(calls, 1, [&](std::uint64_t) {
        for (std::size_t n = 0; n < keys_at_once; ++n) {
            numbers[n] = random.below(subject.keys);
            keys[n].set(numbers[n]);
            asked[n] = keys[n].bytes();
        }
        subject.judge(session->get_many(asked, found) == keys_at_once, "many keys at once", numbers[0]);
        for (std::size_t n = 0; n < keys_at_once; ++n)
            subject.judge(right(subject, found[n], numbers[n]), "many keys at once", numbers[n]);
    });
    figures.operations = static_cast<double>(calls * keys_at_once);
    return {figures};
}

std::vector<Figures> readseq(Subject& subject) { return walk(subject, Direction::forward); }

std::vector<Figures> readreverse(Subject& subject) { return walk(subject, Direction::reverse); }

std::vector<Figures> seekrandom(Subject& subject) {
    const auto session = subject.engine().session();
    Random random(14);
    Key key;
    return {measured(std::max<std::uint64_t>(subject.options.reads() / 10, 100), 1, [&](std::uint64_t) {
        const std::uint64_t number = random.below(subject.keys);
        key.set(number);
        Sum sum;
        session->scan(key.bytes(), Direction::forward, 1 + steps_after_seek, sum);
        const std::uint64_t there = std::min<std::uint64_t>(1 + steps_after_seek, subject.keys - number);
        subject.judge(sum.entries == there && sum.bytes == there * (key_bytes + subject.options.value_bytes),
                      "a walk from a key", number);
    })};
}

// The reader does its reads; the writer overwrites at its own pace until the reader is done.
std::vector<Figures> readwhilewriting(Subject& subject) {
    const std::uint64_t version = ++subject.versions_max;
    subject.mixed = true;
    std::atomic<bool> done{false};
    std::latch begun(2);
    Figures writes;
    std::exception_ptr failure;
    std::jthread writer([&] {
        begun.arrive_and_wait();
        try {
            const auto session = subject.engine().session();
            Random random(15);
            Key key;
            Histogram latencies;
            const TickLength tick;
            const Stopwatch watch;
            while (!done.load(std::memory_order_relaxed)) {
                constexpr std::uint64_t between_looks = 64;
                timed(between_looks, subject.options.latency_every, latencies, [&](std::uint64_t) {
                    const std::uint64_t number = random.below(subject.keys);
                    key.set(number);
                    session->put(key.bytes(), subject.values.of(number, version));
                });
                writes.operations += static_cast<double>(between_looks);
            }
            writes.seconds = watch.seconds();
            writes.take(latencies, tick.nanoseconds());
        } catch (...) {
            failure = std::current_exception();
        }
    });
    const auto finish = [&] {
        done = true;
        writer.join();
    };
    Figures reads;
    begun.arrive_and_wait();
    try {
        const auto session = subject.engine().session();
        reads = get_random(subject, *session, subject.options.reads());
    } catch (...) {
        finish();
        throw;
    }
    finish();
    if (failure) std::rethrow_exception(failure);
    writes.workload = std::string("readwhilewriting") + also_writes;
    reads.user_bytes = writes.operations * subject.entry_bytes();
    return {reads, writes};
}

} // namespace bench::work
