// A fixed work for each composition, in phases whose instructions callgrind counts: see compare.py.
#include <kvilt/log/mapped.hpp>
#include <kvilt/memtable/art.hpp>
#include <kvilt/memtable/hash.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <valgrind/callgrind.h>

using namespace kvilt;

namespace {

constexpr std::uint64_t records = 20'000; // as in compare.py
const std::string value(100, 'v');

std::string key_of(std::uint64_t number) {
    std::string key = std::to_string(mix(number) % 10'000'000'000'000'000u);
    key.insert(0, 16 - key.size(), '0');
    return key;
}

class Keys {
public:
    Keys() {
        for (std::uint64_t number = 0; number < records; ++number) text_ += key_of(number);
    }
    Bytes operator[](std::size_t number) const { return Bytes(text_).substr(number * 16, 16); }

private:
    std::string text_{};
};

// Counts what `act` does.
template <class Act>
void phase(const std::string& name, Act act) {
    CALLGRIND_ZERO_STATS;
    act();
    CALLGRIND_DUMP_STATS_AT(name.c_str());
}

template <class S>
void write_and_read(const std::string& name, S& store, const Keys& keys) {
    phase(name + " put", [&] {
        for (std::size_t n = 0; n < records; ++n) store.put(keys[n], value).value();
    });
    std::size_t bytes = 0;
    phase(name + " view", [&] {
        for (std::size_t n = 0; n < records; ++n)
            store.view(keys[n], [&](Bytes found) { bytes += found.size(); }).value();
    });
    if (bytes != records * value.size()) std::abort();
    phase(name + " get", [&] {
        for (std::size_t n = 0; n < records; ++n) bytes += store.get(keys[n]).value()->size();
    });
    phase(name + " overwrite", [&] {
        for (std::size_t n = 0; n < records; ++n) store.put(keys[n], value).value();
    });
    if (bytes != 2 * records * value.size()) std::abort();
}

template <class S>
void scan(const std::string& name, S& store) {
    std::size_t found = 0;
    phase(name + " scan", [&] {
        store
            .scan(all(),
                  [&](Bytes, Bytes) {
                      ++found;
                      return Visit::more;
                  })
            .value();
    });
    if (found != records) std::abort();
}

template <class S>
void run_on_disk(const std::string& name, const std::string& directory, const Keys& keys) {
    const std::string path = directory + "/" + name;
    {
        auto store = S::open(path).value();
        write_and_read(name, store, keys);
        if constexpr (requires { store.scan(all()); }) scan(name, store);
    } // not closed: its log is read again
    phase(name + " recovery", [&] { (void)S::open(path).value(); });
    if constexpr (requires(S& store) { store.flush(); }) {
        auto store = S::open(path).value();
        store.flush().value();
        store.compact().value();
        std::size_t bytes = 0;
        phase(name + " view of a table", [&] {
            for (std::size_t n = 0; n < records; ++n)
                store.view(keys[n], [&](Bytes found) { bytes += found.size(); }).value();
        });
        if (bytes != records * value.size()) std::abort();
        scan(name + " table", store);
        for (std::size_t n = 0; n < records; n += 10) store.put(keys[n], value).value();
        phase(name + " view beside a memtable", [&] {
            for (std::size_t n = 0; n < records; ++n)
                store.view(keys[n], [&](Bytes found) { bytes += found.size(); }).value();
        });
        if (bytes != 2 * records * value.size()) std::abort();
    }
}

} // namespace

int main(int, char** arguments) {
    const std::string directory = arguments[1]; // empty
    const Keys keys;
    Store<memtable::Hash<>> cache;
    write_and_read("hash", cache, keys);
    run_on_disk<Store<memtable::Hash<>, log::Mapped>>("bitcask", directory, keys);
    run_on_disk<Store<memtable::Art<>, log::Mapped, table::Lsm<>>>("lsm", directory, keys);
    run_on_disk<Store<memtable::Art<threads::Many>, log::Mapped, table::Lsm<>>>("lsm_many", directory, keys);
}
