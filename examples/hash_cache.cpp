// A hash table in memory with a budget, which forgets what is least used: memcached as a type.
#include <kvilt/memtable/cache.hpp>
#include <kvilt/store.hpp>

#include "expect.hpp"

using namespace kvilt;

using Cache = Store<memtable::Cache<>>; // no log, no tables: their code is not there either

int main() {
    Cache cache{{.memtable = {.bytes_max = 4_MiB}}}; // records and index together

    cache.put("greeting", "hello").value();
    expect(cache.get("greeting").value() == "hello", "what was put is found");
    cache.erase("greeting").value();
    expect(!cache.get("greeting").value(), "what was erased is not, and that is no error");

    // Some thirty times more than fits passes through, while one page is asked for again and again.
    cache.put("page of the day", "<h1>Today</h1>").value();
    int hits = 0;
    for (int n = 0; n < 1'000'000; ++n) {
        cache.put("page " + std::to_string(n), std::string(100, '.')).value();
        if (n % 100 == 0) hits += cache.get("page of the day").value().has_value();
    }
    expect(hits == 10'000, "what is asked for stays");
    expect(!cache.get("page 0").value(), "what nobody asks for gives way");
    expect(cache.get("page 999999").value().has_value(), "what is new is there");
    expect(cache.stats().memory_bytes() <= 4_MiB, "and the budget holds");

    // Of several who try, one succeeds.
    expect(cache.put_if_absent("lock", "ann").value(), "the first takes the lock");
    expect(!cache.put_if_absent("lock", "bob").value(), "the second does not");
    expect(cache.compare_and_set("lock", "ann", "bob").value(), "unless the first hands it over");
}
