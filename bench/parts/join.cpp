// The conflict policies: what a replica does with a cell beside what it has, and what a write leaves behind.
#include <kvilt/conflict/last_write_wins.hpp>
#include <kvilt/conflict/vector_clock.hpp>
#include <kvilt/conflict/version.hpp>

#include "fixture.hpp"

namespace {

using namespace bench;
using namespace kvilt;

struct OwnedCell {
    explicit OwnedCell(const Cell& cell) : stamp(cell.stamp), value(cell.value) {}
    Cell cell() const { return {Kind::put, stamp, value}; }
    std::string stamp;
    std::string value;
};

template <class C>
OwnedCell written(const Cell* present, std::uint32_t node, std::uint64_t time) {
    std::string room;
    const std::string context = present == nullptr ? std::string() : C::context(*present);
    const std::string value(value_bytes, static_cast<char>('a' + node % 26));
    return OwnedCell(C::write(present, context, {.node = {node}, .time = time}, Kind::put, value, room).value());
}

// One that each of `nodes` has written, knowing what the one before wrote.
template <class C>
OwnedCell history(std::uint32_t nodes) {
    OwnedCell cell = written<C>(nullptr, 0, 1);
    for (std::uint32_t node = 1; node < nodes; ++node) {
        const Cell present = cell.cell();
        cell = written<C>(&present, node, node + 1);
    }
    return cell;
}

enum class Case { equal, older, newer, concurrent };

template <class C>
struct Cells {
    explicit Cells(Case which, std::uint32_t nodes) : a(history<C>(nodes)), b(a) {
        const Cell before = a.cell();
        const OwnedCell one = written<C>(&before, 0, nodes + 1);
        const OwnedCell other = written<C>(&before, nodes, nodes + 2);
        if (which == Case::older || which == Case::concurrent) a = one;
        if (which == Case::newer || which == Case::concurrent) b = other;
    }
    OwnedCell a;
    OwnedCell b; // beside a
};

template <class C>
void join(benchmark::State& state, Case which, std::uint32_t nodes) {
    const Cells<C> cells(which, nodes);
    const Cell a = cells.a.cell(), b = cells.b.cell();
    std::string room;
    for ([[maybe_unused]] auto _ : state) {
        const Cell joined = C::join(a, b, room);
        benchmark::DoNotOptimize(joined.stamp.data());
        benchmark::DoNotOptimize(joined.value.data());
    }
    state.counters["stamp_bytes"] = static_cast<double>(C::join(a, b, room).stamp.size());
}

template <class C>
void covers(benchmark::State& state, Case which, std::uint32_t nodes) {
    const Cells<C> cells(which, nodes);
    Cell a = cells.a.cell(), b = cells.b.cell();
    for ([[maybe_unused]] auto _ : state) {
        benchmark::DoNotOptimize(a.stamp);
        benchmark::DoNotOptimize(C::covers(a, b));
    }
}

// With the context of a read of what is there.
template <class C>
void write(benchmark::State& state, std::uint32_t nodes) {
    const OwnedCell there = history<C>(nodes);
    const Cell present = there.cell();
    const std::string context = C::context(present);
    const std::string value(value_bytes, 'v');
    std::string room;
    std::uint64_t time = nodes + 1;
    for ([[maybe_unused]] auto _ : state) {
        const Cell cell = C::write(&present, context, {.node = {0}, .time = ++time}, Kind::put, value, room).value();
        benchmark::DoNotOptimize(cell.stamp.data());
    }
}

template <class C>
void add(const std::string& name, std::uint32_t nodes) {
    const auto each = [&](const std::string& what, auto run, auto... arguments) {
        benchmark::RegisterBenchmark(("join/" + name + what).c_str(), run, arguments..., nodes);
    };
    each("/join_equal", join<C>, Case::equal);
    each("/join_older", join<C>, Case::older);
    each("/join_newer", join<C>, Case::newer);
    each("/join_concurrent", join<C>, Case::concurrent);
    each("/covers_older", covers<C>, Case::older);
    each("/covers_concurrent", covers<C>, Case::concurrent);
    each("/write", write<C>);
}

[[maybe_unused]] const bool registered = [] {
    add<conflict::LastWriteWins<>>("LastWriteWins", 1);
    add<conflict::Version>("Version", 1);
    add<conflict::VectorClock<>>("VectorClock/1_entry", 1);
    add<conflict::VectorClock<>>("VectorClock/3_entries", 3);
    add<conflict::VectorClock<>>("VectorClock/16_entries", 16);
    return true;
}();

} // namespace
