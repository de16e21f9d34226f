// Result<T>: a value or an Error. Absence is std::optional, never an error.
#pragma once

#include <kvilt/core/error.hpp>

#include <expected>
#include <string>
#include <utility>

namespace kvilt {

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(Errc code, const char* operation, std::string subject = {}, int os_code = 0) {
    return std::unexpected<Error>(Error{code, os_code, operation, std::move(subject)});
}

} // namespace kvilt

// Internal control flow: return the error of a Result, or go on (with its value bound to `name`).
#define KVILT_TRY(...)                                                                                                 \
    do {                                                                                                               \
        if (auto kvilt_result = (__VA_ARGS__); !kvilt_result)                                                          \
            return std::unexpected<::kvilt::Error>(std::move(kvilt_result).error());                                   \
    } while (false)

#define KVILT_JOIN_(a, b) a##b
#define KVILT_JOIN(a, b) KVILT_JOIN_(a, b)
#define KVILT_TRY_ASSIGN(name, ...) KVILT_TRY_ASSIGN_(KVILT_JOIN(kvilt_result_, __LINE__), name, __VA_ARGS__)
#define KVILT_TRY_ASSIGN_(result, name, ...)                                                                           \
    auto result = (__VA_ARGS__);                                                                                       \
    if (!result) return std::unexpected<::kvilt::Error>(std::move(result).error());                                    \
    auto name = std::move(*result)
