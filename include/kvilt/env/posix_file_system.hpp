// The file system of the operating system.
#pragma once

#include <kvilt/env/posix_file.hpp>
#include <kvilt/env/posix_lock.hpp>

#include <algorithm>
#include <cstdio>
#include <dirent.h>

namespace kvilt {

// Stateless. Who else may read and write new files and directories, the umask decides. A symbolic link is followed
// within a path and for reading, never at the end of the path of a file that is to be written.
class PosixFileSystem final : public FileSystem {
public:
    Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
        // Without O_NONBLOCK a pipe under our name would hang the open.
        constexpr int common = O_CLOEXEC | O_NONBLOCK;
        constexpr int flags[] = {O_RDONLY, O_RDWR | O_NOFOLLOW, O_RDWR | O_NOFOLLOW | O_CREAT | O_EXCL};
        const char* operation = mode == OpenMode::create ? "create" : "open";
        detail::Descriptor file(detail::uninterrupted(
            [&] { return ::open(path.c_str(), common | flags[static_cast<std::size_t>(mode)], 0666); }));
        struct stat status{};
        if (!file || ::fstat(file.number(), &status) == -1) return detail::os_failure(operation, path, errno);
        if (S_ISDIR(status.st_mode)) return detail::os_failure(operation, path, EISDIR);
        if (!S_ISREG(status.st_mode)) return failure(Errc::io, operation, path + " is not a file: remove it");
        return std::make_unique<PosixFile>(std::move(file), path);
    }

    Result<void> remove(const std::string& path) override { return outcome(std::remove(path.c_str()), "remove", path); }

    Result<void> rename(const std::string& from, const std::string& to) override {
        return outcome(::rename(from.c_str(), to.c_str()), "rename", from + " to " + to);
    }

    Result<void> link(const std::string& from, const std::string& to) override {
        return outcome(::link(from.c_str(), to.c_str()), "link", from + " to " + to);
    }

    Result<bool> exists(const std::string& path) const override {
        struct stat status{};
        if (::stat(path.c_str(), &status) == 0) return true;
        if (errno == ENOENT || errno == ENOTDIR) return false;
        return detail::os_failure("exists", path, errno);
    }

    Result<std::vector<std::string>> list(const std::string& directory) const override {
        const std::unique_ptr<DIR, CloseDirectory> stream(::opendir(directory.c_str()));
        if (!stream) return detail::os_failure("list", directory, errno);
        std::vector<std::string> names;
        errno = 0;
        while (const dirent* entry = ::readdir(stream.get())) {
            const Bytes name = entry->d_name;
            if (name != "." && name != "..") names.emplace_back(name);
            errno = 0;
        }
        if (errno != 0) return detail::os_failure("list", directory, errno);
        std::sort(names.begin(), names.end());
        return names;
    }

    Result<void> create_directory(const std::string& path) override {
        if (::mkdir(path.c_str(), 0777) == -1) {
            if (errno == EEXIST) {
                struct stat status{};
                if (::stat(path.c_str(), &status) == -1) return detail::os_failure("create_directory", path, errno);
                if (!S_ISDIR(status.st_mode)) return detail::os_failure("create_directory", path, ENOTDIR);
            } else if (errno == ENOENT && parent_of(path) != path) {
                KVILT_TRY(create_directory(parent_of(path)));
                KVILT_TRY(outcome(::mkdir(path.c_str(), 0777), "create_directory", path));
            } else {
                return detail::os_failure("create_directory", path, errno);
            }
        }
        // The parent may be one that we can pass but not read: then it is for its owner to keep.
        if (auto synced = sync_directory(parent_of(path)); !synced && synced.error().os_code != EACCES) return synced;
        return {};
    }

    Result<void> sync_directory(const std::string& path) override {
        const detail::Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!directory) return detail::os_failure("sync_directory", path, errno);
        // EINVAL: a file system that keeps names by itself and has no such call.
        if (detail::uninterrupted([&] { return ::fsync(directory.number()); }) == -1 && errno != EINVAL)
            return detail::os_failure("sync_directory", path, errno);
        return {};
    }

    Result<std::unique_ptr<DirectoryLock>> lock(const std::string& directory, LockMode mode) override {
        return PosixDirectoryLock::acquire(directory, mode);
    }

private:
    struct CloseDirectory {
        void operator()(DIR* stream) const noexcept { ::closedir(stream); }
    };

    static Result<void> outcome(int returned, const char* operation, const std::string& path) {
        if (returned == -1) return detail::os_failure(operation, path, errno);
        return {};
    }

    static std::string parent_of(std::string path) {
        while (path.size() > 1 && path.back() == '/') path.pop_back();
        const std::size_t slash = path.rfind('/');
        if (slash == std::string::npos) return ".";
        return slash == 0 ? "/" : path.substr(0, slash);
    }
};

} // namespace kvilt
