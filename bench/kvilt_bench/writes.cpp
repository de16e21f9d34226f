// Workloads that write.
#include "workload.hpp"
#include <atomic>
#include <latch>
#include <thread>

namespace bench::work {

namespace {

constexpr std::uint64_t fill_order = 1;
constexpr std::uint64_t overwrite_order = 2;
constexpr std::uint64_t delete_order = 3;

template <class Order>
Figures put_all(Subject& subject, Order order, std::uint64_t version) {
    const auto session = subject.engine().session();
    Key key;
    const std::uint64_t count = subject.options.entries;
    Figures figures = measured(count, subject.options.latency_every, [&](std::uint64_t n) {
        const std::uint64_t number = order(n);
        key.set(number);
        session->put(key.bytes(), subject.values.of(number, version));
    });
    figures.user_bytes = static_cast<double>(count) * subject.entry_bytes();
    return figures;
}

// Threads take turns in numbers: the keys of each are spread over all.
Figures put_synced(Subject& subject, std::size_t threads, std::uint64_t each) {
    std::vector<Histogram> latencies(threads);
    std::vector<std::exception_ptr> failures(threads);
    std::latch begun(static_cast<std::ptrdiff_t>(threads) + 1);
    const Permutation order(threads * each, fill_order);
    std::vector<std::jthread> running;
    for (std::size_t thread = 0; thread < threads; ++thread)
        running.emplace_back([&, thread] {
            begun.arrive_and_wait();
            try {
                const auto session = subject.engine().session();
                Key key;
                timed(each, 1, latencies[thread], [&](std::uint64_t n) {
                    const std::uint64_t number = order(n * threads + thread);
                    key.set(number);
                    session->put_synced(key.bytes(), subject.values.of(number, 0));
                });
            } catch (...) {
                failures[thread] = std::current_exception();
            }
        });
    const TickLength tick;
    begun.arrive_and_wait();
    const Stopwatch watch;
    running.clear();
    const auto count = static_cast<double>(threads * each);
    Figures figures{.operations = count, .seconds = watch.seconds(), .user_bytes = count * subject.entry_bytes()};
    for (const std::exception_ptr& failure : failures)
        if (failure) std::rethrow_exception(failure);
    for (std::size_t thread = 1; thread < threads; ++thread) latencies[0].merge(latencies[thread]);
    figures.take(latencies[0], tick.nanoseconds());
    subject.keys = threads * each;
    return figures;
}

Figures put_batches(Subject& subject, std::size_t batch) {
    const auto session = subject.engine().session();
    const std::uint64_t count = subject.options.entries;
    const Permutation order(count, fill_order);
    std::vector<Key> keys(batch);
    std::vector<Entry> entries(batch);
    Figures figures = measured((count + batch - 1) / batch, 1, [&](std::uint64_t n) {
        const std::uint64_t first = n * batch;
        const std::size_t size = std::min<std::uint64_t>(batch, count - first);
        for (std::size_t at = 0; at < size; ++at) {
            const std::uint64_t number = order(first + at);
            keys[at].set(number);
            entries[at] = {keys[at].bytes(), subject.values.of(number, 0)};
        }
        session->put_batch(std::span(entries).first(size));
    });
    figures.operations = static_cast<double>(count);
    figures.user_bytes = figures.operations * subject.entry_bytes();
    subject.keys = count;
    return figures;
}

} // namespace

std::vector<Figures> fillseq(Subject& subject) {
    Figures figures = put_all(subject, [](std::uint64_t n) { return n; }, 0);
    subject.keys = subject.options.entries;
    return {figures};
}

std::vector<Figures> fillrandom(Subject& subject) {
    Figures figures = put_all(subject, Permutation(subject.options.entries, fill_order), 0);
    subject.keys = subject.options.entries;
    return {figures};
}

std::vector<Figures> fillsync(Subject& subject) { return {put_synced(subject, 1, subject.options.synced)}; }

std::vector<Figures> fillsync_of_eight(Subject& subject) {
    return {put_synced(subject, 8, (subject.options.synced + 1) / 2)};
}

std::vector<Figures> fillbatch_of_100(Subject& subject) { return {put_batches(subject, 100)}; }

std::vector<Figures> fillbatch_of_1000(Subject& subject) { return {put_batches(subject, 1000)}; }

std::vector<Figures> overwrite(Subject& subject) {
    const std::uint64_t version = ++subject.versions_max;
    Figures figures = put_all(subject, Permutation(subject.options.entries, overwrite_order), version);
    subject.mixed = false;
    const auto session = subject.engine().session();
    std::string value;
    for (std::uint64_t number = 0; number < subject.keys; number += 1 + subject.keys / 1000)
        subject.judge(session->get(Key(number).bytes(), value) && subject.values.is(value, number, version),
                      "what was overwritten", number);
    return {figures};
}

std::vector<Figures> deleterandom(Subject& subject) {
    const auto session = subject.engine().session();
    const Permutation order(subject.keys, delete_order);
    Key key;
    Figures figures = measured(subject.keys, subject.options.latency_every, [&](std::uint64_t n) {
        key.set(order(n));
        session->remove(key.bytes());
    });
    figures.user_bytes = static_cast<double>(subject.keys * key_bytes);
    std::string value;
    for (std::uint64_t number = 0; number < subject.keys; number += 1 + subject.keys / 1000)
        subject.judge(!session->get(Key(number).bytes(), value), "what was removed", number);
    subject.keys = 0;
    return {figures};
}

std::vector<Figures> compact(Subject& subject) {
    return {measured_once(1, [&] { subject.engine().compact(); })};
}

} // namespace bench::work
