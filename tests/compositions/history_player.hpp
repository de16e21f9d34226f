// Plays a random history on a store and on a model, and compares every answer.
#pragma once

#include "history_draw.hpp"
#include "history_subject.hpp"
#include <map>
#include <stdexcept>

namespace history {

using Content = std::map<std::string, std::string, std::less<>>;

// Throws std::runtime_error at the first answer that is not the model's. The answers of all stores to one seed have one
// digest; where a store has no scans, their answers are the only ones to be left out.
class Player {
public:
    Player(Subject& store, std::uint64_t seed, std::string checkpoints)
        : store_(store), seed_(seed), checkpoints_(std::move(checkpoints)), keys_(make_keys(seed)) {}

    void play(std::size_t operations) {
        for (std::size_t n = 0; n < operations; ++n) {
            Draw draw(kvilt::mix(seed_, 1'000 + ++operation_));
            step(draw);
        }
        name_ = "the last look";
        compare(store_, content_);
        count_work();
    }

    std::uint64_t digest() const noexcept { return digest_; }
    std::uint64_t scans_digest() const noexcept { return scans_digest_; }

    struct Work {
        std::uint64_t flushes = 0;
        std::uint64_t compactions = 0;
        std::uint64_t cleaned_segments = 0;
    };
    const Work& work() const noexcept { return work_; }

private:
    using Act = void (Player::*)(Draw&);
    struct Row {
        std::size_t share;
        const char* name;
        Act act;
    };
    template <std::size_t n>
    static constexpr std::size_t shares_of(const Row (&rows)[n]) {
        std::size_t sum = 0;
        for (const Row& row : rows) sum += row.share;
        return sum;
    }
    static constexpr std::size_t snapshots_max = 4;
    static constexpr std::size_t phase_operations = 700; // every fourth phase erases what the others have put

    void step(Draw& draw) {
        static constexpr Row rows[] = {
            {300, "put", &Player::put},
            {80, "erase", &Player::erase},
            {60, "batch", &Player::batch},
            {40, "put_if_absent", &Player::put_if_absent},
            {50, "compare_and_set", &Player::compare_and_set},
            {150, "get", &Player::get},
            {40, "get_many", &Player::get_many},
            {50, "view", &Player::view},
            {90, "scan", &Player::scan},
            {25, "snapshot", &Player::take_snapshot},
            {50, "get of a snapshot", &Player::get_of_snapshot},
            {15, "scan of a snapshot", &Player::scan_of_snapshot},
            {18, "release of a snapshot", &Player::release_snapshot},
            {6, "flush", &Player::flush},
            {3, "compact", &Player::compact},
            {3, "close and reopen", &Player::reopen_closed},
            {3, "reopen without close", &Player::reopen_dropped},
            {2, "checkpoint", &Player::checkpoint},
            {3, "verify", &Player::verify},
            {7, "stats", &Player::stats},
            {5, "sync", &Player::sync},
        };
        static_assert(shares_of(rows) == 1'000);
        std::size_t place = draw.below(1'000);
        const Row* row = rows;
        for (; place >= row->share; ++row) place -= row->share;
        const bool erasing = operation_ / phase_operations % 4 == 3;
        if (erasing && row->act == &Player::put && !draw.one_in(4)) row = &rows[1];
        name_ = row->name;
        (this->*row->act)(draw);
    }

    // ---- writes

    void put(Draw& draw) {
        const std::string& key = any_key(draw);
        const std::string value = make_value(draw);
        must(store_.put(key, value, draw.one_in(50)));
        set(content_, key, value);
    }

    void erase(Draw& draw) {
        const std::string& key = any_key(draw);
        must(store_.erase(key, draw.one_in(50)));
        ++sequence_;
        content_.erase(key);
    }

    void batch(Draw& draw) {
        kvilt::Batch writes;
        for (std::size_t count = draw.one_in(20) ? draw.below(200) : draw.below(8); count > 0; --count) {
            const std::string& key = any_key(draw);
            if (draw.one_in(4)) {
                writes.erase(key);
                ++sequence_;
                content_.erase(key);
            } else {
                const std::string value = make_value(draw);
                writes.put(key, value);
                set(content_, key, value);
            }
        }
        must(store_.apply(writes, draw.one_in(50)));
    }

    void put_if_absent(Draw& draw) {
        const std::string& key = any_key(draw);
        const std::string value = make_value(draw);
        const bool written = must(store_.put_if_absent(key, value));
        note(written);
        agree(written == !content_.contains(key), key, "tells wrongly whether the key was there");
        if (written) set(content_, key, value);
    }

    void compare_and_set(Draw& draw) {
        const std::string& key = any_key(draw);
        const std::string value = make_value(draw);
        const auto present = content_.find(key);
        const bool lies = draw.one_in(3);
        const std::string expected = (present == content_.end() ? "" : present->second) + (lies ? "?" : "");
        const bool written = must(store_.compare_and_set(key, expected, value));
        note(written);
        agree(written == (present != content_.end() && !lies), key, "tells wrongly whether the value was the expected");
        if (written) set(content_, key, value);
    }

    // ---- reads

    void get(Draw& draw) { note(check_get(store_, newest, content_, any_key(draw))); }

    void get_many(Draw& draw) {
        std::vector<std::string> keys;
        for (std::size_t count = draw.below(20); count > 0; --count) keys.push_back(any_key(draw));
        const auto values = must(store_.get_many(keys));
        agree(values.size() == keys.size(), "", "gives another number of values");
        for (std::size_t n = 0; n < keys.size(); ++n) {
            note(values[n]);
            agree(values[n] == value_in(content_, keys[n]), keys[n], "gives another value");
        }
    }

    // What is viewed stays as it is while it is viewed, whatever is written meanwhile.
    void view(Draw& draw) {
        const std::string& key = any_key(draw);
        const bool writes = draw.one_in(2);
        const std::string fresh = make_value(draw);
        Value seen;
        const bool found = must(store_.view(key, [&](Bytes bytes) {
            seen = bytes;
            if (!writes) return;
            must(store_.put(key, fresh, false));
            must(store_.put(keys_.front(), fresh, false));
            agree(bytes == *seen, key, "changes under its reader");
        }));
        note(seen);
        agree(found == seen.has_value(), key, "tells wrongly whether it called");
        agree(seen == value_in(content_, key), key, "shows another value");
        if (!writes || !found) return;
        set(content_, key, fresh);
        set(content_, keys_.front(), fresh);
    }

    void scan(Draw& draw) { check_scan(draw, newest, content_); }

    // ---- snapshots

    void take_snapshot(Draw& draw) {
        if (snapshots_.size() == snapshots_max) release_snapshot(draw);
        store_.take_snapshot();
        snapshots_.push_back(content_);
    }
    void get_of_snapshot(Draw& draw) {
        if (snapshots_.empty()) return;
        const std::size_t at = draw.below(snapshots_.size());
        note(check_get(store_, at, snapshots_[at], any_key(draw)));
    }
    void scan_of_snapshot(Draw& draw) {
        if (snapshots_.empty()) return;
        const std::size_t at = draw.below(snapshots_.size());
        check_scan(draw, at, Content(snapshots_[at]));
    }
    void release_snapshot(Draw& draw) {
        if (snapshots_.empty()) return;
        const std::size_t at = draw.below(snapshots_.size());
        for (std::size_t n = 0; n < 10; ++n) note(check_get(store_, at, snapshots_[at], any_key(draw)));
        store_.release_snapshot(at);
        std::swap(snapshots_[at], snapshots_.back());
        snapshots_.pop_back();
    }

    // ---- upkeep

    void flush(Draw&) { must(store_.flush()); }
    void compact(Draw&) { must(store_.compact()); }
    void sync(Draw&) { must(store_.sync()); }
    void verify(Draw&) { agree((must(store_.verify()) > 0) == store_.on_disk(), "", "counts no bytes"); }

    void reopen_closed(Draw& draw) { reopen(draw, true); }
    void reopen_dropped(Draw& draw) { reopen(draw, false); }
    void reopen(Draw& draw, bool close_first) {
        while (!snapshots_.empty()) release_snapshot(draw);
        if (store_.on_disk()) count_work();
        must(store_.reopen(close_first));
        compare(store_, content_);
    }

    void checkpoint(Draw&) {
        if (!store_.on_disk()) return;
        const std::string directory = checkpoints_ + "/" + std::to_string(operation_);
        must(store_.checkpoint(directory));
        const auto copy = must(store_.open_checkpoint(directory));
        compare(*copy, content_);
        must(copy->verify());
        must(copy->put("only in the copy", "", false));
        must(copy->close());
        agree(!must(store_.get("only in the copy", newest)), "", "shares its files with the copy");
    }

    void stats(Draw&) {
        const kvilt::Stats stats = store_.stats();
        agree(stats.writable && stats.last_error.empty(), "", "reports an error: " + stats.last_error);
        agree(stats.sequence == sequence_, "",
              "counts " + std::to_string(stats.sequence) + " records in place of " + std::to_string(sequence_));
        agree(stats.snapshots == snapshots_.size() * stats.shards, "", "counts other snapshots");
    }

    // ---- answers

    const std::string& any_key(Draw& draw) const { return keys_[draw.below(keys_.size())]; }

    void set(Content& content, const std::string& key, const std::string& value) {
        content[key] = value;
        ++sequence_;
    }

    static Value value_in(const Content& content, Bytes key) {
        const auto at = content.find(key);
        return at == content.end() ? Value{} : Value{at->second};
    }

    Value check_get(const Subject& store, std::size_t at, const Content& content, const std::string& key) {
        auto value = must(store.get(key, at));
        agree(value == value_in(content, key), key, "gives another value");
        return value;
    }

    // The whole content, by every way to read it.
    void compare(const Subject& store, const Content& content) {
        for (const std::string& key : keys_) check_get(store, newest, content, key);
        if (!store.scans()) return;
        for (const bool reverse : {false, true}) {
            std::vector<std::pair<std::string, std::string>> pairs;
            must(store.scan({.range = kvilt::all(), .reverse = reverse}, [&](Bytes key, Bytes value) {
                pairs.emplace_back(key, value);
                return kvilt::Visit::more;
            }));
            if (reverse) std::reverse(pairs.begin(), pairs.end());
            agree(std::equal(pairs.begin(), pairs.end(), content.begin(), content.end(), same_pair), "",
                  "scans other pairs");
        }
    }

    // May stop early, and may write while it walks: a scan sees what was there when it began.
    void check_scan(Draw& draw, std::size_t at, const Content& content) {
        const Subject::Scan scan{make_range(draw, keys_), draw.one_in(2), draw.one_in(3), at};
        const std::size_t stop_at = draw.one_in(2) ? draw.from_to(1, 10) : ~std::size_t{0};
        const std::size_t write_at = draw.one_in(4) ? draw.from_to(1, 10) : ~std::size_t{0};
        const std::string fresh = make_value(draw);
        std::vector<std::pair<std::string, std::string>> expected;
        for (const auto& pair : content)
            if (scan.range.contains(pair.first)) expected.push_back(pair);
        if (scan.reverse && !scan.visits) std::reverse(expected.begin(), expected.end());
        if (expected.size() > stop_at) expected.resize(stop_at);
        const bool writes = expected.size() >= write_at;

        std::vector<std::pair<std::string, std::string>> pairs;
        if (store_.scans()) {
            must(store_.scan(scan, [&](Bytes key, Bytes value) {
                pairs.emplace_back(key, value);
                if (pairs.size() == write_at) {
                    must(store_.put(expected.back().first, fresh, false));
                    agree(key == pairs.back().first && value == pairs.back().second, key, "changes under its reader");
                }
                return pairs.size() == stop_at ? kvilt::Visit::stop : kvilt::Visit::more;
            }));
            for (const auto& [key, value] : pairs)
                scans_digest_ = kvilt::mix(scans_digest_, kvilt::hash_key(key) + kvilt::hash_key(value));
            agree(std::equal(pairs.begin(), pairs.end(), expected.begin(), expected.end(), same_pair), scan.range.from,
                  "walks from here over other pairs: " + std::to_string(pairs.size()) + " in place of " +
                      std::to_string(expected.size()));
        } else if (writes) {
            must(store_.put(expected.back().first, fresh, false));
        }
        if (writes) set(content_, expected.back().first, fresh);
    }

    static bool same_pair(const std::pair<const std::string, std::string>& a,
                          const std::pair<const std::string, std::string>& b) {
        return a.first == b.first && a.second == b.second;
    }

    void note(bool answer) noexcept { digest_ = kvilt::mix(digest_, answer); }
    void note(const Value& value) noexcept { digest_ = kvilt::mix(digest_, value ? kvilt::hash_key(*value) : 2); }

    void count_work() {
        const kvilt::Stats stats = store_.stats();
        work_.flushes += stats.flushes;
        work_.compactions += stats.compactions;
        work_.cleaned_segments += stats.cleaned_segments;
    }

    void must(const Result<void>& result) const {
        if (!result) complain("fails: " + result.error().message());
    }
    template <class T>
    T must(Result<T> result) const {
        if (!result) complain("fails: " + result.error().message());
        return std::move(*result);
    }
    void agree(bool agrees, Bytes key, const std::string& what) const {
        if (agrees) return;
        std::string shown = key.empty() ? "" : " of \"";
        for (const char c : key.substr(0, 24)) shown += c >= ' ' && c <= '~' ? c : '.';
        if (!key.empty()) shown += "\" (" + std::to_string(key.size()) + " bytes)";
        complain(shown + " " + what);
    }
    [[noreturn]] void complain(const std::string& what) const {
        throw std::runtime_error("operation " + std::to_string(operation_) + ", " + name_ + ", " + what + "\n" +
                                 store_.describe());
    }

    Subject& store_;
    std::uint64_t seed_;
    std::string checkpoints_;
    std::vector<std::string> keys_;
    Content content_{};
    std::vector<Content> snapshots_{};
    std::uint64_t sequence_ = 0; // records written
    std::size_t operation_ = 0;
    std::uint64_t digest_ = 0;
    std::uint64_t scans_digest_ = 0;
    const char* name_ = "";
    Work work_{};
};

} // namespace history
