// What a store is asked to do, drawn from a seed: every kind of call, on few keys, so that they meet.
// docs/testing.md
#pragma once

#include <kvilt/sim/history.hpp>

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::sim {

struct Action {
    enum class Kind : std::uint8_t {
        write,
        sync,
        flush,
        compact,
        checkpoint,
        snapshot, // taken, or read and given back
        reopen,   // close and open
        background,
    };
    Kind kind = Kind::write;
    Batch batch{};       // of a write; of one record: a put or an erase
    bool synced = false; // {.sync = true}
};

constexpr const char* name_of(Action::Kind kind) noexcept {
    constexpr const char* names[] = {"write",      "sync",     "flush",  "compact",
                                     "checkpoint", "snapshot", "reopen", "background"};
    return names[static_cast<std::size_t>(kind)];
}

// The nth action follows from the seed and n. No value is written twice; see History for what is put into batches.
class Workload {
public:
    struct Options {
        std::uint64_t seed = 1;
        std::size_t keys = 48;
        std::size_t value_bytes_max = 3000; // most are far smaller
        bool syncs = true;                  // writes with {.sync = true} too
        std::uint64_t values_before = 0;    // those of another workload on the same store: values are numbered
    };

    Workload(const Options& options, History::ShardOf shard_of)
        : options_(options), shard_of_(std::move(shard_of)), values_(options.values_before) {
        for (std::size_t n = 0; n < options_.keys; ++n) keys_.push_back(key_of(n));
    }

    const std::vector<std::string>& keys() const noexcept { return keys_; }

    Action next() {
        const std::uint64_t draw = mix(options_.seed, ++number_);
        Action action;
        action.kind = kind_of(draw % 100);
        if (action.kind == Action::Kind::write) {
            action.batch = batch(draw / 100);
            action.synced = options_.syncs && draw / 100 % 16 == 0;
        }
        return action;
    }

    // A write; the same draw makes another batch each time.
    Batch batch(std::uint64_t draw) {
        Batch made;
        if (draw % 5 == 0) {
            const std::size_t count = 2 + draw / 5 % 4;
            for (std::size_t n = 0; n < count; ++n) add_pair(made, mix(draw, n));
        } else if (draw % 5 == 1) {
            made.erase(erasable(draw / 5));
        } else {
            const std::uint64_t which = mix(draw);
            put(made, which % 2 == 0 ? lasting(which / 2) : erasable(which / 2), draw);
        }
        return made;
    }

    // One key, a new value.
    Batch put(const std::string& key) {
        Batch made;
        put(made, key, ++number_);
        return made;
    }

private:
    static Action::Kind kind_of(std::uint64_t percent) noexcept {
        using enum Action::Kind;
        constexpr std::pair<std::uint64_t, Action::Kind> rows[] = {{80, write},   {84, sync},       {87, flush},
                                                                   {89, compact}, {90, checkpoint}, {94, snapshot},
                                                                   {96, reopen},  {100, background}};
        for (const auto& [below, kind] : rows)
            if (percent < below) return kind;
        return write;
    }

    // "a0" to "z0" and so on: even keys last, odd ones are erased too.
    static std::string key_of(std::size_t n) {
        return std::string(1, static_cast<char>('a' + n / 2 % 26)) + std::to_string(n / 52 * 2 + n % 2);
    }
    const std::string& lasting(std::uint64_t draw) const { return keys_[draw % (keys_.size() / 2) * 2]; }
    const std::string& erasable(std::uint64_t draw) const { return keys_[draw % (keys_.size() / 2) * 2 + 1]; }

    void put(Batch& to, const std::string& key, std::uint64_t draw) {
        const std::size_t bytes = draw % 8 == 0 ? mix(draw, 7) % (options_.value_bytes_max + 1) : mix(draw, 7) % 100;
        std::string value = std::to_string(++values_) + ":";
        for (std::size_t at = value.size(); at < bytes; ++at)
            value.push_back(static_cast<char>('A' + (draw + at) % 60));
        to.put(key, value);
    }

    void add_pair(Batch& to, std::uint64_t draw) {
        const std::string& key = lasting(draw / 4);
        put(to, key, draw);
        if (draw % 4 >= 2) return;
        const std::string& other = erasable(mix(draw));
        if (shard_of_(other) != shard_of_(key)) return;
        if (draw % 4 == 0)
            to.erase(other);
        else
            put(to, other, draw);
    }

    Options options_;
    History::ShardOf shard_of_;
    std::vector<std::string> keys_{};
    std::uint64_t number_ = 0;
    std::uint64_t values_;
};

} // namespace kvilt::sim
