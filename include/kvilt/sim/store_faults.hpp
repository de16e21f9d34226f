// The promises of a whole store when a call to the environment fails, for any composition with a directory.
// docs/testing.md
#pragma once

#include <kvilt/sim/store_trial.hpp>

#include <set>

namespace kvilt::sim {

// Runs one small workload again and again, each time with another failing call. Nothing that was acknowledged is
// lost, neither in the running store nor in what power loss or the death of the process leaves. A write that failed is
// there whole or not at all. If the log or the manifest may be damaged the store refuses writes, says why, and reads
// on; once the cause is mended resume() makes it whole. Any other failure leaves a store that goes on by itself.
template <class Store>
class StoreFaults {
public:
    struct Options {
        typename Store::Options store{};
        std::uint64_t seed = 1;
        std::uint64_t actions = 60;
        std::uint64_t calls_every = 1; // one of so many calls fails, by chance
        std::size_t value_bytes_max = 3000;
    };

    explicit StoreFaults(const Options& options) : options_(options) {}

    // How a call fails.
    struct Shape {
        const char* name;
        int os_code;
        bool for_ever;
        std::uint64_t bytes_done; // of a write
    };
    static constexpr Shape shapes[] = {{"once with EIO", EIO, false, 0},
                                       {"for ever with EIO", EIO, true, 0},
                                       {"once with ENOSPC", ENOSPC, false, 100},
                                       {"for ever with ENOSPC", ENOSPC, true, ~std::uint64_t{0}}};

    // Every call of every kind, in every shape. Empty if the promises hold, otherwise a sentence.
    std::string run() {
        std::uint64_t draws = 0;
        for (std::size_t kind = 0; kind < call_kind_count; ++kind)
            for (const Shape& shape : shapes)
                for (std::uint64_t call = 1;; ++call) {
                    if (mix(options_.seed, ++draws) % options_.calls_every != 0) continue;
                    const Fault fault{.kind = static_cast<CallKind>(kind),
                                      .call = call,
                                      .os_code = shape.os_code,
                                      .for_ever = shape.for_ever,
                                      .bytes_done = shape.bytes_done};
                    std::string broken = run(fault);
                    if (!broken.empty())
                        return broken + "; call " + std::to_string(call) + " of kind " + name_of(*fault.kind) +
                               " failed " + shape.name;
                    if (!met_) break;
                    ++faults_;
                }
        return {};
    }

    std::uint64_t faults() const noexcept { return faults_; }
    std::uint64_t refusals() const noexcept { return refusals_; } // runs in which the store became read-only

    std::string run(const Fault& fault) {
        MemoryWorld world({.seed = options_.seed, .file_bytes_max = 4_MiB});
        world.inject(fault);
        met_ = false;
        const auto mend = [&] {
            met_ = met_ || world.calls(*fault.kind) >= fault.call;
            world.clear_faults();
        };
        return run(world, fault, [](std::uint64_t) {}, mend);
    }

    // The device is full from some action on, and has room again after the first failure, again and again.
    std::string run_out_of_space() {
        MemoryWorld world({.seed = options_.seed, .file_bytes_max = 4_MiB});
        const auto before = [&](std::uint64_t action) {
            if (action % 5 == 4) world.set_capacity(world.used_bytes());
        };
        const auto mend = [&] {
            met_ = true;
            ++faults_;
            world.set_capacity(memory::unlimited);
        };
        return run(world, {.kind = CallKind::reserve, .os_code = ENOSPC}, before, mend);
    }

private:
    using Trial = StoreTrial<Store>;

    // `before(action)` is told of each; `mend()` ends what makes calls fail.
    template <class Before, class Mend>
    std::string run(MemoryWorld& world, const Fault& fault, Before before, Mend mend) {
        Trial trial({.store = options_.store, .seed = options_.seed, .value_bytes_max = options_.value_bytes_max},
                    world);
        std::string broken = trial.open();
        if (!broken.empty()) {
            mend();
            if (met_) broken = trial.recover();
        }
        for (std::uint64_t n = 0; n < options_.actions && broken.empty(); ++n) {
            before(n);
            broken = act(trial, world, fault, mend);
        }
        mend();
        if (broken.empty()) broken = trial.check_content();
        if (broken.empty()) broken = trial.close();
        if (broken.empty())
            broken = trial.judge_durable(world, trial.history().content(), "what was there at a clean close");
        return broken;
    }

