#include <kvilt/sim/regular_register.hpp>
#include <kvilt/sim/sessions.hpp>

#include <doctest/doctest.h>

#include "hand_made.hpp"

using namespace kvilt;
using namespace hand_made;

namespace {

bool regular(const Operations& operations) { return sim::check_regular(operations).empty(); }
bool keeps_session(const Operations& operations, const sim::SessionGuarantees& guarantees = {}) {
    return sim::check_sessions(operations, guarantees).empty();
}

} // namespace

TEST_CASE("a regular read returns the last completed write or one that overlaps it") {
    CHECK(regular({}));
    CHECK(regular({read(1, no_value, 0, 10)}));
    CHECK(regular({write(0, 1, 0, 10), read(1, 1, 20, 30)}));
    CHECK(regular({write(0, 1, 0, 10), write(0, 2, 20, 40), read(1, 1, 25, 35)}));
    CHECK(regular({write(0, 1, 0, 10), write(0, 2, 20, 40), read(1, 2, 25, 35)}));
    CHECK(regular({write(0, 1, 0, 10), read(1, no_value, 10, 20)})); // equal times overlap
    CHECK(sim::check_regular({write(0, 1, 0, 10), write(0, 2, 20, 30), read(1, 1, 40, 50)}) ==
          "not regular: client 1 reads 1, from 40 us to 50 us, but before that client 0 writes 2, from 20 us to 30 us");
    CHECK(!regular({write(0, 1, 0, 10), read(1, no_value, 20, 30)}));
    CHECK(regular({write(0, 1, 0, 10), erase(0, 20, 30), read(1, no_value, 40, 50)}));
    CHECK(!regular({write(0, 1, 0, 10), erase(0, 20, 30), read(1, 1, 40, 50)}));
    CHECK(!regular({erase(0, 0, 5), write(0, 1, 10, 20), read(1, no_value, 40, 50)}));
    CHECK(regular({write(0, 1, 0, 10), swap(0, 1, 2, 20, 30), read(1, 2, 40, 50)}));
    CHECK(!regular({write(0, 1, 0, 10), swap(0, 1, 2, 20, 30), read(1, 1, 40, 50)}));
}

TEST_CASE("what nobody had begun to write cannot be read") {
    CHECK(sim::check_regular({read(1, 7, 20, 30)}).ends_with(", which nobody had begun to write"));
    CHECK(!regular({read(1, 7, 20, 30), write(0, 7, 40, 50)}));
    CHECK(!regular({failed(write(0, 7, 0, 10)), read(1, 7, 20, 30)}));
}

TEST_CASE("new and then old during a write, and two orders of two writes, are regular") {
    CHECK(regular({write(0, 1, 0, 10), write(0, 2, 20, 90), read(1, 2, 30, 40), read(2, 1, 50, 60)}));
    CHECK(regular({write(0, 1, 0, 100), write(1, 2, 0, 100), read(2, 1, 110, 120), read(3, 2, 110, 120)}));
}

TEST_CASE("a write without answer hides nothing, and may be read at any time") {
    const Operation lost = unknown(write(0, 2, 20, 30));
    CHECK(regular({write(0, 1, 0, 10), lost, read(1, 1, 40, 50), read(1, 2, 60, 70), read(1, 1, 80, 90)}));
    CHECK(!regular({write(0, 1, 0, 10), lost, write(0, 3, 40, 50), read(1, 1, 60, 70)}));
    CHECK(regular({write(0, 1, 0, 10), lost, write(0, 3, 40, 50), read(1, 2, 60, 70)})); // it may be that late
}

TEST_CASE("where versions are told they decide which write is newer") {
    const Operation one = versioned(10, write(0, 1, 0, 100));
    const Operation two = versioned(20, write(1, 2, 0, 100));
    CHECK(regular({one, two, versioned(20, read(2, 2, 110, 120))}));
    CHECK(!regular({one, two, versioned(10, read(2, 1, 110, 120))}));
    // The clock of the second writer runs behind: what it wrote last is older, and is rightly not read.
    const Operation behind = versioned(5, write(1, 3, 200, 210));
    CHECK(regular({one, two, behind, versioned(20, read(2, 2, 220, 230))}));
    CHECK(!regular({one, two, behind, versioned(5, read(2, 3, 220, 230))}));
    // A write without answer has the version that its readers tell.
    const Operation lost = unknown(write(0, 4, 300, 310));
    CHECK(regular({two, lost, versioned(30, read(2, 4, 320, 330))}));
    CHECK(!regular({two, lost, versioned(15, read(2, 4, 320, 330))}));
    CHECK(!regular({two, versioned(21, read(2, 2, 110, 120))})); // one value, two versions
    // Erases have versions too.
    const Operation gone = versioned(25, erase(0, 120, 130));
    CHECK(regular({one, two, gone, versioned(25, read(2, no_value, 140, 150))}));
    CHECK(!regular({one, two, gone, versioned(20, read(2, 2, 140, 150))}));
    CHECK(!regular({one, two, versioned(15, erase(0, 120, 130)), read(2, no_value, 140, 150)}));
    CHECK(!regular({one, versioned(15, erase(0, 120, 130)), versioned(12, read(2, no_value, 140, 150))}));
}

