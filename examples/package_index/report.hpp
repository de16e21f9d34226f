// What the demo says, and whether all that it checked was true.
#pragma once

#include <kvilt/core/result.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <unistd.h>
#include <utility>

// The value of a result; its error is thrown, and ends the program with its sentence.
template <class T>
T must(kvilt::Result<T> result) {
    if (!result) throw kvilt::Exception(std::move(result).error());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// "1,234,567"
inline std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
    return digits;
}

inline std::string decimal(double number, int places) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*f", places, number);
    return text;
}

inline std::string megabytes(std::uint64_t bytes) { return decimal(static_cast<double>(bytes) / 1e6, 1) + " MB"; }

class Stopwatch {
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count(); }
    std::uint64_t per_second(std::size_t count) const {
        return static_cast<std::uint64_t>(static_cast<double>(count) / seconds());
    }

private:
    std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

class Report {
public:
    void act(const std::string& title) { std::printf("\n%s\n", title.c_str()); }
    void say(const std::string& line) { std::printf("   %s\n", line.c_str()); }

    // Every act ends in some of these; one that does not hold makes the program fail.
    void check(bool holds, const std::string& what) {
        std::printf("   %s %s\n", holds ? "ok    " : "FAILED", what.c_str());
        if (!holds) ++failures_;
        ++checks_;
    }

    int checks() const { return checks_; }
    int failures() const { return failures_; }

private:
    int checks_ = 0;
    int failures_ = 0;
};

// A bar that grows in place, on a terminal only.
class Progress {
public:
    explicit Progress(std::size_t total) : total_(total), shown_(isatty(STDOUT_FILENO) == 1) {}
    ~Progress() {
        if (shown_) std::printf("\r%*s\r", width + 12, "");
    }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void advance() {
        ++done_;
        const std::size_t percent = done_ * 100 / total_;
        if (!shown_ || percent == percent_) return;
        percent_ = percent;
        const int filled = static_cast<int>(percent) * width / 100;
        std::printf("\r   [%s%*s] %3zu%%", std::string(static_cast<std::size_t>(filled), '#').c_str(), width - filled,
                    "", percent);
        std::fflush(stdout);
    }

private:
    static constexpr int width = 50;

    std::size_t total_;
    bool shown_;
    std::size_t done_ = 0;
    std::size_t percent_ = 0;
};
