#include "limits.hpp"

#include <kvilt/core/bytes.hpp>
#include <kvilt/core/checksum.hpp>

#include "../figures.hpp"
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <iomanip>
#include <numeric>
#include <random>
#include <sstream>
#include <sys/mman.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace bench {
namespace {

using kvilt::operator""_KiB;
using kvilt::operator""_MiB;

constexpr std::size_t record_bytes = 132; // a key of 16 bytes, a value of 100, and what a log adds
constexpr std::size_t file_bytes = 64_MiB;
constexpr int repeats = 5;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

double nanoseconds(auto work) {
    const auto began = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - began).count();
}

double median_nanoseconds(int times, auto work) {
    std::vector<double> all;
    for (int n = 0; n < times; ++n) all.push_back(nanoseconds(work));
    return median(std::move(all));
}

// What is computed is used as far as the compiler knows.
void keep(std::uint64_t value) { asm volatile("" : : "r"(value) : "memory"); }

// Of memory, or shared with a file.
class Mapping {
public:
    Mapping(std::size_t bytes, int flags, int file) : bytes_(bytes) {
        void* const made = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, file, 0);
        if (made == MAP_FAILED) fail("mapping " + std::to_string(bytes) + " bytes");
        data_ = static_cast<char*>(made);
        ::madvise(made, bytes, MADV_HUGEPAGE); // a wish
    }
    ~Mapping() { ::munmap(data_, bytes_); }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    static Mapping memory(std::size_t bytes) { return {bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1}; }

    char* data() const noexcept { return data_; }
    std::size_t size() const noexcept { return bytes_; }

private:
    char* data_ = nullptr;
    std::size_t bytes_;
};

// Without a name from the beginning, so that nothing of it stays behind.
class File {
public:
    explicit File(const std::string& directory) {
        std::string path = directory + "/kvilt-limits-XXXXXX";
        handle_ = ::mkostemp(path.data(), O_CLOEXEC);
        if (handle_ < 0) fail("making a file in " + directory);
        ::unlink(path.c_str());
    }
    ~File() { ::close(handle_); }
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    int handle() const noexcept { return handle_; }

    void reserve(std::size_t bytes) const {
        if (const int error = ::posix_fallocate(handle_, 0, static_cast<off_t>(bytes)); error != 0) {
            errno = error;
            fail("reserving " + std::to_string(bytes) + " bytes of a file");
        }
    }
    void write(const char* data, std::size_t size) const {
        if (::write(handle_, data, size) != static_cast<ssize_t>(size)) fail("write");
    }
    void write_at(std::size_t offset, const char* data, std::size_t size) const {
        if (::pwrite(handle_, data, size, static_cast<off_t>(offset)) != static_cast<ssize_t>(size)) fail("pwrite");
    }
    void read_at(std::size_t offset, char* data, std::size_t size) const {
        if (::pread(handle_, data, size, static_cast<off_t>(offset)) != static_cast<ssize_t>(size)) fail("pread");
    }
    void sync() const {
        if (::fdatasync(handle_) != 0) fail("fdatasync");
    }

private:
    int handle_ = -1;
};

// One cycle through all cache lines (Sattolo's shuffle): each load's address is what the one before it has loaded.
double memory_load(const Mapping& memory) {
    struct alignas(64) Line {
        std::uint64_t next;
    };
    const std::size_t count = memory.size() / sizeof(Line);
    auto* const lines = reinterpret_cast<Line*>(memory.data());
    for (std::size_t n = 0; n < count; ++n) lines[n].next = n;
    std::minstd_rand random(1); // its quality does for this, and it is quick
    for (std::size_t n = count - 1; n > 0; --n) std::swap(lines[n].next, lines[random() % n].next);

    constexpr std::size_t loads = 1'000'000;
    std::uint64_t at = 0;
    const double all = median_nanoseconds(3, [&] {
        for (std::size_t n = 0; n < loads; ++n) at = lines[at].next;
        keep(at);
    });
    return all / loads;
}

void measure_memory(Limits& limits) {
    const Mapping memory = Mapping::memory(512_MiB);
    limits.memory_load_ns = memory_load(memory);

    const std::size_t half = memory.size() / 2;
    const double copied = median_nanoseconds(repeats, [&] {
        std::memcpy(memory.data() + half, memory.data(), half);
        keep(static_cast<std::uint64_t>(memory.data()[half]));
    });
    limits.copy_bytes_per_s = static_cast<double>(half) / copied * 1e9;
    const double summed = median_nanoseconds(repeats, [&] { keep(kvilt::checksum64({memory.data(), half}, 0)); });
    limits.checksum_bytes_per_s = static_cast<double>(half) / summed * 1e9;

    constexpr std::size_t records = 1'000'000;
    std::uint64_t sum = 0; // goes into the next, so that they do not overlap
    const double small = median_nanoseconds(repeats, [&] {
        for (std::size_t n = 0; n < records; ++n) sum = kvilt::checksum64({memory.data(), record_bytes}, sum);
        keep(sum);
    });
    limits.checksum_132_bytes_ns = small / records;
}

