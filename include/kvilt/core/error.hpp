// What can go wrong, as a value that prints as one sentence with its cure.
#pragma once

#include <cstdint>
#include <cstring>
#include <exception>
#include <string>
#include <utility>

namespace kvilt {

enum class Errc : std::uint8_t {
    io = 1,           // the operating system refused; os_code says why
    full,             // no space (ENOSPC, EDQUOT), or a memory budget is spent
    corruption,       // stored bytes fail their checksum or contradict each other
    incompatible,     // the files belong to another composition, format version or schema
    invalid_option,   // an option is out of its range
    invalid_argument, // a key, value or batch is over its limit
    not_found,        // a file or directory that must exist does not
    exists,           // a file or directory that must not exist does
    locked,           // another store holds the directory
    read_only,        // the store was opened read-only, or became so after a failed log write
    closed,           // used after close()
    siblings,         // several concurrent values: use fetch
    unavailable,      // not enough replicas can be reached
    unknown,          // a write whose outcome is not known (timed out)
    conflict,         // the write names a version that is not the present one
    clock_ahead,      // a stamp is further ahead of the clock than clocks may differ
};

constexpr const char* name_of(Errc code) noexcept {
    switch (code) {
    case Errc::io:
        return "input/output error";
    case Errc::full:
        return "no space";
    case Errc::corruption:
        return "corruption";
    case Errc::incompatible:
        return "incompatible";
    case Errc::invalid_option:
        return "invalid option";
    case Errc::invalid_argument:
        return "invalid argument";
    case Errc::not_found:
        return "not found";
    case Errc::exists:
        return "exists already";
    case Errc::locked:
        return "locked";
    case Errc::read_only:
        return "read-only";
    case Errc::closed:
        return "closed";
    case Errc::siblings:
        return "siblings";
    case Errc::unavailable:
        return "unavailable";
    case Errc::unknown:
        return "unknown outcome";
    case Errc::conflict:
        return "version conflict";
    case Errc::clock_ahead:
        return "clock ahead";
    }
    return "unnamed error";
}

// `operation` is a string literal: what was being done. `subject` names the file, key or option, says what was wrong
// and, where there is one, the cure. `os_code` is an errno or 0.
struct Error {
    Errc code = Errc::io;
    int os_code = 0;
    const char* operation = "";
    std::string subject{};

    // "open: locked: /data/ledger/LOCK is held by process 4711"
    std::string message() const {
        std::string text = operation;
        text.append(": ").append(name_of(code));
        if (!subject.empty()) text.append(": ").append(subject);
        if (os_code != 0) text.append(" (").append(std::strerror(os_code)).append(")");
        return text;
    }

    friend bool operator==(const Error& error, Errc wanted) noexcept { return error.code == wanted; }
};

inline std::string to_string(const Error& error) { return error.message(); }

// Thrown only where a value cannot be returned: constructors, and the range form of scan.
class Exception : public std::exception {
public:
    explicit Exception(Error error) : error_(std::move(error)), text_(error_.message()) {}
    const char* what() const noexcept override { return text_.c_str(); }
    const Error& error() const noexcept { return error_; }

private:
    Error error_;
    std::string text_;
};

} // namespace kvilt
