// The benchmark of the course's store: 10,000 writes of 100-byte values, then 10,000 random reads.
#include <kvilt/core/checksum.hpp>
#include <kvilt/presets.hpp>

#include "figures.hpp"
#include <cstdio>
#include <cstdlib>

using kvilt::presets::SimpleKv;

int main() {
    constexpr std::size_t count = 10'000;
    const bench::TemporaryDirectory directory("");
    SimpleKv store = SimpleKv::open(directory.path() + "/course").value();
    const auto key = [](std::uint64_t number) { return "key" + std::to_string(number); };
    const std::string value(100, 'v');

    const bench::Stopwatch writing;
    for (std::size_t n = 0; n < count; ++n) store.put(key(n), value).value();
    const double written_s = writing.seconds();

    std::size_t found = 0;
    const bench::Stopwatch reading;
    for (std::size_t n = 0; n < count; ++n) found += store.get(key(kvilt::mix(1, n) % count)).value() == value;
    const double read_s = reading.seconds();

    const kvilt::Stats stats = store.stats();
    std::printf("writes: %9.0f operations per second, through %llu flushes that were synced\n", count / written_s,
                static_cast<unsigned long long>(stats.flushes));
    std::printf("reads:  %9.0f operations per second\n", count / read_s);
    std::printf("After it: %llu keys in the memtable, %llu tables, %llu bytes on disk\n",
                static_cast<unsigned long long>(stats.memtable_keys), static_cast<unsigned long long>(stats.tables),
                static_cast<unsigned long long>(stats.disk_bytes()));
    return found == count ? EXIT_SUCCESS : EXIT_FAILURE;
}
