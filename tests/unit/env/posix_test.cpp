#include <kvilt/env/posix.hpp>
#include <kvilt/laws/file_system.hpp>

#include <doctest/doctest.h>

#include "temporary_directory.hpp"
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace kvilt;
namespace {

// Another process, which does one thing, says with a byte how it went, and waits to be killed.
class OtherProcess {
public:
    template <class Act>
    explicit OtherProcess(Act act) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        id_ = ::fork();
        REQUIRE(id_ != -1);
        if (id_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            auto kept = act();
            static_cast<void>(!::write(ends[1], kept ? "y" : "n", 1));
            for (;;) ::pause();
        }
        char said = '?';
        REQUIRE(::read(ends[0], &said, 1) == 1);
        succeeded_ = said == 'y';
        ::close(ends[0]);
        ::close(ends[1]);
    }
    ~OtherProcess() { kill(); }

    void kill() {
        if (id_ > 0) {
            ::kill(id_, SIGKILL);
            ::waitpid(id_, nullptr, 0);
        }
        id_ = -1;
    }
    bool succeeded() const { return succeeded_; }
    std::string id() const { return std::to_string(id_); }

private:
    pid_t id_ = -1;
    bool succeeded_ = false;
};

} // namespace

TEST_CASE("the system's files keep the laws") {
    const TemporaryDirectory directory;
    MESSAGE("KVILT_SEED=", test_seed());
    CHECK(laws::check_file_system(*Environment::system().files, directory.path(), test_seed()) == "");
}

TEST_CASE("a look for data passes over the holes that the system knows of, reserved space among them") {
    const TemporaryDirectory directory;
    const std::string path = directory / "f";
    const auto file = Environment::system().files->open(path, OpenMode::create).value();
    file->reserve(1'000'000).value();
    const detail::Descriptor own(::open(path.c_str(), O_RDONLY));
    if (::lseek(own.number(), 0, SEEK_HOLE) != 0) {
        MESSAGE("this file system knows of no holes");
        return;
    }
    CHECK(file->data_from(0) >= 1'000'000);
    file->map(MapMode::write).value()->data()[500'000] = 'x';
    CHECK(file->data_from(0) <= 500'000); // pages that are in memory count as data
    CHECK(file->data_from(500'000) == 500'000);
}

TEST_CASE("a writer in another process is named, and its lock dies with it") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    OtherProcess other([&] { return files.lock(directory.path(), LockMode::exclusive); });
    REQUIRE(other.succeeded());
    for (const LockMode mode : {LockMode::exclusive, LockMode::shared}) {
        const auto refused = files.lock(directory.path(), mode);
        REQUIRE_FALSE(refused);
        CHECK(refused.error() == Errc::locked);
        CHECK(refused.error().message() ==
              "lock: locked: " + directory.path() + "/LOCK is held by process " + other.id() + ": close it there");
    }
    other.kill();
    CHECK(files.lock(directory.path(), LockMode::exclusive));
}

TEST_CASE("readers in two processes share, and keep a writer out") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    static_cast<void>(files.lock(directory.path(), LockMode::exclusive).value());
    OtherProcess other([&] { return files.lock(directory.path(), LockMode::shared); });
    REQUIRE(other.succeeded());
    CHECK(files.lock(directory.path(), LockMode::shared));
    const auto refused = files.lock(directory.path(), LockMode::exclusive);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() ==
          "lock: locked: " + directory.path() + "/LOCK is held by a reader in another process: close it there");
    other.kill();
    CHECK(files.lock(directory.path(), LockMode::exclusive));
}

TEST_CASE("a lock outlives the deletion of its file") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    OtherProcess other([&] { return files.lock(directory.path(), LockMode::exclusive); });
    files.remove(directory / "LOCK").value();
    CHECK_FALSE(files.lock(directory.path(), LockMode::exclusive));
    CHECK_FALSE(files.lock(directory.path(), LockMode::shared));
}

TEST_CASE("a reader needs no right to write, and writes nothing") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    for (const bool used_before : {false, true}) {
        CAPTURE(used_before);
        if (used_before) static_cast<void>(files.lock(directory.path(), LockMode::exclusive).value());
        const auto names = files.list(directory.path()).value();
        REQUIRE(::chmod(directory.path().c_str(), 0555) == 0);
        const auto as_nobody = [](auto act) {
            return [act] {
                if (::getuid() == 0) static_cast<void>(!::setuid(65'534));
                return act();
            };
        };
        const OtherProcess reader(as_nobody([&] { return files.lock(directory.path(), LockMode::shared); }));
        CHECK(reader.succeeded());
        if (!used_before) {
            const OtherProcess writer(as_nobody([&] { return files.open(directory / "new", OpenMode::create); }));
            CHECK_FALSE(writer.succeeded()); // or this test would show nothing
        }
        CHECK_FALSE(files.lock(directory.path(), LockMode::exclusive));
        CHECK(files.list(directory.path()).value() == names);
        REQUIRE(::chmod(directory.path().c_str(), 0755) == 0);
    }
}

TEST_CASE("a symbolic link is read through, not written through") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    files.open(directory / "target", OpenMode::create).value()->write_at(0, "safe").value();
    REQUIRE(::symlink("target", (directory / "link").c_str()) == 0);
    CHECK(files.open(directory / "link", OpenMode::read));
    CHECK_FALSE(files.open(directory / "link", OpenMode::create));
    const auto refused = files.open(directory / "link", OpenMode::write);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::io);
    CHECK(refused.error().subject == directory / "link: files are not written through a symbolic link: name the place "
                                                 "itself");
    REQUIRE(::symlink("target", (directory / "LOCK").c_str()) == 0);
    CHECK_FALSE(files.lock(directory.path(), LockMode::exclusive));
    CHECK(files.open(directory / "target", OpenMode::read).value()->size().value() == 4);
}

