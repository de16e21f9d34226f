// Calls of the memory world, and how to make them fail.
#pragma once

#include <kvilt/core/bytes.hpp>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt {

enum class CallKind : std::uint8_t {
    open,
    create,
    read,
    write,
    sync,
    size,
    resize,
    reserve,
    map,
    close,
    remove,
    rename,
    link,
    exists,
    list,
    create_directory,
    sync_directory,
    lock,
};

inline constexpr std::size_t call_kind_count = static_cast<std::size_t>(CallKind::lock) + 1;

constexpr const char* name_of(CallKind kind) noexcept {
    constexpr const char* names[] = {
        "open",  "create", "read",   "write", "sync",   "size", "resize",           "reserve",        "map",
        "close", "remove", "rename", "link",  "exists", "list", "create_directory", "sync_directory", "lock"};
    static_assert(std::size(names) == call_kind_count);
    return names[static_cast<std::size_t>(kind)];
}

// One call, as a hook sees it: once before anything has happened, once when all has.
struct Call {
    CallKind kind = CallKind::open;
    bool done = false;
    bool failed = false;      // known when done
    std::uint64_t number = 0; // counts the calls of this world from 1
    std::string path{};       // for two paths the first
    std::uint64_t offset = 0; // of reads and writes
    std::uint64_t bytes = 0;  // to read or write, or the length of resize and reserve
};

// Makes a call fail with an errno.
struct Fault {
    std::optional<CallKind> kind{}; // nothing: any kind
    std::uint64_t call = 1;         // which of the matching calls from now on, counted from 1
    int os_code = EIO;
    bool for_ever = false;        // and all later ones
    std::uint64_t bytes_done = 0; // a failing write has written so many first
    std::string path{};           // only calls whose path contains this
};

// The faults that are set, each with its count of matching calls. Not thread-safe.
class FaultPlan {
public:
    void add(Fault fault) { faults_.emplace_back(std::move(fault), 0); }
    void clear() { faults_.clear(); }

    // Counts the call; the fault that hits it, if one does.
    std::optional<Fault> meet(CallKind kind, const std::string& path) {
        std::optional<Fault> hit;
        for (auto& [fault, met] : faults_) {
            if (fault.kind.value_or(kind) != kind || path.find(fault.path) == std::string::npos) continue;
            ++met;
            if (!hit && (met == fault.call || (fault.for_ever && met > fault.call))) hit = fault;
        }
        return hit;
    }

private:
    std::vector<std::pair<Fault, std::uint64_t>> faults_;
};

} // namespace kvilt
