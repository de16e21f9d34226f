// One writer or many readers of a directory, between processes and within one.
#pragma once

#include <kvilt/env/posix_file.hpp>

#include <map>
#include <mutex>
#include <sys/file.h>

namespace kvilt {

// Both the directory itself and the file LOCK in it are locked (flock). The directory needs no right to write, and
// keeps the lock when LOCK is deleted; LOCK is for file systems over a network, where directories cannot be locked.
// An exclusive holder writes its process id into LOCK. Locks vanish with the process. A process forked without exec
// holds its parent's locks too.
class PosixDirectoryLock final : public DirectoryLock {
public:
    static Result<std::unique_ptr<DirectoryLock>> acquire(const std::string& directory, LockMode mode) {
        std::unique_ptr<PosixDirectoryLock> lock(new PosixDirectoryLock);
        KVILT_TRY(lock->take_directory(directory, mode));
        KVILT_TRY(lock->take_file(directory + "/LOCK", mode));
        return lock;
    }

    ~PosixDirectoryLock() override {
        if (exclusive_ && file_) static_cast<void>(!::ftruncate(file_.number(), 0)); // the id of nobody
        file_ = {};
        directory_ = {};
        if (registered_) { // last: who comes next in this process finds the files free
            const std::lock_guard guard(registry().mutex);
            registry().drop(place_);
        }
    }

private:
    using Place = std::pair<dev_t, ino_t>;

    // Who in this process holds what: flock over a network sees one process as one holder.
    struct Registry {
        static constexpr int exclusive = -1;
        std::mutex mutex;
        std::map<Place, int> held; // readers, or `exclusive`

        bool take(Place place, LockMode mode) {
            int& now = held[place];
            if (now == exclusive || (now > 0 && mode == LockMode::exclusive)) return false;
            now = mode == LockMode::exclusive ? exclusive : now + 1;
            return true;
        }
        void drop(Place place) {
            const auto found = held.find(place);
            if (--found->second <= 0) held.erase(found);
        }
    };
    static Registry& registry() {
        static auto* const for_ever = new Registry; // stores of static lifetime unlock at exit
        return *for_ever;
    }

    PosixDirectoryLock() = default;

    Result<void> take_directory(const std::string& directory, LockMode mode) {
        directory_ = detail::Descriptor(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        struct stat status{};
        if (!directory_ || ::fstat(directory_.number(), &status) == -1)
            return detail::os_failure("lock", directory, errno);
        place_ = {status.st_dev, status.st_ino};
        const std::lock_guard guard(registry().mutex);
        registered_ = registry().take(place_, mode);
        if (!registered_)
            return failure(Errc::locked, "lock", directory + "/LOCK is held by this process: close its other store");
        return take(directory_, directory + "/LOCK", mode);
    }

    Result<void> take_file(const std::string& path, LockMode mode) {
        constexpr int common = O_CLOEXEC | O_NOFOLLOW;
        const bool writes = mode == LockMode::exclusive;
        file_ = detail::Descriptor(::open(path.c_str(), writes ? O_RDWR | O_CREAT | common : O_RDONLY | common, 0666));
        if (!file_ && !writes && (errno == ENOENT || errno == EACCES)) return {}; // the directory's lock must do
        if (!file_) return detail::os_failure("lock", path, errno);
        KVILT_TRY(take(file_, path, mode));
        exclusive_ = writes;
        if (exclusive_) {
            const std::string id = std::to_string(::getpid()) + "\n";
            // For error messages only: on a full disk the lock holds without it.
            if (::ftruncate(file_.number(), 0) == 0)
                static_cast<void>(!::pwrite(file_.number(), id.data(), id.size(), 0));
        }
        return {};
    }

    static Result<void> take(const detail::Descriptor& what, const std::string& path, LockMode mode) {
        const auto flock = [&what](int operation) {
            return detail::uninterrupted([&] { return ::flock(what.number(), operation | LOCK_NB); });
        };
        if (flock(mode == LockMode::exclusive ? LOCK_EX : LOCK_SH) == 0) return {};
        if (errno != EWOULDBLOCK) return detail::os_failure("lock", path, errno);
        const bool by_readers = flock(LOCK_SH) == 0;
        return failure(Errc::locked, "lock", path + " is held by " + holder(path, by_readers) + ": close it there");
    }

    static std::string holder(const std::string& path, bool by_readers) {
        if (by_readers) return "a reader in another process";
        const detail::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        char id[16] = {};
        const ssize_t got = file ? ::pread(file.number(), id, sizeof id, 0) : -1;
        std::string text(id, got > 0 ? static_cast<std::size_t>(got) : 0);
        text.resize(std::min(text.size(), text.find_first_not_of("0123456789")));
        return text.empty() ? "another process" : "process " + text;
    }

    detail::Descriptor directory_;
    detail::Descriptor file_;
    Place place_{};
    bool registered_ = false;
    bool exclusive_ = false; // and its id is in LOCK
};

} // namespace kvilt