TEST_CASE("a pipe under the name of a file is refused at once") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    REQUIRE(::mkfifo((directory / "pipe").c_str(), 0600) == 0);
    CHECK_FALSE(files.open(directory / "pipe", OpenMode::read));
    CHECK_FALSE(files.open(directory / "pipe", OpenMode::write));
}

TEST_CASE("reserved space is on the device, holes below the length included") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    const auto file = files.open(directory / "f", OpenMode::create).value();
    const auto taken_bytes = [&] {
        struct stat status{};
        REQUIRE(::stat((directory / "f").c_str(), &status) == 0);
        return static_cast<std::uint64_t>(status.st_blocks) * 512;
    };
    file->resize(1_MiB).value();
    CHECK(taken_bytes() < 64_KiB);
    file->reserve(512_KiB).value();
    CHECK(taken_bytes() >= 512_KiB);
    file->reserve(2_MiB).value();
    CHECK(taken_bytes() >= 2_MiB);
    CHECK_FALSE(file->reserve(std::uint64_t{1} << 62)); // larger than any file may be
    CHECK(file->size().value() == 2_MiB);
}

TEST_CASE("a write that the system cuts short goes on where it stopped") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    const auto write = [&](rlim_t file_bytes_max) {
        return [&files, path = directory / "f", file_bytes_max] {
            ::signal(SIGXFSZ, SIG_IGN);
            const rlimit limit{file_bytes_max, file_bytes_max};
            if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) std::abort();
            static_cast<void>(files.remove(path));
            auto written = files.open(path, OpenMode::create).value()->write_at(0, std::string(2'000, 'a'));
            return written || written.error().os_code != EFBIG; // the rest was tried in its own place
        };
    };
    CHECK(OtherProcess(write(2'000)).succeeded());
    CHECK_FALSE(OtherProcess(write(1'000)).succeeded());
    CHECK(files.open(directory / "f", OpenMode::read).value()->size().value() == 1'000);
}

TEST_CASE("what the system refuses has a code to branch on and a cure to read") {
    const auto refusal = [](int os_code) { return detail::os_failure("write", "/data/f", os_code).error(); };
    CHECK(refusal(ENOSPC) == Errc::full);
    CHECK(refusal(EDQUOT) == Errc::full);
    CHECK(refusal(ENOENT) == Errc::not_found);
    CHECK(refusal(EEXIST) == Errc::exists);
    CHECK(refusal(EIO) == Errc::io);
    CHECK(refusal(ENOSPC).message() ==
          "write: no space: /data/f: free some space on its device (No space left on device)");
    CHECK(refusal(EIO).message() == "write: input/output error: /data/f (Input/output error)");
    CHECK(refusal(EMFILE).message().find("ulimit -n") != std::string::npos);
}

TEST_CASE("a closed file refuses, and closes once") {
    const TemporaryDirectory directory;
    PosixFileSystem files;
    const auto file = files.open(directory / "f", OpenMode::create).value();
    file->close().value();
    CHECK(file->close());
    CHECK_FALSE(file->write_at(0, "x"));
    CHECK_FALSE(file->sync());
    CHECK_FALSE(file->size());
}

TEST_CASE("the system's clock runs and its randomness differs") {
    const Environment system = Environment::system();
    const std::uint64_t before_us = system.clock->monotonic_us();
    system.clock->sleep_us(2'000);
    CHECK(system.clock->monotonic_us() - before_us >= 2'000);
    CHECK(system.clock->wall_us() > 1'700'000'000'000'000);
    CHECK(system.random->next() != system.random->next());
    CHECK(Environment::system().files == system.files);
}

TEST_CASE("what will be needed is asked for if a page of it is not in memory, and not if all are") {
    const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    for (const std::size_t pages : std::initializer_list<std::size_t>{1, 2, 63, 64, 65, 100})
        for (const std::size_t missing : {std::size_t{0}, pages / 2, pages - 1}) {
            CAPTURE(pages);
            CAPTURE(missing);
            const std::size_t bytes = pages * page_bytes;
            void* at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            REQUIRE(at != MAP_FAILED);
            const PosixMapping mapping(static_cast<char*>(at), bytes, MapMode::read); // unmaps it
            ::madvise(at, bytes, MADV_NOHUGEPAGE);
            const auto touch = [&](std::size_t page) { mapping.data()[page * page_bytes] = 'x'; };
            for (std::size_t page = 0; page < pages; ++page)
                if (page != missing) touch(page);
            CHECK(mapping.advise(Mapping::Advice::will_need, 10, bytes - 20));
            touch(missing);
            CHECK_FALSE(mapping.advise(Mapping::Advice::will_need, 10, bytes - 20));
        }
}
