// What is measured of a workload on an engine, and how it gets from the run's process to the one that compares.
#pragma once

#include "latency.hpp"
#include <cstdint>
#include <optional>
#include <string>

namespace bench {

// Of one workload in one run. NaN: not measured.
struct Figures {
    std::string workload{};
    double operations = 0;
    double seconds = 0;
    double p50_ns = 0;
    double p99_ns = 0;
    double p999_ns = 0;
    double max_ns = 0;
    double settle_seconds = 0;
    double user_bytes = 0;    // of keys and values that were put or removed
    double written_bytes = 0; // to the device until settled
    double disk_bytes = 0;    // that the directory takes when settled
    double live_bytes = 0;    // of keys and values that are there
    double peak_memory_bytes = 0;

    double rate() const { return seconds > 0 ? operations / seconds : 0; }

    void take(const Histogram& latencies, double nanoseconds_a_tick) {
        p50_ns = latencies.quantile(0.5) * nanoseconds_a_tick;
        p99_ns = latencies.quantile(0.99) * nanoseconds_a_tick;
        p999_ns = latencies.quantile(0.999) * nanoseconds_a_tick;
        max_ns = static_cast<double>(latencies.max()) * nanoseconds_a_tick;
    }

    // visit(name, number) for each figure.
    template <class Self, class Visitor>
    static void for_each(Self&& self, Visitor visit) {
        visit("operations", self.operations);
        visit("seconds", self.seconds);
        visit("p50_ns", self.p50_ns);
        visit("p99_ns", self.p99_ns);
        visit("p999_ns", self.p999_ns);
        visit("max_ns", self.max_ns);
        visit("settle_seconds", self.settle_seconds);
        visit("user_bytes", self.user_bytes);
        visit("written_bytes", self.written_bytes);
        visit("disk_bytes", self.disk_bytes);
        visit("live_bytes", self.live_bytes);
        visit("peak_memory_bytes", self.peak_memory_bytes);
    }
};

// "figures <workload> <number>...": one line each.
std::string to_line(const Figures& figures);
// Nothing if the line is of another kind.
std::optional<Figures> from_line(const std::string& line);

} // namespace bench
