// The first program of README.md, which quotes it.
#include <kvilt/kvilt.hpp>

#include <iostream>

using Ledger = kvilt::Store<kvilt::memtable::Art<>, kvilt::log::Mapped, kvilt::table::Lsm<>>;

int main() {
    auto ledger = Ledger::open("ledger"); // Result<Ledger>: a store or an Error
    if (!ledger) {
        std::cerr << ledger.error().message() << '\n';
        return 1;
    }
    ledger->put("ann", "120").value();                // survives a killed process
    ledger->put("bob", "77", {.sync = true}).value(); // survives power loss

    kvilt::Batch transfer; // all or nothing, also across a crash
    transfer.put("ann", "100");
    transfer.put("bob", "97");
    ledger->apply(transfer).value();

    for (auto [name, balance] : ledger->scan(kvilt::prefix("b"))) std::cout << name << ' ' << balance << '\n';
    const auto gone = ledger->get("carl").value(); // std::optional: absence is no error
    return gone ? 1 : 0;
}