void append_all(const Mapping& file, const char* record) {
    for (std::size_t at = 0; at + record_bytes <= file.size(); at += record_bytes)
        std::memcpy(file.data() + at, record, record_bytes);
    keep(static_cast<std::uint64_t>(file.data()[0]));
}

void measure_mapped(Limits& limits, const std::string& directory, const char* record) {
    constexpr double records = file_bytes / record_bytes;
    std::vector<double> fresh;
    std::vector<double> recycled;
    for (int n = 0; n < 3; ++n) {
        const File file(directory);
        file.reserve(file_bytes);
        const Mapping mapping(file_bytes, MAP_SHARED, file.handle());
        fresh.push_back(nanoseconds([&] { append_all(mapping, record); }));
        recycled.push_back(nanoseconds([&] { append_all(mapping, record); }));
    }
    limits.append_fresh_ns = median(std::move(fresh)) / records;
    limits.append_recycled_ns = median(std::move(recycled)) / records;
}

// Where the page table in use is a copy of the guest's, whoever comes first makes its host complete it, which takes
// microseconds and is counted as no fault.
void measure_touch(Limits& limits, const std::string& directory, const std::vector<char>& bytes) {
    constexpr std::size_t page_bytes = 4_KiB;
    constexpr std::size_t pages = 256_MiB / page_bytes;
    const File file(directory);
    for (std::size_t at = 0; at < 256_MiB; at += bytes.size()) file.write(bytes.data(), bytes.size());
    const Mapping mapping(256_MiB, MAP_SHARED, file.handle());
#ifdef MADV_POPULATE_READ
    ::madvise(mapping.data(), mapping.size(), MADV_POPULATE_READ);
#endif
    std::vector<std::uint32_t> order(pages);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), std::minstd_rand(1));
    std::uint64_t sum = 0;
    limits.touch_page_ns = nanoseconds([&] {
                               for (const std::uint32_t page : order)
                                   sum += static_cast<unsigned char>(mapping.data()[page * page_bytes]);
                               keep(sum);
                           }) /
                           pages;
}

void measure_calls(Limits& limits, const std::string& directory, const std::vector<char>& bytes) {
    constexpr std::size_t small = 100'000;
    const File log(directory);
    limits.write_132_bytes_ns = nanoseconds([&] {
                                    for (std::size_t n = 0; n < small; ++n) log.write(bytes.data(), record_bytes);
                                }) /
                                small;

    constexpr std::size_t large = file_bytes / 64_KiB;
    const File file(directory);
    limits.write_64_kib_ns = nanoseconds([&] {
                                 for (std::size_t n = 0; n < large; ++n) file.write(bytes.data(), 64_KiB);
                             }) /
                             large;

    std::array<char, 4_KiB> page{};
    std::minstd_rand random(1);
    limits.pread_4_kib_ns =
        nanoseconds([&] {
            for (std::size_t n = 0; n < small; ++n)
                file.read_at(random() % (file_bytes / page.size()) * page.size(), page.data(), page.size());
        }) /
        small;
}

// For two seconds at most: there are devices that take ten milliseconds for each.
void measure_sync(Limits& limits, const std::string& directory, const std::vector<char>& bytes) {
    constexpr std::size_t times = 200;
    constexpr double nanoseconds_max = 2e9;
    const File file(directory);
    file.write(bytes.data(), 64_KiB); // what is reserved only would change its kind, and that is synced too
    file.sync();
    std::vector<double> all;
    double spent = 0;
    for (std::size_t n = 0; n < times && spent < nanoseconds_max; ++n) {
        all.push_back(nanoseconds([&] {
            file.write_at(n * record_bytes, bytes.data(), record_bytes);
            file.sync();
        }));
        spent += all.back();
    }
    limits.sync_132_bytes_ns = median(std::move(all));
}

} // namespace

Limits measure_limits(const std::string& directory) {
    Limits limits;
    const std::vector<char> bytes(64_KiB, 'x');
    measure_sync(limits, directory, bytes); // first, before there is much to be written back
    measure_memory(limits);
    measure_mapped(limits, directory, bytes.data());
    measure_touch(limits, directory, bytes);
    measure_calls(limits, directory, bytes);
    return limits;
}

std::string to_text(const Limits& limits) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1);
    Limits::for_each(limits, [&](const std::string& name, double number) {
        const bool bandwidth = name.ends_with("_bytes_per_s");
        text << std::left << std::setw(24) << name << std::right << std::setw(12) << (bandwidth ? number / 1e9 : number)
             << (bandwidth ? " GB" : "") << '\n';
    });
    return text.str();
}

std::string to_json(const Limits& limits) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1);
    const char* before = "{\n";
    Limits::for_each(limits, [&](const char* name, double number) {
        text << before << "  \"" << name << "\": " << number;
        before = ",\n";
    });
    text << "\n}";
    return text.str();
}

} // namespace bench
