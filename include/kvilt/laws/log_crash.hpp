// The law of the log slot under power loss, for any model of it.
#pragma once

#include <kvilt/env/memory.hpp>
#include <kvilt/laws/log.hpp>

namespace kvilt::laws {

// Runs a random history and kills the process and cuts the power before and after every call to the environment,
// those of recoveries included; or at one of `calls_every`, by chance. Whatever of the unsynced reached the device:
//   Recovery finds a prefix of the commits that contains everything synced; where the policy survives the process and
//   only that died, all of them. A recovery that is interrupted and started anew finds the same. What is written
//   after a recovery stays.
template <LogPolicy L>
class LogCrashes {
public:
    explicit LogCrashes(std::uint64_t seed, std::uint64_t steps = 60, std::uint64_t calls_every = 1)
        : seed_(seed), steps_(steps), calls_every_(calls_every) {}

    // Empty if the law holds, otherwise a sentence.
    std::string run() {
        MemoryWorld world({.seed = seed_, .file_bytes_max = 1_MiB});
        if (!world.files().create_directory(directory)) return "the memory world has no directory";
        LogTrial<L> trial(context(world), small_segments<L>(), seed_);
        watch(world, trial, 0);
        if (std::string broken = trial.recover(); !broken.empty()) return broken;
        for (std::uint64_t step = 0; step < steps_ && broken_.empty(); ++step) {
            const std::uint64_t draw = mix(seed_, step);
            if (!step_log(trial, draw >> 8)) return trial.says("a call fails: " + trial.error->message());
            if (draw % 16 != 0) continue;
            if (draw % 32 == 0 && !trial.seal()) return trial.says("seal fails: " + trial.error->message());
            trial.close();
            if (std::string broken = trial.recover(); !broken.empty()) return broken;
        }
        return broken_;
    }

    std::uint64_t crashes() const noexcept { return crashes_; }

private:
    using Trial = LogTrial<L>;
    static constexpr const char* directory = "log";
    static constexpr std::uint64_t identity = 0x1234'5678'9abc'def0;

    static LogContext context(MemoryWorld& world) {
        return {.environment = world.environment(), .directory = directory, .identity = identity};
    }

    // Crashes `world` at every call from now on, in every way; within recoveries at every few, in one way.
    void watch(MemoryWorld& world, const Trial& trial, unsigned depth) {
        world.on_call([&, depth](const Call& call) {
            const std::uint64_t draw = mix(seed_, ++draws_);
            if (!broken_.empty() || (draw >> 16) % (depth == 0 ? calls_every_ : 16) != 0) return;
            for (unsigned way = 0; way < ways; ++way)
                if (depth == 0 || (draw >> 8) % ways == way) die(world, trial.model, way, depth, draw);
            if (!broken_.empty() && depth == 0)
                broken_ += std::string("; died ") + (call.done ? "after" : "before") + " call " +
                           std::to_string(call.number) + ", " + name_of(call.kind) + " " + call.path;
        });
    }

    void die(const MemoryWorld& world, const LogModel& model, unsigned way, unsigned depth, std::uint64_t draw) {
        const std::uint64_t safe = std::max(model.first, model.synced);
        const std::uint64_t alive = std::max(model.first, L::survives_process ? model.committed : model.synced);
        switch (way) {
        case 0:
            return revive(world.crash(CrashChoice::nothing_unsynced()), model, safe, depth, "nothing unsynced kept");
        case 1:
            return revive(world.crash(CrashChoice::everything()), model, safe, depth, "everything kept");
        case 2:
            return revive(world.crash(CrashChoice::seeded(draw, 50)), model, safe, depth, "half kept");
        case 3:
            return revive(world.crash(CrashChoice::seeded(draw, 95)), model, safe, depth, "most kept");
        default:
            return revive(world.kill(), model, alive, depth, "only the process died");
        }
    }
    static constexpr unsigned ways = 5;

    void revive(std::unique_ptr<MemoryWorld> world, const LogModel& model, std::uint64_t least, unsigned depth,
                const char* what) {
        if (!broken_.empty()) return;
        ++crashes_;
        Trial trial(context(*world), small_segments<L>(), seed_);
        trial.model = model;
        trial.model.committed = least;
        if (depth < 2) watch(*world, trial, depth + 1);
        std::string broken = trial.recover(least, model.begun);
        world->on_call({});
        if (broken.empty()) broken = go_on(*world, trial);
        if (!broken.empty() && broken_.empty()) broken_ = broken + "; " + what;
    }

    // A recovered log takes writes, and loses none of them, nor any that it has recovered.
    std::string go_on(MemoryWorld& world, Trial& trial) {
        if (std::string broken = trial.check_segments(); !broken.empty()) return broken;
        for (unsigned frame = 0; frame < 3; ++frame)
            if (!trial.append()) return trial.says("append after recovery fails: " + trial.error->message());
        if (!trial.sync()) return trial.says("sync after recovery fails: " + trial.error->message());
        const auto after = world.crash(CrashChoice::nothing_unsynced());
        Trial again(context(*after), small_segments<L>(), seed_);
        again.model = trial.model;
        return again.recover(trial.model.committed, trial.model.committed);
    }

    std::uint64_t seed_;
    std::uint64_t steps_;
    std::uint64_t calls_every_;
    std::uint64_t draws_ = 0;
    std::uint64_t crashes_ = 0;
    std::string broken_{};
};

template <LogPolicy L>
std::string check_log_crashes(std::uint64_t seed, std::uint64_t steps = 60) {
    return LogCrashes<L>(seed, steps).run();
}

} // namespace kvilt::laws