    template <class Mend>
    std::string act(Trial& trial, MemoryWorld& world, const Fault& fault, Mend mend) {
        const Action action = trial.workload().next();
        if (action.kind == Action::Kind::reopen) return reopen(trial, mend);
        const auto done = trial.attempt(action);
        const bool writable = trial.store().stats().writable;
        if (done && writable) return {};
        if (fault.kind == CallKind::read) mend(); // to see what is there
        if (std::string broken = judge_leavings(trial, world); !broken.empty()) return broken;
        if (!writable) return resume(trial, world, action, fault, mend);
        if (action.kind == Action::Kind::sync) return "a sync fails, and the store goes on";
        const Commits begun = trial.history().begun();
        if (std::string broken = trial.settle_failed_write(); !broken.empty()) return broken;
        if (action.kind == Action::Kind::write && trial.history().begun() == begun)
            return "a write fails and is there, and the store goes on";
        mend();
        if (auto again = trial.attempt(action); !again)
            return std::string(name_of(action.kind)) +
                   " fails again when the cause is mended: " + again.error().message();
        return trial.check_content();
    }

    template <class Mend>
    std::string reopen(Trial& trial, Mend mend) {
        std::string broken = trial.close();
        if (broken.empty()) broken = trial.open();
        if (broken.empty()) return {};
        mend();
        return met_ ? trial.recover() : broken;
    }

    // What a death would leave now.
    std::string judge_leavings(const Trial& trial, const MemoryWorld& world) {
        std::string broken = judge_death(trial, world.kill(), false);
        if (broken.empty()) broken = judge_death(trial, world.crash(CrashChoice::nothing_unsynced()), true);
        if (broken.empty()) broken = judge_death(trial, world.crash(CrashChoice::everything()), true);
        if (broken.empty()) broken = judge_death(trial, world.crash(CrashChoice::seeded(world.calls(), 50)), true);
        return broken.empty() ? broken : broken + "; died after the failure";
    }

    std::string judge_death(const Trial& trial, std::unique_ptr<MemoryWorld> world, bool power_lost) const {
        world->set_capacity(memory::unlimited); // whoever opens it makes room first
        auto store = trial.reopen(*world);
        if (!store) return "opening fails: " + store.error().message();
        Commits commits;
        if (std::string broken = trial.judge(*store, power_lost, commits); !broken.empty()) return broken;
        Content found;
        if (std::string broken = trial.read(*store, found); !broken.empty()) return broken;
        return trial.judge_durable(*world, found, "what was recovered");
    }

    template <class Mend>
    std::string resume(Trial& trial, MemoryWorld& world, const Action& action, const Fault& fault, Mend mend) {
        ++refusals_;
        Store& store = trial.store();
        if (std::string broken = trial.settle_failed_write(); !broken.empty()) return broken;
        if (std::string broken = judge_refusal(trial, fault); !broken.empty()) return broken;
        if constexpr (Trial::has_log)
            if (action.kind == Action::Kind::sync && store.sync()) return "a sync succeeds after one that failed";
        mend();
        if (auto resumed = store.resume(); !resumed) return "resume fails: " + resumed.error().message();
        if (std::string broken = trial.check_content(); !broken.empty()) return broken;
        if constexpr (Trial::has_log) { // shards that were well have nothing to resume; tables alone are flushed
            if (std::string broken = move_on(trial, action.batch); !broken.empty()) return broken;
            if (auto synced = store.sync(); !synced) return "sync fails after resume: " + synced.error().message();
        }
        trial.history().secure();
        return trial.judge_durable(world, trial.history().content(), "what was resumed");
    }

    // Every shard commits again, and leaves alone what the batch that failed was to write: a part of it that stayed in
    // a log without its fellows would now seem to have them.
    std::string move_on(Trial& trial, const Batch& failed) const {
        std::set<std::string, std::less<>> spared;
        failed.for_each([&](const LogRecord& record) { spared.emplace(record.key()); });
        std::set<std::size_t> moved;
        for (const std::string& key : trial.workload().keys()) {
            if (spared.contains(key) || !moved.insert(trial.history().shard_of(key)).second) continue;
            const auto put = trial.attempt({.kind = Action::Kind::write, .batch = trial.workload().put(key)});
            if (!put) return "a write after resume fails: " + put.error().message();
        }
        return {};
    }

    // A write is refused with the reason. Shards refuse each for itself.
    std::string judge_refusal(Trial& trial, const Fault& fault) const {
        for (const std::string& key : trial.workload().keys()) {
            const auto put = trial.attempt({.kind = Action::Kind::write, .batch = trial.workload().put(key)});
            if (put) continue;
            trial.history().withdraw();
            if (fault.for_ever && put.error() != Errc::read_only) continue; // a shard that had been well
            const std::string message = put.error().message();
            const bool tells = put.error() == Errc::read_only && put.error().os_code == fault.os_code &&
                               message.find("resume()") != std::string::npos;
            return tells ? "" : "a read-only store does not say why: " + message;
        }
        return "a read-only store takes all writes";
    }

    Options options_;
    std::uint64_t faults_ = 0;
    std::uint64_t refusals_ = 0;
    bool met_ = false;
};

} // namespace kvilt::sim
