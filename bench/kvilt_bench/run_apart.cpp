// Starting a run and listening to it.
#include "run.hpp"
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

std::string last_line(const std::string& path) {
    std::ifstream file(path);
    std::string last;
    for (std::string line; std::getline(file, line);)
        if (!line.empty()) last = line;
    return last;
}

// A process of this program; killed, and waited for, unless it has ended.
class Process {
public:
    Process(const Options& options, const std::string& complaints_path) {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be had");
        std::vector<std::string> words = words_of(options);
        words.insert(words.begin(), "kvilt_bench");
        std::vector<char*> arguments;
        for (std::string& word : words) arguments.push_back(word.data());
        arguments.push_back(nullptr);
        const std::string group = options.memory_group.empty() ? "" : options.memory_group + "/cgroup.procs";
        const pid_t parent = ::getpid();
        id_ = ::fork();
        if (id_ == 0) become(arguments.data(), ends[1], complaints_path.c_str(), group.c_str(), parent);
        ::close(ends[1]);
        output_ = ends[0];
        if (id_ < 0) throw std::runtime_error("no process can be started");
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        if (id_ > 0) {
            ::kill(id_, SIGKILL);
            ::waitpid(id_, nullptr, 0);
        }
        ::close(output_);
    }

    // One more line; nothing at the end. Throws when `deadline` has passed.
    std::optional<std::string> line(Clock::time_point deadline) {
        for (;;) {
            if (const std::size_t end = text_.find('\n'); end != std::string::npos) {
                std::string line = text_.substr(0, end);
                text_.erase(0, end + 1);
                return line;
            }
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (left <= 0) throw std::runtime_error("it took longer than --timeout-seconds");
            pollfd waited{.fd = output_, .events = POLLIN, .revents = 0};
            const int ready = ::poll(&waited, 1, static_cast<int>(std::min<long long>(left, 1 << 30)));
            if (ready < 0 && errno == EINTR) throw Interrupted();
            if (ready <= 0) continue;
            std::array<char, 4096> piece;
            const ssize_t size = ::read(output_, piece.data(), piece.size());
            if (size <= 0) return std::nullopt;
            text_.append(piece.data(), static_cast<std::size_t>(size));
        }
    }

    // How it ended, or nothing if well.
    std::string end() {
        int ended = 0;
        while (::waitpid(id_, &ended, 0) < 0 && errno == EINTR) {
        }
        id_ = -1;
        if (WIFSIGNALED(ended)) return std::string("it was ended by ") + ::strsignal(WTERMSIG(ended));
        return WEXITSTATUS(ended) == 0 ? "" : "it ended with " + std::to_string(WEXITSTATUS(ended));
    }

private:
    [[noreturn]] static void become(char** words, int output, const char* complaints, const char* group, pid_t parent) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::getppid() != parent) ::_exit(1);
        const int errors = ::open(complaints, O_WRONLY | O_CREAT | O_APPEND, 0644);
        ::dup2(output, STDOUT_FILENO);
        ::dup2(errors, STDERR_FILENO);
        if (*group != '\0') {
            const int procs = ::open(group, O_WRONLY | O_CLOEXEC);
            if (::write(procs, "0", 1) != 1) {
                ::dprintf(STDERR_FILENO, "%s cannot be joined: %s\n", group, std::strerror(errno));
                ::_exit(1);
            }
        }
        ::execv("/proc/self/exe", words);
        ::_exit(1);
    }

    pid_t id_ = -1;
    int output_ = -1;
    std::string text_{};
};

} // namespace

Outcome run_apart(const Options& options, const std::function<void(const std::string&)>& begins) {
    const std::string complaints = options.run_directory + ".errors";
    std::filesystem::create_directory(options.run_directory);
    Outcome outcome;
    bool done = false;
    {
        Process process(options, complaints);
        const auto deadline = Clock::now() + std::chrono::seconds(options.timeout_seconds);
        try {
            while (const auto line = process.line(deadline)) {
                if (line->starts_with("begin ")) begins(line->substr(6));
                if (auto figures = from_line(*line)) outcome.rows.push_back(std::move(*figures));
                done = done || *line == "done";
            }
            outcome.failure = process.end();
        } catch (const std::runtime_error& error) {
            outcome.failure = error.what();
        }
    }
    if (!done || !outcome.failure.empty()) {
        if (outcome.failure.empty()) outcome.failure = "it ended early";
        if (const std::string last = last_line(complaints); !last.empty()) outcome.failure += ": " + last;
    }
    std::filesystem::remove_all(options.run_directory);
    std::filesystem::remove(complaints);
    return outcome;
}

void limit_memory_group(const std::string& path, std::size_t bytes_max) {
    for (const char* name : {"/memory.max", "/memory.limit_in_bytes"}) {
        if (!std::filesystem::exists(path + name)) continue;
        std::ofstream file(path + name);
        file << bytes_max << std::flush;
        if (file) return;
        throw std::runtime_error(path + name + " cannot be written: make the group as root, or give it to yourself");
    }
    throw std::runtime_error(path + " is no control group with a limit of memory: make one, for instance with mkdir "
                                    "/sys/fs/cgroup/kvilt_bench, and name it with --memory-group");
}

} // namespace bench
