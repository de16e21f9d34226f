// The promises of a whole store under power loss and death of the process, for any composition with a directory.
// docs/testing.md
#pragma once

#include <kvilt/sim/crash_campaign.hpp>
#include <kvilt/sim/store_trial.hpp>

namespace kvilt::sim {

// Runs a random workload and dies before every call to the environment, those of recoveries included, and after every
// action. Whatever of the unsynced reached the device:
//   Each shard comes back as it was after so many commits of its own, all that was secured among them; where the log
//   survives the process and only that died, all that was acknowledged. Batches come back whole or not at all. A
//   recovery that is interrupted and started anew finds the same. What was recovered is durable. A recovered store
//   takes writes, and has them when it is opened again. A checkpoint that was made opens with what it is of.
template <class Store>
class StoreCrashes {
public:
    struct Options {
        typename Store::Options store{};
        std::uint64_t seed = 1;
        std::uint64_t actions = 200;
        std::size_t value_bytes_max = 3000;
        std::uint64_t only_point = 0;   // 0: every crash point
        std::uint64_t points_every = 1; // of so many, one by chance
    };

    explicit StoreCrashes(const Options& options)
        : options_(options), world_({.seed = options.seed, .file_bytes_max = 4_MiB}),
          trial_({.store = options.store, .seed = options.seed, .value_bytes_max = options.value_bytes_max}, world_),
          campaign_({.seed = options.seed, .every = options.points_every, .only = options.only_point},
                    [this](const Death& death) { return judge(death, bounds(), 0); }) {}

    // Empty if the promises hold, otherwise a sentence.
    std::string run() {
        campaign_.watch(world_);
        std::string broken = trial_.open();
        for (std::uint64_t n = 1; n <= options_.actions && broken.empty() && campaign_.broken().empty(); ++n) {
            broken = trial_.step();
            campaign_.point(world_, "after action " + std::to_string(n));
        }
        if (broken.empty()) broken = trial_.close();
        if (broken.empty()) campaign_.point(world_, "after close");
        CrashCampaign::leave(world_);
        return campaign_.broken().empty() ? broken : campaign_.broken();
    }

    std::uint64_t points() const noexcept { return campaign_.points(); }
    std::uint64_t deaths() const noexcept { return campaign_.deaths(); }
    std::uint64_t deaths_in_recovery() const noexcept { return deaths_in_recovery_; }
    std::uint64_t broken_point() const noexcept { return campaign_.broken_point(); }
    const auto& work() const noexcept { return trial_.work(); }

private:
    using Trial = StoreTrial<Store>;

    // How many commits must come back at least and may at most.
    struct Bounds {
        Commits power;   // after power loss
        Commits process; // after the death of the process
        Commits most;
    };

    Bounds bounds() const {
        const History& history = trial_.history();
        return {history.secured(), Trial::survives_process ? history.acknowledged() : history.secured(),
                history.begun()};
    }

    std::string judge(const Death& death, const Bounds& bounds, unsigned depth) {
        auto world = death.world();
        auto store = trial_.reopen(*world);
        if (!store) return "opening fails: " + store.error().message();
        Content found;
        if (std::string broken = trial_.read(*store, found); !broken.empty()) return broken;
        const Commits& least = death.power_lost ? bounds.power : bounds.process;
        Commits commits;
        std::string broken = trial_.history().judge(found, least, bounds.most, commits);
        if (broken.empty() && death.draw % 4 == 0) broken = trial_.judge_durable(*world, found, "what was recovered");
        if (broken.empty()) broken = trial_.go_on(*world, std::move(*store), found, death.draw);
        if (broken.empty() && death.draw / 8 % 8 == 0) broken = trial_.judge_checkpoint(*world);
        if (broken.empty() && depth < 2 && death.draw / 64 % (death.power_lost ? 16 : 8) == 0)
            broken = die_in_recovery(death, bounds, commits, depth + 1);
        return broken;
    }

    // Whoever saw `commits` once and lost his power then sees them again. What only the process left is the hard case:
    // it is read as if it were durable.
    std::string die_in_recovery(const Death& outer, const Bounds& bounds, const Commits& commits, unsigned depth) {
        const Bounds same{outer.power_lost ? commits : bounds.power, commits, commits};
        auto world = outer.world();
        CrashCampaign campaign({.seed = outer.draw, .every = outer.power_lost ? 40u : 10u},
                               [&](const Death& death) { return judge(death, same, depth); });
        campaign.watch(*world);
        static_cast<void>(trial_.reopen(*world)); // it has succeeded before
        CrashCampaign::leave(*world);
        deaths_in_recovery_ += campaign.deaths();
        return campaign.broken().empty() ? "" : campaign.broken() + ", within the recovery";
    }

    Options options_;
    MemoryWorld world_;
    Trial trial_;
    CrashCampaign campaign_;
    std::uint64_t deaths_in_recovery_ = 0;
};

} // namespace kvilt::sim
