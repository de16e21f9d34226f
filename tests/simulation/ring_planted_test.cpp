// What is known to be wrong with a ring is found out: policies, messages and operators with one bug each.
#include "ring_planted.hpp"

using namespace kvilt;
using planted::Bug;
using Ring = ring::Of<planted::LastWriteWins, planted::Quorum<3, 2, 2, Mode::linearizable>>;
using Fate = sim::RingNetwork::Fate;

namespace {

using Options = sim::RingOptions<Ring>;

void found_out(
    Bug bug, std::uint64_t seeds, void (*change)(Options&) = [](Options&) {},
    std::string (*promise)(const ring::RingVerdict&) = ring::safe) {
    planted::bug = bug;
    ring::breaks<Ring>({.make =
                            [change](std::uint64_t seed) {
                                Options options = ring::stormy<Ring>(seed);
                                change(options);
                                return options;
                            },
                        .promise = promise,
                        .seeds = seeds});
    planted::bug = Bug::none;
}

// Tombstones come and go, and messages are long under way.
void bury_much(Options& options) {
    options.clients.erase_percent = 40;
    options.clients.write_percent = 30;
    options.upkeep_us = 1'500;
    options.link.tail_us = 8'000;
}

// A disk is lost and soon another in its place, while writes are long under way.
void disks_go(Options& options) {
    options.faults = {{.kind = sim::Fault::Kind::lose_disk,
                       .start_us = 5'000 + options.seed % 16 * 1'000,
                       .end_us = 5'500 + options.seed % 16 * 1'000,
                       .node = {static_cast<std::uint32_t>(options.seed % 4)}}};
    options.flips = 0;
    options.upkeep_us = 0;
    options.clients = {.clients = 6, .operations = 8, .keys = 1, .write_percent = 60};
    options.link = {.tail_ppm = 300'000, .tail_us = 4'000, .loss_ppm = 50'000};
}

} // namespace

TEST_CASE("the ring into which the bugs are planted has none of them") {
    planted::bug = Bug::none;
    ring::holds<Ring>({.make = [](std::uint64_t seed) { return ring::stormy<Ring>(seed); },
                       .promise = ring::linearizable,
                       .seeds = 300});
    ring::holds<Ring>({.make =
                           [](std::uint64_t seed) {
                               Options options = ring::stormy<Ring>(seed);
                               bury_much(options);
                               return options;
                           },
                       .promise = ring::linearizable,
                       .seeds = 300});
    ring::holds<Ring>({.make =
                           [](std::uint64_t seed) {
                               Options options = ring::stormy<Ring>(seed);
                               disks_go(options);
                               return options;
                           },
                       .promise = ring::linearizable,
                       .seeds = 300});
}

TEST_CASE("a read that does not write back is found") { found_out(Bug::skips_write_back, 500); }

TEST_CASE("a write that does not ask for the newest version is found") { found_out(Bug::skips_version_read, 100); }

TEST_CASE("hints that count for strict quorums are found") { found_out(Bug::counts_hints, 500); }

TEST_CASE("a read from one home is found") { found_out(Bug::reads_from_one, 300); }

TEST_CASE("a clock that does not observe what it is told is found") { found_out(Bug::observes_no_time, 100); }

TEST_CASE("a join in which the last arrival wins is found") { found_out(Bug::last_arrival_wins, 100); }

TEST_CASE("a tie that the order of arrival decides is found") { found_out(Bug::tie_by_arrival, 200); }

TEST_CASE("a join in which values beat tombstones is found") { found_out(Bug::value_beats_tombstone, 100); }

TEST_CASE("a log that acknowledges before it syncs is found") {
    found_out(Bug::none, 500, [](Options& options) { options.setting.engine.log.sync = Sync::never; });
}

TEST_CASE("a home that acknowledges without writing is found") {
    found_out(Bug::none, 200, [](Options& options) {
        options.tamper = [](sim::OwnedMessage& sent) {
            const Message& message = sent.message();
            const bool lies = message.kind == MessageKind::write && mix(message.operation) % 8 == 0;
            return lies ? Fate::acknowledge : Fate::send;
        };
    });
}

TEST_CASE("a hint that is stamped anew is found") {
    found_out(Bug::none, 300, [](Options& options) {
        options.tamper = [](sim::OwnedMessage& sent) {
            const Message& message = sent.message();
            if (message.kind != MessageKind::write || message.hinted_for == no_node) return Fate::send;
            const Cell cell = *message.cell;
            std::string stamp(cell.stamp);
            const std::uint64_t later = planted::LastWriteWins::time(cell) + (std::uint64_t{30'000} << 12);
            coding::store(stamp.data(), later);
            sent.set_cell({cell.kind, stamp, cell.value});
            return Fate::send;
        };
    });
}

TEST_CASE("a node that has lost its disk and answers at once is found") {
    found_out(Bug::none, 300, [](Options& options) {
        options.rebuild = sim::Rebuild::none;
        disks_go(options);
        options.faults.push_back(options.faults.front()); // then the next one's, as if the first were whole again
        sim::Fault& second = options.faults.back();
        second.start_us += 6'000;
        second.end_us += 6'000;
        second.node.number = (second.node.number + 1) % 4;
    });
}

TEST_CASE("a purge without a fence is found") {
    found_out(Bug::none, 400, [](Options& options) {
        bury_much(options);
        options.tamper = [](sim::OwnedMessage& sent) {
            const bool of_purge = sent.message().kind == MessageKind::fence && !sent.message().context.empty();
            return of_purge ? Fate::acknowledge : Fate::send;
        };
    });
}

TEST_CASE("a purge that does not ask all homes is found") {
    found_out(Bug::none, 1'000, [](Options& options) {
        bury_much(options);
        options.tamper = [](sim::OwnedMessage& sent) {
            const Message& message = sent.message();
            const bool unasked = message.kind == MessageKind::confirm && message.to.number % 2 == 1;
            return unasked ? Fate::acknowledge : Fate::send;
        };
    });
}

TEST_CASE("nodes that carry out what is from before a fence are found") {
    found_out(Bug::none, 400, [](Options& options) {
        bury_much(options);
        options.tamper = [](sim::OwnedMessage& sent) {
            if (sent.message().kind != MessageKind::reply) sent.message().era = ~std::uint64_t{0};
            return Fate::send;
        };
    });
}
