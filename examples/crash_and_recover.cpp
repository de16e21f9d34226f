// Dies in every way, in a world that keeps only what was synced: the store here is the very type that ships.
#include <kvilt/env/memory.hpp>
#include <kvilt/log/mapped.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include "expect.hpp"

using namespace kvilt;

using Ledger = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;

// How many of the entries 1, 2, 3, ... a world's store has, if they are the first ones without a gap; otherwise -1.
int entries_in(MemoryWorld& world) {
    const Ledger ledger = Ledger::open("ledger", {}, world.environment()).value();
    int count = 0;
    for (auto [key, value] : ledger.scan(all()))
        if (key != std::to_string(1000 + ++count)) return -1;
    return count;
}

int main() {
    MemoryWorld world;
    Ledger ledger = Ledger::open("ledger", {}, world.environment()).value();
    for (int n = 1; n <= 100; ++n) {
        const bool sync = n == 50;
        ledger.put(std::to_string(1000 + n), "entry", {.sync = sync}).value();
    }

    expect(entries_in(*world.kill()) == 100, "a killed process loses nothing");
    expect(entries_in(*world.crash(CrashChoice::nothing_unsynced())) == 50, "a power cut keeps what was synced");

    // Of the rest, each sector of 512 bytes reaches the disk or does not: any mixture, in any order.
    int least = 100;
    int most = 50;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const int entries = entries_in(*world.crash(CrashChoice::seeded(seed, 80)));
        least = std::min(least, entries);
        most = std::max(most, entries);
    }
    expect(least >= 50, "200 torn logs recover to the first entries without a gap, never fewer than were synced");
    expect(most > least, "and some have more");

    // Power goes at each call of a flush: before it, and after it.
    ledger.sync().value();
    int moments = 0;
    int whole = 0;
    world.on_call([&](const Call&) {
        ++moments;
        whole += entries_in(*world.crash(CrashChoice::nothing_unsynced())) == 100;
    });
    ledger.flush().value();
    world.on_call({});
    expect(moments > 10 && whole == moments, "no moment of a flush loses a synced entry");

    // Bytes that change after they were synced are another matter: no crash does that, it is damage, and it is told.
    ledger.close().value();
    const auto names = world.files().list("ledger").value();
    for (const std::string& name : names)
        if (name.starts_with("table-")) world.flip("ledger/" + name, 100, 1).value();
    const auto damaged = Ledger::open("ledger", {}, world.environment());
    expect(damaged && damaged->verify().error() == Errc::corruption, "a flipped bit is found");
    expect(damaged->get("1001").error() == Errc::corruption, "and never read as a value");
}
