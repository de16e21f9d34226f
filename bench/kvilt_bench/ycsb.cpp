// YCSB's core workloads, on one thread. Cooper et al.: Benchmarking cloud serving systems with YCSB, SoCC 2010.
#include "workload.hpp"

namespace bench::work {

namespace {

// Of a hundred operations.
struct Mix {
    unsigned reads = 0;
    unsigned updates = 0;
    unsigned inserts = 0;
    unsigned scans = 0; // the rest reads and updates
    bool latest = false;
    std::uint64_t seed = 0;
};

enum class Kind : std::uint8_t { read, update, insert, scan, read_and_update };

struct Request {
    std::uint32_t number = 0;
    Kind kind = Kind::read;
    std::uint8_t entries = 0; // of a scan
};

Kind kind_of(const Mix& mix, unsigned dice) {
    if (dice < mix.reads) return Kind::read;
    if (dice < mix.reads + mix.updates) return Kind::update;
    if (dice < mix.reads + mix.updates + mix.inserts) return Kind::insert;
    if (dice < mix.reads + mix.updates + mix.inserts + mix.scans) return Kind::scan;
    return Kind::read_and_update;
}

// Drawn beforehand: a zipfian number takes longer than some engines' reads.
std::vector<Request> requests(const Mix& mix, std::uint64_t count, std::uint64_t keys) {
    constexpr std::uint64_t scan_entries_max = 100;
    Random random(mix.seed);
    const ScrambledZipfian popular(keys);
    Latest latest(mix.latest ? keys : 2);
    std::vector<Request> all(count);
    for (Request& request : all) {
        request.kind = kind_of(mix, static_cast<unsigned>(random.below(100)));
        if (request.kind == Kind::insert) {
            request.number = static_cast<std::uint32_t>(keys++);
            if (mix.latest) latest.grow();
            continue;
        }
        request.number = static_cast<std::uint32_t>(mix.latest ? latest(random) : popular(random));
        if (request.kind == Kind::scan) request.entries = static_cast<std::uint8_t>(1 + random.below(scan_entries_max));
    }
    return all;
}

class Client {
public:
    explicit Client(Subject& subject) : subject_(subject), session_(subject.engine().session()) {
        subject.mixed = true;
        subject.versions_max = std::max(subject.versions_max, version);
    }

    void carry_out(const Request& request) {
        key_.set(request.number);
        switch (request.kind) {
        case Kind::read:
            return read(request.number);
        case Kind::insert:
            ++subject_.keys;
            [[fallthrough]];
        case Kind::update:
            return put(request.number);
        case Kind::scan:
            return scan(request);
        case Kind::read_and_update:
            read(request.number);
            put(request.number);
        }
    }
    double bytes_put() const { return static_cast<double>(puts_) * subject_.entry_bytes(); }

private:
    static constexpr std::uint64_t version = 1; // one for all mixes: few to compare with

    void read(std::uint64_t number) {
        subject_.judge(session_->get(key_.bytes(), value_) &&
                           subject_.values.is_any(value_, number, subject_.versions_max),
                       "a key that is there", number);
    }
    void put(std::uint64_t number) {
        session_->put(key_.bytes(), subject_.values.of(number, version));
        ++puts_;
    }
    void scan(const Request& request) {
        Sum sum;
        session_->scan(key_.bytes(), Direction::forward, request.entries, sum);
        const std::uint64_t there = std::min<std::uint64_t>(request.entries, subject_.keys - request.number);
        subject_.judge(sum.entries == there, "a walk from a key", request.number);
    }

    Subject& subject_;
    const std::unique_ptr<Session> session_;
    std::uint64_t puts_ = 0;
    Key key_{};
    std::string value_{};
};

std::vector<Figures> run(Subject& subject, const Mix& mix) {
    const std::uint64_t reads = subject.options.reads();
    const std::uint64_t count = mix.scans != 0 ? std::max<std::uint64_t>(reads / 10, 100) : reads;
    const std::vector<Request> all = requests(mix, count, subject.keys);
    Client client(subject);
    Figures figures = measured(count, mix.scans != 0 ? 1 : subject.options.latency_every,
                               [&](std::uint64_t n) { client.carry_out(all[n]); });
    figures.user_bytes = client.bytes_put();
    return {figures};
}

} // namespace

std::vector<Figures> ycsb_a(Subject& subject) { return run(subject, {.reads = 50, .updates = 50, .seed = 21}); }
std::vector<Figures> ycsb_b(Subject& subject) { return run(subject, {.reads = 95, .updates = 5, .seed = 22}); }
std::vector<Figures> ycsb_c(Subject& subject) { return run(subject, {.reads = 100, .seed = 23}); }
std::vector<Figures> ycsb_d(Subject& subject) {
    return run(subject, {.reads = 95, .inserts = 5, .latest = true, .seed = 24});
}
std::vector<Figures> ycsb_e(Subject& subject) { return run(subject, {.inserts = 5, .scans = 95, .seed = 25}); }
std::vector<Figures> ycsb_f(Subject& subject) { return run(subject, {.reads = 50, .seed = 26}); }

} // namespace bench::work
