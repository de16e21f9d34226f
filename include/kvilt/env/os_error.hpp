// What the operating system refused, as an Error: the code that callers branch on, the path, and the cure.
#pragma once

#include <kvilt/core/result.hpp>

#include <cerrno>

namespace kvilt::detail {

constexpr Errc errc_of(int os_code) noexcept {
    switch (os_code) {
    case ENOSPC:
    case EDQUOT:
        return Errc::full;
    case ENOENT:
        return Errc::not_found;
    case EEXIST:
        return Errc::exists;
    default:
        return Errc::io;
    }
}

// Empty where the name of the error says it all.
constexpr const char* cure_of(int os_code) noexcept {
    switch (os_code) {
    case ENOSPC:
        return "free some space on its device";
    case EDQUOT:
        return "free some space or raise the disk quota";
    case EMFILE:
        return "raise the limit of open files of this process (ulimit -n)";
    case ENFILE:
        return "raise the limit of open files of this system (fs.file-max)";
    case ENOMEM:
        return "raise vm.max_map_count or the memory limit of this process";
    case EACCES:
    case EPERM:
        return "grant this user the right, or open read-only";
    case EROFS:
        return "open read-only, or mount the file system writable";
    case ELOOP:
        return "files are not written through a symbolic link: name the place itself";
    case EXDEV:
        return "name a place on the same file system";
    default:
        return "";
    }
}

// `operation` is a string literal.
inline std::unexpected<Error> os_failure(const char* operation, std::string path, int os_code) {
    if (const char* cure = cure_of(os_code); *cure != '\0') path.append(": ").append(cure);
    return failure(errc_of(os_code), operation, std::move(path), os_code);
}

} // namespace kvilt::detail
