// A store that is measured, kvilt or a peer: what every workload may ask of it.
#pragma once

#include <kvilt/core/bytes.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace bench {

using kvilt::Bytes;

struct Entry {
    Bytes key{};
    Bytes value{};
};

// What a scan has met: each entry is looked at, so that no engine gets away with less.
struct Sum {
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;
    std::uint64_t tails = 0; // of the last bytes of keys and values

    void add(Bytes key, Bytes value) noexcept {
        ++entries;
        bytes += key.size() + value.size();
        tails += static_cast<unsigned char>(key.back()) + static_cast<unsigned char>(value.back());
    }
};

enum class Direction : std::uint8_t { forward, reverse };

// One thread's way into an engine. What it returns is as safe as the engine's description says. Errors throw.
class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    virtual void put(Bytes key, Bytes value) = 0;
    // Survives power loss when it returns.
    virtual void put_synced(Bytes key, Bytes value) = 0;
    // All or nothing, where the engine can.
    virtual void put_batch(std::span<const Entry> entries) = 0;
    virtual void remove(Bytes key) = 0;

    // Into a string that is used again and again.
    virtual bool get(Bytes key, std::string& value) = 0;
    // How many were found; values of others are left as they are. By the engine's own call for many keys, if it has
    // one.
    virtual std::size_t get_many(std::span<const Bytes> keys, std::span<std::string> values) {
        std::size_t found = 0;
        for (std::size_t n = 0; n < keys.size(); ++n) found += get(keys[n], values[n]);
        return found;
    }

    // At most `count` entries in order, from the first at or behind `from`, or in reverse from the last at or before
    // it; an empty `from` is the very first or last. Only of engines that keep order.
    virtual void scan(Bytes from, Direction direction, std::size_t count, Sum& sum) = 0;
};

// Open, in a directory of its own. Sessions end before it does.
class Engine {
public:
    Engine() = default;
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;
    virtual ~Engine() = default; // closes in order

    // May be called, and sessions used, by several threads where the description says so.
    virtual std::unique_ptr<Session> session() = 0;

    // Returns once nothing is left to do in the background: what reads meet in the long run.
    virtual void settle() = 0;
    // Into the best shape for reads, where the engine has a call for it.
    virtual void compact() { settle(); }
};

struct EngineOptions {
    std::string directory{}; // exists; what is in it stays from one opening to the next
    std::size_t entries = 0; // that are to come: some size a table or a map by it
    std::size_t value_bytes = 0;
    std::size_t memory_bytes_max = 0; // 0: more than the data
    bool compressed = false;
};

// What is said of an engine beside its figures.
struct Description {
    std::string name{};        // on the command line, and in tables: "kvilt-lsm", "rocksdb"
    std::string version{};     // of the library that is linked
    std::string settings{};    // what was tuned, in one sentence
    std::string after_kill{};  // what a killed process has left of its puts
    std::string after_power{}; // what a power cut has left of them, without a sync
    std::string warning{};     // "built with assertions", or nothing
    bool ours = false;
    bool ordered = true;
    bool threads = true;  // sessions of several threads
    bool by_name = false; // measured only when it is asked for by its name
};

struct Candidate {
    Description description{};
    std::function<std::unique_ptr<Engine>(const EngineOptions&)> open{};
};

// Those that were found when the program was configured, ours first. Each is made in a file of its own, engines/*.cpp.
std::vector<Candidate> candidates();

} // namespace bench
