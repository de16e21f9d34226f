// One open file of the operating system.
#pragma once

#include <kvilt/env/os_error.hpp>
#include <kvilt/env/posix_mapping.hpp>

#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace kvilt {

namespace detail {

// Calls again while a signal interrupts.
template <class Call>
auto uninterrupted(Call call) {
    auto returned = call();
    while (returned == -1 && errno == EINTR) returned = call();
    return returned;
}

// Owns a file descriptor; -1 is none.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) noexcept : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~Descriptor() {
        if (number_ != -1) ::close(number_);
    }

    int number() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ != -1; }
    // Not repeated after EINTR: the number is free by then, and may be another thread's already.
    int close() noexcept { return ::close(std::exchange(number_, -1)); }

private:
    int number_ = -1;
};

} // namespace detail

// Thread-safe but for close(). Short transfers and interruptions by signals are taken care of.
class PosixFile final : public File {
public:
    // `path` is for error messages.
    PosixFile(detail::Descriptor descriptor, std::string path)
        : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

    Result<std::size_t> read_at(std::uint64_t offset, char* to, std::size_t count) const override {
        std::size_t done = 0;
        while (done < count) {
            const ssize_t got = detail::uninterrupted(
                [&] { return ::pread(fd(), to + done, count - done, static_cast<off_t>(offset + done)); });
            if (got == -1) return failed("read");
            if (got == 0) break;
            done += static_cast<std::size_t>(got);
        }
        return done;
    }

    Result<void> write_at(std::uint64_t offset, Bytes bytes) override {
        while (!bytes.empty()) {
            const ssize_t put = detail::uninterrupted(
                [&] { return ::pwrite(fd(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
            if (put == -1) return failed("write");
            offset += static_cast<std::uint64_t>(put);
            bytes.remove_prefix(static_cast<std::size_t>(put));
        }
        return {};
    }

    // fdatasync writes the length with the bytes, and pages dirtied through shared mappings.
    Result<void> sync() override {
        if (detail::uninterrupted([&] { return ::fdatasync(fd()); }) == -1) return failed("sync");
        return {};
    }

    void begin_sync([[maybe_unused]] std::uint64_t offset,
                    [[maybe_unused]] std::uint64_t count) const noexcept override {
#ifdef SYNC_FILE_RANGE_WRITE
        (void)::sync_file_range(fd(), static_cast<off64_t>(offset), static_cast<off64_t>(count), SYNC_FILE_RANGE_WRITE);
#endif
    }

    // Space that was reserved and never stored to is a hole too. Nobody uses the descriptor's own offset.
    std::uint64_t data_from([[maybe_unused]] std::uint64_t offset) const noexcept override {
#ifdef SEEK_DATA
        const off_t found = ::lseek(fd(), static_cast<off_t>(offset), SEEK_DATA);
        if (found != -1) return static_cast<std::uint64_t>(found);
        if (errno == ENXIO) return std::numeric_limits<std::uint64_t>::max();
#endif
        return offset;
    }

    Result<std::uint64_t> size() const override {
        struct stat status{};
        if (::fstat(fd(), &status) == -1) return failed("size");
        return static_cast<std::uint64_t>(status.st_size);
    }

    Result<void> resize(std::uint64_t bytes) override {
        if (detail::uninterrupted([&] { return ::ftruncate(fd(), static_cast<off_t>(bytes)); }) == -1)
            return failed("resize");
        return {};
    }

    // Fills holes below the present length too. After an error the length is what it was.
    Result<void> reserve(std::uint64_t bytes) override {
        if (bytes == 0) return {};
        KVILT_TRY_ASSIGN(before, size());
        if (detail::uninterrupted([&] { return ::fallocate(fd(), 0, 0, static_cast<off_t>(bytes)); }) == 0) return {};
        auto outcome = errno == EOPNOTSUPP ? write_zeros(before, bytes) : Result<void>(failed("reserve"));
        if (!outcome && before < bytes) static_cast<void>(resize(before)); // gives back what was had
        return outcome;
    }

    Result<std::unique_ptr<Mapping>> map(MapMode mode) override {
        KVILT_TRY_ASSIGN(bytes, size());
        if (bytes == 0) return std::make_unique<PosixMapping>(nullptr, 0, mode);
        const int protection = mode == MapMode::read ? PROT_READ : PROT_READ | PROT_WRITE;
        void* at = ::mmap(nullptr, bytes, protection, mode == MapMode::copy ? MAP_PRIVATE : MAP_SHARED, fd(), 0);
        if (at == MAP_FAILED) return failed("map");
        return std::make_unique<PosixMapping>(static_cast<char*>(at), bytes, mode);
    }

    Result<void> close() override {
        if (descriptor_ && descriptor_.close() == -1 && errno != EINTR) return failed("close");
        return {};
    }

private:
    int fd() const noexcept { return descriptor_.number(); }
    std::unexpected<Error> failed(const char* operation) const { return detail::os_failure(operation, path_, errno); }

    Result<void> write_zeros(std::uint64_t from, std::uint64_t to) {
        const std::vector<char> zeros(256_KiB);
        while (from < to) {
            const Bytes some{zeros.data(), std::min<std::uint64_t>(zeros.size(), to - from)};
            KVILT_TRY(write_at(from, some));
            from += some.size();
        }
        return {};
    }

    detail::Descriptor descriptor_;
    std::string path_;
};

} // namespace kvilt
