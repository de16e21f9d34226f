// Compiled to an object file whose symbols are looked at: see check.cmake.
#include <kvilt/memtable/cache.hpp>
#include <kvilt/store.hpp>

using Cache = kvilt::Store<kvilt::memtable::Cache<>>;

bool use_cache(std::string_view key, std::string_view value) {
    Cache cache{{.memtable = {.bytes_max = 64 << 20}}};
    if (!cache.put(key, value) || !cache.erase(value)) return false;
    const auto found = cache.get(key);
    return found && *found == value;
}
