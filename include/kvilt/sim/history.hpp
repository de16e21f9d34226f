// The commits of a store in their order: the oracle of what a crash may leave.
// docs/testing.md
#pragma once

#include <kvilt/core/batch.hpp>
#include <kvilt/core/checksum.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kvilt::sim {

// Pairs of key and value.
using Content = std::map<std::string, std::string, std::less<>>;

// How many commits, for each shard.
using Commits = std::vector<std::size_t>;

inline void apply(Content& content, const LogRecord& record) {
    if (record.kind() == Kind::put)
        content[std::string(record.key())] = record.value();
    else
        content.erase(std::string(record.key()));
}

// The first difference of two contents; empty if there is none.
inline std::string difference(const Content& wanted, const Content& found) {
    const auto shown = [](const Content& content, const std::string& key) -> std::string {
        const auto place = content.find(key);
        return place == content.end() ? "nothing" : "\"" + place->second.substr(0, 40) + "\"";
    };
    const auto judge = [&](const std::string& key) -> std::string {
        const auto a = wanted.find(key);
        const auto b = found.find(key);
        if (a != wanted.end() && b != found.end() && a->second == b->second) return {};
        return "key \"" + key + "\" has " + shown(found, key) + " in place of " + shown(wanted, key);
    };
    for (const auto& pair : wanted)
        if (std::string text = judge(pair.first); !text.empty()) return text;
    for (const auto& pair : found)
        if (std::string text = judge(pair.first); !text.empty()) return text;
    return {};
}

// States are known by fingerprints, so a value must never be written twice. A batch over shards counts as a commit in
// each, and can be told from its absence only if it puts, in each, a key that is never erased.
class History {
public:
    using ShardOf = std::function<std::size_t(Bytes)>;

    explicit History(
        std::size_t shards = 1, ShardOf shard_of = [](Bytes) { return std::size_t{0}; })
        : shard_of_(std::move(shard_of)), states_(shards, {0}), acknowledged_(shards), secured_(shards) {}

    std::size_t shard_of(Bytes key) const { return shard_of_(key); }

    // A commit has begun: from now on a crash may leave it.
    void begin(const Batch& batch) {
        undo_.clear();
        Parts parts;
        batch.for_each([&](const LogRecord& record) {
            const std::size_t shard = shard_of_(record.key());
            if (parts.emplace(shard, states_[shard].size()).second) states_[shard].push_back(states_[shard].back());
            std::uint64_t& state = states_[shard].back();
            state -= print_of(record.key());
            const auto before = content_.find(record.key());
            undo_.emplace_back(record.key(), before == content_.end() ? std::nullopt : std::optional(before->second));
            apply(content_, record);
            state += print_of(record.key());
        });
        commits_.push_back({batch, std::move(parts)});
    }

    // The commit has returned: the death of the process must leave it, where the log survives that.
    void acknowledge() { acknowledged_ = begun(); }

    // The newest commit.
    const Batch& last() const noexcept { return commits_.back().batch; }

    // The newest commit has failed and is known to have left nothing.
    void withdraw() {
        for (const auto& part : commits_.back().parts) states_[part.first].pop_back();
        commits_.pop_back();
        for (auto change = undo_.rbegin(); change != undo_.rend(); ++change) {
            if (change->second)
                content_[change->first] = *change->second;
            else
                content_.erase(change->first);
        }
    }

    // A recovery has settled for these commits: they are all there ever were.
    void rewind(const Commits& commits) {
        History kept(states_.size(), shard_of_);
        for (const Commit& commit : commits_)
            if (commit.parts_within(commits) != 0) kept.begin(commit.batch);
        kept.acknowledge();
        kept.secure();
        *this = std::move(kept);
    }

    // Everything acknowledged must survive the loss of power.
    void secure() { secured_ = acknowledged_; }

