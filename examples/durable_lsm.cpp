// A store that outlives its process: a log before sorted tables, read in order.
#include <kvilt/log/mapped.hpp>
#include <kvilt/store.hpp>
#include <kvilt/table/lsm.hpp>

#include "expect.hpp"
#include <filesystem>

using namespace kvilt;

using Ledger = Store<memtable::Art<>, log::Mapped, table::Lsm<>>;

// "account/1=1200 account/2=77 "
std::string text_of(auto pairs) {
    std::string text;
    for (auto [key, value] : pairs) text.append(key).append("=").append(value).append(" ");
    return text;
}

int main() {
    std::filesystem::remove_all("ledger"); // of an earlier run
    std::filesystem::remove_all("ledger-copy");

    auto ledger = Ledger::open("ledger");
    if (!ledger) return std::puts(ledger.error().message().c_str()), EXIT_FAILURE;

    ledger->put("account/1", "1200").value();               // survives a killed process
    ledger->put("account/2", "77", {.sync = true}).value(); // survives a power cut too, with all before it
    expect(ledger->get("account/1").value() == "1200", "what was put is found");

    Batch transfer; // all or nothing, also across a crash
    transfer.put("account/1", "1100");
    transfer.put("account/2", "177");
    transfer.put("journal/1", "100 from 1 to 2");
    ledger->apply(transfer).value();
    expect(text_of(ledger->scan(prefix("account/"))) == "account/1=1100 account/2=177 ", "a scan walks in order");
    expect(text_of(ledger->scan(between("account/1", "account/2")).reverse()) == "account/2=177 account/1=1100 ",
           "and backwards");
    {
        auto snapshot = ledger->snapshot();
        ledger->erase("account/2").value();
        expect(snapshot.get("account/2").value() == "177", "a snapshot keeps what it saw");
        expect(!ledger->get("account/2").value(), "while the store goes on");
    }

    ledger->flush().value(); // into tables; happens by itself as the store grows
    ledger->checkpoint("ledger-copy").value();
    ledger->put("account/3", "5").value();
    ledger->compact().value();
    expect(ledger->stats().table_entries == 3, "compaction leaves what is alive");
    expect(ledger->verify().value() > 0, "every byte on disk agrees with its checksum");
    ledger->close().value();

    ledger = Ledger::open("ledger");
    expect(text_of(ledger->scan(all())) == "account/1=1100 account/3=5 journal/1=100 from 1 to 2 ",
           "opened again, it is what it was");
    const auto copy = Ledger::open("ledger-copy");
    expect(text_of(copy->scan(all())) == "account/1=1100 journal/1=100 from 1 to 2 ",
           "a checkpoint is a store of its own");
}
