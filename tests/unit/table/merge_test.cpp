// Merging sorted sources, against a sorted vector.
#include <kvilt/core/merge.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <tuple>

namespace {

using namespace kvilt;

struct Item {
    std::string key;
    Sequence sequence;
    std::size_t source;
    auto order() const { return std::tuple(Bytes(key), sequence_max - sequence, source); }
    friend bool operator<(const Item& a, const Item& b) { return a.order() < b.order(); }
};

// Over a sorted vector, in the manner of a table's cursor; breaks at `broken_at` if that is reached.
class VectorSource {
    static constexpr std::size_t never = ~std::size_t{1};

public:
    explicit VectorSource(const std::vector<Item>& items, std::size_t broken_at = never)
        : items_(&items), broken_at_(broken_at) {}

    void seek(Bytes key) { at_ = count_below(key); }
    void seek_first() { at_ = 0; }
    void next() { ++at_; }
    void seek_before(Bytes key) { at_ = count_below(key) - 1; }
    void seek_last() { at_ = items_->size() - 1; }
    void previous() { --at_; }
    bool valid() const { return at_ < items_->size() && at_ != broken_at_; }
    Record record() const {
        const Item& item = (*items_)[at_];
        return {item.key, item.sequence, {.kind = Kind::put, .value = item.key}};
    }
    Result<void> status() const {
        if (at_ == broken_at_) return failure(Errc::corruption, "read", "a source");
        return {};
    }

    std::size_t place() const { return at_; }

private:
    std::size_t count_below(Bytes key) const {
        const auto first =
            std::partition_point(items_->begin(), items_->end(), [key](const Item& item) { return item.key < key; });
        return static_cast<std::size_t>(first - items_->begin());
    }
    const std::vector<Item>* items_;
    std::size_t broken_at_;
    std::size_t at_ = 0;
};

// The same with a table cursor's way to say early where it will go, as far as it knows: not beyond every third place.
class FarsightedSource : public VectorSource {
public:
    using VectorSource::VectorSource;

    const Record* look_ahead(bool forwards) {
        VectorSource there = *this;
        forwards ? there.next() : there.previous();
        if (!there.valid() || there.place() % 3 == 0) return nullptr;
        ahead_ = there.record();
        return &ahead_;
    }

private:
    Record ahead_{};
};

std::uint64_t seed() {
    const char* given = std::getenv("KVILT_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

struct Sources {
    std::vector<std::vector<Item>> each;
    std::vector<Item> all;

    Sources(std::mt19937_64& random, std::size_t count) : each(count) {
        for (std::size_t source = 0; source < count; ++source) {
            const std::size_t items = random() % 4 == 0 ? 0 : random() % 60;
            for (std::size_t item = 0; item < items; ++item)
                each[source].push_back({key(random), random() % 8, source});
            auto& items_of = each[source];
            std::sort(items_of.begin(), items_of.end());
            const auto same = [](const Item& a, const Item& b) { return a.order() == b.order(); };
            items_of.erase(std::unique(items_of.begin(), items_of.end(), same), items_of.end());
            all.insert(all.end(), items_of.begin(), items_of.end());
        }
        std::sort(all.begin(), all.end());
    }

    // Short keys, long common prefixes, zero bytes, and lengths around 8 and 16, where heads end.
    static std::string key(std::mt19937_64& random) {
        constexpr std::size_t lengths[] = {0, 1, 7, 8, 9, 15, 16, 17, 20};
        std::string text(lengths[random() % 9], random() % 2 == 0 ? '\0' : 'a');
        if (!text.empty()) text.back() = static_cast<char>(random() % 3 == 0 ? 0xff : random() % 3);
        return text;
    }

    template <class Source>
    Merge<Source> merge() const {
        std::vector<Source> sources(each.begin(), each.end());
        return Merge<Source>(std::move(sources));
    }
};

template <class Source>
bool at(const Merge<Source>& merge, const Item& item) {
    const Record record = merge.record();
    return record.key == item.key && record.sequence == item.sequence && merge.source() == item.source;
}

} // namespace

TEST_CASE_TEMPLATE("a merge yields every record in order, and backwards the mirror of that", Source, VectorSource,
                   FarsightedSource) {
    const std::uint64_t first = seed();
    for (std::uint64_t round = 0; round < 400; ++round) {
        std::mt19937_64 random(first + round);
        CAPTURE(first + round);
        const Sources sources(random, random() % 10);
        auto merge = sources.template merge<Source>();
        std::size_t count = 0;
        for (merge.seek_first(); merge.valid(); merge.next()) {
            REQUIRE(count < sources.all.size());
            REQUIRE(at(merge, sources.all[count]));
            ++count;
        }
        REQUIRE(count == sources.all.size());
        for (merge.seek_last(); merge.valid(); merge.previous()) {
            REQUIRE(count > 0);
            REQUIRE(at(merge, sources.all[--count]));
        }
        REQUIRE(count == 0);
    }
}

TEST_CASE_TEMPLATE("a merge that seeks and turns anywhere agrees with a sorted vector", Source, VectorSource,
                   FarsightedSource) {
    const std::uint64_t first = seed();
    for (std::uint64_t round = 0; round < 300; ++round) {
        std::mt19937_64 random(first + round);
        CAPTURE(first + round);
        const Sources sources(random, 1 + random() % 7);
        const auto& all = sources.all;
        auto merge = sources.template merge<Source>();
        for (int walk = 0; walk < 20; ++walk) {
            const std::string key = Sources::key(random);
            auto place =
                std::partition_point(all.begin(), all.end(), [&](const Item& item) { return item.key < key; }) -
                all.begin();
            if (random() % 2 == 0) {
                merge.seek(key);
            } else {
                merge.seek_before(key);
                --place;
            }
            const auto size = static_cast<std::ptrdiff_t>(all.size());
            while (place >= 0 && place < size) {
                REQUIRE(merge.valid());
                REQUIRE(at(merge, all[static_cast<std::size_t>(place)]));
                if (random() % 10 == 0) break;
                const bool forwards = random() % 2 == 0;
                forwards ? merge.next() : merge.previous();
                place += forwards ? 1 : -1;
            }
            if (place < 0 || place >= size) REQUIRE(!merge.valid());
        }
    }
}

TEST_CASE("an error of one source ends the merge, and a new seek starts afresh") {
    std::mt19937_64 random(7);
    Sources sources(random, 3);
    for (auto& items : sources.each) items = {{"a", 1, 0}, {"b", 1, 0}, {"c", 1, 0}};
    std::vector<VectorSource> broken;
    broken.emplace_back(sources.each[0]);
    broken.emplace_back(sources.each[1], 1); // cannot read its "b"
    broken.emplace_back(sources.each[2]);
    Merge<VectorSource> merge(std::move(broken));
    std::size_t seen = 0;
    for (merge.seek_first(); merge.valid(); merge.next()) ++seen;
    CHECK(seen == 2); // "a" of the first two; what comes after cannot be trusted
    CHECK(merge.status().error() == Errc::corruption);
    merge.seek("c");
    CHECK(merge.valid());
    CHECK(merge.status().has_value());
}

TEST_CASE("a merge of nothing is empty") {
    Merge<VectorSource> merge({});
    merge.seek_first();
    CHECK(!merge.valid());
    merge.seek_before("x");
    CHECK(!merge.valid());
    CHECK(merge.status().has_value());
}
