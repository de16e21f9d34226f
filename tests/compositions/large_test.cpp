// The largest of everything: a value of 1 GiB, keys of 64 KiB, a batch of ten thousand.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <doctest/doctest.h>

#include "../unit/env/temporary_directory.hpp"
#include <fstream>
#include <optional>

using namespace kvilt;

namespace {

using Ledger = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

std::uint64_t available_bytes() {
    std::ifstream file("/proc/meminfo");
    std::string word;
    std::uint64_t kib = 0;
    while (file >> word)
        if (word == "MemAvailable:" && file >> kib) return kib * 1024;
    return 0;
}

// Of one length, alike to the last bytes.
std::string long_key(std::size_t n) {
    std::string key(key_bytes_max, 'k');
    key.replace(key.size() - 8, 8, std::to_string(10'000'000 + n));
    return key;
}

} // namespace

TEST_CASE("a value of 1 GiB is put, got, flushed and found again") {
    constexpr std::uint64_t needed_bytes = 8_GiB;
    if (sanitized || available_bytes() < needed_bytes) {
        MESSAGE("skipped: it needs 8 GiB of free memory, and no sanitizer");
        return;
    }
    const TemporaryDirectory directory;
    auto store = std::make_optional(Ledger::open(directory / "store").value());
    std::string value(value_bytes_max, '\0');
    for (std::size_t at = 0; at < value.size(); at += 4096) value[at] = static_cast<char>(mix(at));
    const auto found = [&] {
        bool equal = false;
        return store->view("large", [&](Bytes bytes) { equal = bytes == value; }).value() && equal;
    };
    store->put("before", "small").value();
    store->put("large", value).value();
    store->put("small", "small").value();
    CHECK(found());
    store->flush().value();
    CHECK(store->stats().memtable_keys == 0);
    CHECK(found());
    CHECK(store->verify().value() > value_bytes_max);
    store->close().value();
    store.reset();
    store.emplace(Ledger::open(directory / "store").value());
    CHECK(found());
    CHECK(store->get("before").value() == "small");
    CHECK(store->get("small").value() == "small");

    value += '!';
    CHECK(store->put("larger", value).error().code == Errc::invalid_argument);
}

TEST_CASE("many keys of 64 KiB that differ at their ends are told apart in every place") {
    constexpr std::size_t count = 300;
    MemoryWorld world;
    auto store =
        std::make_optional(Ledger::open("store", {.memtable = {.bytes_max = 4_MiB}}, world.environment()).value());
    for (std::size_t n = 0; n < count; ++n) store->put(long_key(n), std::to_string(n)).value();
    for (std::size_t n = 0; n < count; n += 3) store->erase(long_key(n)).value();
    CHECK(store->put(long_key(0) + "k", "").error().code == Errc::invalid_argument);
    const auto check = [&] {
        std::size_t right = 0;
        for (std::size_t n = 0; n < count; ++n)
            right += store->get(long_key(n)).value() == (n % 3 == 0 ? std::nullopt : std::optional(std::to_string(n)));
        CHECK(right == count);
        std::size_t next = 1;
        for (const auto& [key, value] : store->scan(prefix(std::string(60'000, 'k')))) {
            right -= key == long_key(next) && value == std::to_string(next);
            next += next % 3 == 1 ? 1 : 2;
        }
        CHECK(right == count / 3);
    };
    check();
    store->flush().value();
    check();
    store->compact().value();
    check();
    store.reset();
    store.emplace(Ledger::open("store", {}, world.environment()).value());
    check();
}

TEST_CASE("a batch of ten thousand records is one commit, in the log and after its replay") {
    MemoryWorld world;
    Batch batch;
    for (std::size_t n = 0; n < 10'000; ++n)
        batch.put("key " + std::to_string(n), std::string(n % 300, static_cast<char>(n)));
    auto ghost = Ledger::open("store", {.memtable = {.bytes_max = 64_KiB}}, world.environment()).value();
    const auto all_there = [](const Ledger& store) {
        std::size_t right = 0;
        for (std::size_t n = 0; n < 10'000; ++n)
            right += store.get("key " + std::to_string(n)).value() == std::string(n % 300, static_cast<char>(n));
        return right == 10'000;
    };
    ghost.apply(batch).value();
    CHECK(all_there(ghost));
    const auto after = world.kill();
    auto store = Ledger::open("store", {}, after->environment()).value();
    CHECK(store.stats().sequence == 10'000);
    CHECK(all_there(store));
}

TEST_CASE("prefixes of prefixes, tens of thousands of bytes deep, are told apart") {
    MemoryWorld world;
    auto store = Ledger::open("store", {}, world.environment()).value();
    std::string key;
    std::size_t count = 0;
    for (; key.size() < key_bytes_max; key.append(97, static_cast<char>(count % 7)), ++count)
        store.put(key, std::to_string(count)).value();
    const auto check = [&] {
        std::size_t next = 0;
        for (const auto& [found, value] : store.scan(all())) {
            if (found.size() != next * 97 || value != std::to_string(next)) break;
            ++next;
        }
        CHECK(next == count);
        for (const auto& pair : store.scan(all()).reverse()) next -= pair.first.size() == (next - 1) * 97;
        CHECK(next == 0);
    };
    check();
    store.compact().value();
    check();
}
