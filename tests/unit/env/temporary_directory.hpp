#pragma once

#include <kvilt/env/posix_file_system.hpp>

#include <cstdlib>

namespace kvilt {

// An empty directory of the real file system, removed with all that is in it.
class TemporaryDirectory {
public:
    TemporaryDirectory() {
        const char* base = std::getenv("TMPDIR");
        path_ = std::string(base == nullptr ? "/tmp" : base) + "/kvilt-env-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) std::abort();
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() { clear(path_); }

    const std::string& path() const noexcept { return path_; }
    std::string operator/(const char* name) const { return path_ + "/" + name; }

private:
    static void clear(const std::string& path) {
        PosixFileSystem files;
        ::chmod(path.c_str(), 0700);
        if (const auto names = files.list(path))
            for (const std::string& name : *names) clear(path + "/" + name);
        static_cast<void>(files.remove(path));
    }

    std::string path_;
};

inline std::uint64_t test_seed() {
    const char* given = std::getenv("KVILT_SEED");
    return given == nullptr ? 20'240'607 : std::strtoull(given, nullptr, 10);
}

} // namespace kvilt
