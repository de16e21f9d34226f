#include <kvilt/laws/memtable_threads.hpp>
#include <kvilt/memtable/art.hpp>

#include <doctest/doctest.h>

#include "seed.hpp"
#include <map>
#include <string>
#include <vector>

using namespace kvilt;

TEST_CASE("radix trees keep the laws of memtables") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable<memtable::Art<>>(seed()) == "");
    CHECK(laws::check_memtable<memtable::Art<threads::Many>>(seed() + 1) == "");
    for (std::uint64_t more = 0; more < 20; ++more)
        CHECK(laws::check_memtable<memtable::Art<>>(seed() + more, 60, 120) == "");
}

TEST_CASE("keys that pass through a radix tree leave no memory behind") {
    CHECK(laws::check_memtable_memory<memtable::Art<>>(150'000, seed()) == "");
    CHECK(laws::check_memtable_memory<memtable::Art<threads::Many>>(350'000, seed()) == "");
}

TEST_CASE("readers of a radix tree miss nothing beside a writer") {
    MESSAGE("KVILT_SEED=", seed());
    CHECK(laws::check_memtable_readers<memtable::Art<threads::Many>>(seed()) == "");
    CHECK(laws::check_memtable_readers<memtable::Art<threads::Many>>(seed() + 1, 60) == "");
}

TEST_CASE("a radix tree that forgets its nodes forgets their long paths") {
    MESSAGE("KVILT_SEED=", seed());
    Epochs<threads::One> epochs;
    memtable::Art<>::Index index({}, epochs);
    laws::RecordArena arena;
    std::vector<std::string> keys; // of few sorts, which differ behind what a node knows of its path
    for (const std::size_t bytes : {3U, 9U, 20U, 63U, 64U, 65U, 130U})
        for (const char* end : {"ax", "ay", "b", "cdefghijklmx", "cdefghijklmy"})
            for (const char sort : {'a', 'b'}) keys.push_back(std::string(bytes, sort) + end);
    std::map<std::string, LogRecord*> model;
    for (std::uint64_t step = 0; step < 30'000; ++step) {
        const std::uint64_t draw = mix(seed(), step);
        const std::string& key = keys[draw % keys.size()];
        const auto there = model.find(key);
        if (there != model.end() && (draw >> 32 & 1) != 0) {
            index.erase(there->second);
            model.erase(there);
        } else if (there != model.end() || model.size() < 8) {
            LogRecord*& head = model[key];
            LogRecord* const record = arena.record(key);
            REQUIRE(index.put(record) == head);
            head = record;
        }
        REQUIRE(index.count() == model.size());
        for (const std::string& any : keys) {
            const auto expected = model.find(any);
            REQUIRE(index.find(any) == (expected == model.end() ? nullptr : expected->second));
        }
    }
}