TEST_CASE("versions that run against time, or are given twice, are found") {
    const Operation one = versioned(10, write(0, 1, 0, 10));
    CHECK(sim::check_versions({one, versioned(11, write(1, 2, 20, 30))}) == "");
    CHECK(sim::check_versions({one, versioned(9, write(1, 2, 5, 30))}) == ""); // overlapping
    CHECK(sim::check_versions({one, versioned(9, write(1, 2, 20, 30))}).starts_with("versions run back"));
    const Operation overlapping = versioned(8, write(1, 2, 5, 15)); // ends last, but is not the greatest
    CHECK(sim::check_versions({one, overlapping, versioned(9, write(2, 3, 20, 30))}).starts_with("versions run back"));
    CHECK(sim::check_versions({versioned(9, erase(1, 20, 30)), one}).starts_with("versions run back"));
    CHECK(sim::check_versions({one, unknown(versioned(9, write(1, 2, 20, 30)))}) == "");
    CHECK(sim::check_versions({one, unknown(versioned(10, write(0, 2, 20, 30)))}).starts_with("one version twice: "));
    CHECK(
        sim::check_versions({one, unknown(write(0, 2, 20, 30)), versioned(10, read(1, 2, 40, 50))}).starts_with("one"));
    CHECK(sim::check_versions({one, versioned(10, read(1, 1, 20, 30))}) == "");
    CHECK(sim::check_versions({write(0, 1, 0, 10), erase(0, 20, 30)}) == ""); // none told
}

TEST_CASE("what cannot be judged is said to be so") {
    const Operations twice{write(0, 1, 0, 10), write(0, 1, 20, 30)};
    const std::string refusal = "value 1 is written twice, which this check cannot judge";
    CHECK(sim::check_regular(twice) == refusal);
    CHECK(sim::check_sessions(twice) == refusal);
    CHECK(regular({failed(write(0, 1, 0, 10)), write(0, 1, 20, 30), read(0, 1, 40, 50)})); // tried again
}

TEST_CASE("a client that reads new and then old goes back, two clients do not") {
    const Operation old = versioned(1, write(0, 1, 0, 10));
    const Operation fresh = versioned(2, write(0, 2, 20, 90));
    CHECK(keeps_session({old, fresh, read(1, 2, 30, 40), read(2, 1, 50, 60)}));
    CHECK(sim::check_sessions({old, fresh, read(1, 2, 30, 40), read(1, 1, 50, 60)}) ==
          "a session goes back: client 1 reads 1, from 50 us to 60 us, but before that client 0 writes 2 of version 2, "
          "from 20 us to 90 us");
    CHECK(keeps_session({old, fresh, read(1, 2, 30, 40), read(1, 1, 50, 60)}, {.monotonic_reads = false}));
    CHECK(!keeps_session({unknown(write(0, 1, 0, 5)), read(1, 1, 30, 40), read(1, no_value, 50, 60)}));
    CHECK(keeps_session(
        {unknown(write(0, 1, 0, 5)), unknown(erase(0, 6, 8)), read(1, 1, 30, 40), read(1, no_value, 50, 60)}));
    CHECK(!keeps_session({read(1, 7, 30, 40)}));
    // Nothing was read, of the erase or of the beginning: who knows.
    CHECK(
        keeps_session({unknown(erase(0, 40, 45)), write(2, 1, 10, 20), read(1, no_value, 50, 55), read(1, 1, 60, 70)}));
}

TEST_CASE("a client sees what it wrote, or something newer") {
    const Operation mine = write(0, 1, 0, 10);
    CHECK(keeps_session({mine, read(0, 1, 20, 30)}));
    CHECK(!keeps_session({mine, read(0, no_value, 20, 30)}));
    CHECK(keeps_session({mine, read(0, no_value, 20, 30)}, {.read_your_writes = false}));
    CHECK(keeps_session({mine, read(1, no_value, 20, 30)})); // another client
    CHECK(keeps_session({mine, write(1, 2, 20, 30), read(0, 2, 40, 50)}));
    CHECK(!keeps_session({write(1, 2, 0, 10), write(0, 1, 20, 30), read(0, 2, 40, 50)}));
    CHECK(keeps_session({unknown(mine), read(0, no_value, 20, 30)}));
    CHECK(!keeps_session({mine, erase(0, 20, 30), read(0, 1, 40, 50)}));
}
