// YCSB's core workloads, on one thread. Cooper et al.: Benchmarking cloud serving systems with YCSB, SoCC 2010.
#include "workload.hpp"

namespace bench::work {

namespace {

// Of a hundred operations.
struct Mix {
    unsigned reads = 0;
    unsigned updates = 0;
    unsigned inserts = 0;
    unsigned scans = 0; // the rest reads, then writes
    bool latest = false;
    std::uint64_t seed = 0;
};

class Client {
public:
    Client(Subject& subject, const Mix& mix)
        : subject_(subject), session_(subject.engine().session()), mix_(mix), random_(mix.seed), popular_(subject.keys),
          latest_(mix.latest ? subject.keys : 2), version_(1) {
        subject.mixed = true;
        subject.versions_max = std::max(subject.versions_max, version_);
    }

    std::vector<Figures> run(std::uint64_t count) {
        Figures figures =
            measured(count, mix_.scans != 0 ? 1 : subject_.options.latency_every, [this](std::uint64_t) { step(); });
        figures.user_bytes = static_cast<double>(puts_) * subject_.entry_bytes();
        return {figures};
    }

private:
    void step() {
        const auto dice = static_cast<unsigned>(random_.below(100));
        if (dice < mix_.reads) {
            read(requested());
        } else if (dice < mix_.reads + mix_.updates) {
            put(requested());
        } else if (dice < mix_.reads + mix_.updates + mix_.inserts) {
            put(subject_.keys++);
            if (mix_.latest) latest_.grow();
        } else if (dice < mix_.reads + mix_.updates + mix_.inserts + mix_.scans) {
            scan(requested());
        } else {
            const std::uint64_t number = requested();
            read(number);
            put(number);
        }
    }

    std::uint64_t requested() { return mix_.latest ? latest_(random_) : popular_(random_); }

    void read(std::uint64_t number) {
        key_.set(number);
        subject_.judge(session_->get(key_.bytes(), value_) &&
                           subject_.values.is_any(value_, number, subject_.versions_max),
                       "a key that is there", number);
    }
    void put(std::uint64_t number) {
        key_.set(number);
        session_->put(key_.bytes(), subject_.values.of(number, version_));
        ++puts_;
    }
    void scan(std::uint64_t number) {
        constexpr std::uint64_t entries_max = 100;
        const std::uint64_t count = 1 + random_.below(entries_max);
        key_.set(number);
        Sum sum;
        session_->scan(key_.bytes(), Direction::forward, count, sum);
        subject_.judge(sum.entries == std::min(count, subject_.keys - number), "a walk from a key", number);
    }

    Subject& subject_;
    const std::unique_ptr<Session> session_;
    const Mix mix_;
    Random random_;
    ScrambledZipfian popular_;
    Latest latest_;
    const std::uint64_t version_; // one for all mixes: few to compare with
    std::uint64_t puts_ = 0;
    Key key_;
    std::string value_{};
};

std::vector<Figures> run(Subject& subject, const Mix& mix) {
    const std::uint64_t count = subject.options.reads();
    return Client(subject, mix).run(mix.scans != 0 ? std::max<std::uint64_t>(count / 10, 100) : count);
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
