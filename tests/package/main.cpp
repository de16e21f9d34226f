// The least program that needs kvilt's headers, its dependencies and, if asked for, a component's library.
#include <kvilt/kvilt.hpp>

#ifdef WITH_LZ4
#include <kvilt/table/compression_lz4.hpp>
#endif

#if __cplusplus <= 202002L
#error kvilt::kvilt must ask for C++23
#endif

int main() {
#ifdef WITH_LZ4
    using Table = kvilt::table::Lsm<kvilt::compression::Lz4, kvilt::reads::Cached>;
    using Store = kvilt::Store<kvilt::memtable::Art<>, kvilt::log::Mapped, Table>;
    auto opened = Store::open("consumed");
    if (!opened) return 1;
    Store& store = *opened;
#else
    kvilt::Store<kvilt::memtable::Hash<>> store;
#endif
    if (!store.put("key", "value")) return 1;
    const auto found = store.get("key");
    return found && *found == "value" ? 0 : 1;
}
