// The golden stores: what is written to make each of them, and what it must hold.
#pragma once

#include <kvilt/env/memory.hpp>
#include <kvilt/log/written.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/partition/hash_mod.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/filter_bloom.hpp>
#include <kvilt/table/lsm.hpp>
#include <kvilt/typed/key_codec.hpp>
#include <kvilt/typed/value_codec.hpp>

#include <boost/hana/define_struct.hpp>

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace golden {

using namespace kvilt;

// log::Written, whose bytes are the same in every run: in a mapped segment the links of records are addresses.
using Tree = Store<memtable::Art<>, log::Written, table::Lsm<>>;
using TreeWithBloom = Store<memtable::Art<>, log::Written, table::Lsm<filter::Bloom<10>>>;
using Bitcask = Store<memtable::Hash<>, log::Written>;
using Shards = Store<memtable::Art<>, log::Written, table::None, partition::HashMod>;

using Pairs = std::map<std::string, std::string>;

inline constexpr log::detail::FileOptions small_segments{
    .segment_bytes_min = 4_KiB, .segment_bytes_max = 4_KiB, .spare_bytes_max = 0};
inline constexpr std::size_t shards = 2;

inline std::string numbered(const char* what, int number) {
    const std::string digits = std::to_string(number);
    return what + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

// Puts and erases in a store and in the pairs that it must then hold.
template <class S>
class Both {
public:
    Both(S& store, Pairs& pairs) : store_(store), pairs_(pairs) {}
    void put(const std::string& key, const std::string& value) {
        store_.put(key, value).value();
        pairs_[key] = value;
    }
    void erase(const std::string& key) {
        store_.erase(key).value();
        pairs_.erase(key);
    }

private:
    S& store_;
    Pairs& pairs_;
};

// Two files of tables, with a Bloom filter and a locator, the younger one with several versions of a key and with
// tombstones; records, a batch and tombstones in a log that was not closed.
inline Pairs write_tree(MemoryWorld& world) {
    Pairs pairs;
    {
        auto store = TreeWithBloom::open("tree", {.log = small_segments}, world.environment()).value();
        Both both(store, pairs);
        for (int i = 0; i < 120; ++i) both.put(numbered("key", i), numbered("first ", i));
        both.put("", "the empty key");
        both.put(std::string("\0\xff\n", 3), "");
        store.flush().value();
        store.close().value();
    }
    auto store = Tree::open("tree", {.log = small_segments}, world.environment()).value();
    Both both(store, pairs);
    for (int i = 0; i < 60; i += 2) both.put(numbered("key", i), numbered("seen by a snapshot ", i));
    {
        const auto snapshot = store.snapshot();
        for (int i = 0; i < 60; i += 4) both.put(numbered("key", i), std::string(100, 'n'));
        for (int i = 1; i < 20; i += 4) both.erase(numbered("key", i));
        store.flush().value();
    }
    both.put("key100", "in the log");
    both.erase("key101");
    Batch batch;
    batch.put("batch/1", "one");
    batch.put("batch/2", std::string(500, 'b'));
    batch.erase("key102");
    store.apply(batch).value();
    pairs["batch/1"] = "one";
    pairs["batch/2"] = std::string(500, 'b');
    pairs.erase("key102");
    for (int i = 0; i < 30; ++i) both.put(numbered("late", i), std::string(150, 'l'));
    both.put("key100", "in the log again");
    store.sync().value();
    both.put("last", "not synced");
    return pairs;
}

// Overwritten, cleaned once, so that there are copies, and closed.
inline Pairs write_bitcask(MemoryWorld& world) {
    Pairs pairs;
    auto store = Bitcask::open("bitcask", {.log = small_segments}, world.environment()).value();
    Both both(store, pairs);
    for (int i = 0; i < 40; ++i) both.put(numbered("key", i), std::string(40, 'o'));
    for (int i = 0; i < 40; i += 2) both.put(numbered("key", i), numbered("new ", i));
    for (int i = 0; i < 40; i += 5) both.erase(numbered("key", i));
    store.compact().value();
    both.put("after", "the cleaning");
    both.erase("key001");
    store.close().value();
    return pairs;
}

// Batches over both shards, and single writes between them.
inline Pairs write_shards(MemoryWorld& world) {
    Pairs pairs;
    auto store =
        Shards::open("shards", {.log = small_segments, .partition = {.shards = shards}}, world.environment()).value();
    Both both(store, pairs);
    for (int i = 0; i < 10; ++i) both.put(numbered("single", i), numbered("value ", i));
    Batch batch;
    for (int i = 0; i < 6; ++i) {
        batch.put(numbered("batched", i), numbered("together ", i));
        pairs[numbered("batched", i)] = numbered("together ", i);
    }
    batch.erase("single003");
    pairs.erase("single003");
    store.apply(batch).value();
    both.put("single001", "behind the batch");
    return pairs;
}

struct Account {
    BOOST_HANA_DEFINE_STRUCT(Account, (std::string, owner), (std::int64_t, cents), (std::vector<std::uint16_t>, marks));
    bool operator==(const Account&) const = default;
};
using AccountKey = std::tuple<std::string, std::int32_t>;

inline std::map<AccountKey, Account> accounts() {
    std::map<AccountKey, Account> all;
    for (int i = -3; i < 3; ++i)
        all[{i % 2 == 0 ? "even" : "odd", i}] = {numbered("owner ", i + 3), i * 1000, {1, 2, std::uint16_t(i + 3)}};
    return all;
}

// Typed keys and values; half of them in a table. As bytes, the pairs are those that the codecs make.
inline Pairs write_typed(MemoryWorld& world) {
    Pairs pairs;
    auto store = Tree::open("typed", {.log = small_segments}, world.environment()).value();
    int count = 0;
    for (const auto& [key, account] : accounts()) {
        store.put(key, account).value();
        const KeyBytes<AccountKey> key_bytes(key);
        const ValueBytes<Account> value_bytes(account);
        pairs[std::string(Bytes(key_bytes))] = std::string(Bytes(value_bytes));
        if (++count == 3) store.flush().value();
    }
    store.close().value();
    return pairs;
}

struct Golden {
    const char* name;
    Pairs (*write)(MemoryWorld& world);
};
inline constexpr Golden all_stores[] = {
    {"tree", write_tree}, {"bitcask", write_bitcask}, {"shards", write_shards}, {"typed", write_typed}};

// A line for each pair: key, tab, value; what is not printable ASCII, or a backslash or space, as \xNN.
inline std::string text_of(const Pairs& pairs) {
    std::string text;
    const auto add = [&text](Bytes bytes) {
        for (const char c : bytes) {
            const auto byte = static_cast<unsigned char>(c);
            if (byte > 0x20 && byte < 0x7f && c != '\\')
                text.push_back(c);
            else
                text.append({'\\', 'x', "0123456789abcdef"[byte >> 4], "0123456789abcdef"[byte & 15]});
        }
    };
    for (const auto& [key, value] : pairs) {
        add(key);
        text.push_back('\t');
        add(value);
        text.push_back('\n');
    }
    return text;
}

} // namespace golden