    Commits begun() const {
        Commits counts;
        for (const auto& states : states_) counts.push_back(states.size() - 1);
        return counts;
    }
    const Commits& acknowledged() const noexcept { return acknowledged_; }
    const Commits& secured() const noexcept { return secured_; }

    // After all that has begun.
    const Content& content() const noexcept { return content_; }

    // Whether `found` is, on each shard, the state after so many commits, from `least` to `most`, and has no batch in
    // part. Empty, with their numbers in `commits`, or a sentence.
    std::string judge(const Content& found, const Commits& least, const Commits& most, Commits& commits) const {
        std::vector<std::uint64_t> prints(states_.size(), 0);
        for (const auto& [key, value] : found) prints[shard_of_(key)] += print(key, value);
        commits.assign(states_.size(), 0);
        for (std::size_t shard = 0; shard < states_.size(); ++shard) {
            std::size_t n = most[shard] + 1;
            while (n > least[shard] && states_[shard][n - 1] != prints[shard]) --n;
            if (n == least[shard]) return explain(found, shard, least[shard], most[shard]);
            commits[shard] = n - 1;
        }
        for (const Commit& commit : commits_)
            if (const std::size_t there = commit.parts_within(commits); there != 0 && there != commit.parts.size())
                return "a batch over " + std::to_string(commit.parts.size()) + " shards came back on " +
                       std::to_string(there) + " of them";
        return {};
    }

private:
    using Parts = std::map<std::size_t, std::size_t>; // shard, and its number of commits with this one

    struct Commit {
        Batch batch;
        Parts parts;

        std::size_t parts_within(const Commits& commits) const {
            std::size_t count = 0;
            for (const auto& [shard, number] : parts) count += number <= commits[shard];
            return count;
        }
    };

    static std::uint64_t print(Bytes key, Bytes value) noexcept { return mix(hash_key(key), hash_key(value)); }
    std::uint64_t print_of(Bytes key) const {
        const auto found = content_.find(key);
        return found == content_.end() ? 0 : print(key, found->second);
    }

    // Whatever it is nearest to, and how it differs from that.
    std::string explain(const Content& found, std::size_t shard, std::size_t least, std::size_t most) const {
        Content here;
        for (const auto& pair : found)
            if (shard_of_(pair.first) == shard) here.insert(pair);
        Content state;
        std::size_t n = 0;
        std::size_t nearest = 0;
        std::size_t distance_nearest = ~std::size_t{0};
        Content wanted;
        const auto consider = [&] {
            const std::size_t distance = distance_of(state, here);
            if (distance > distance_nearest) return;
            distance_nearest = distance;
            nearest = n;
            wanted = state;
        };
        consider();
        for (const Commit& commit : commits_) {
            if (!commit.parts.contains(shard)) continue;
            commit.batch.for_each([&](const LogRecord& record) {
                if (shard_of_(record.key()) == shard) apply(state, record);
            });
            ++n;
            consider();
        }
        std::string text = states_.size() == 1 ? "" : "shard " + std::to_string(shard) + ": ";
        text += "what came back is no state from commit " + std::to_string(least) + " to " + std::to_string(most) +
                ", but ";
        if (distance_nearest == 0) return text + "that after commit " + std::to_string(nearest);
        return text + std::to_string(distance_nearest) + " keys from that after commit " + std::to_string(nearest) +
               ": " + difference(wanted, here);
    }

    static std::size_t distance_of(const Content& a, const Content& b) {
        std::size_t equal = 0;
        for (const auto& [key, value] : a) {
            const auto found = b.find(key);
            equal += found != b.end() && found->second == value;
        }
        return std::max(a.size(), b.size()) - equal;
    }

    ShardOf shard_of_;
    std::vector<std::vector<std::uint64_t>> states_; // for each shard, after 0, 1, ... commits
    Commits acknowledged_;
    Commits secured_;
    Content content_{};
    std::vector<Commit> commits_{};
    std::vector<std::pair<std::string, std::optional<std::string>>> undo_{}; // of the last commit
};

} // namespace kvilt::sim
