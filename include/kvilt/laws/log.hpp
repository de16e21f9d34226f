// The laws of the log slot, for any model of it. Those of power loss are in laws/log_crash.hpp.
#pragma once

#include <kvilt/laws/log_trial.hpp>

namespace kvilt::laws {

// Segments so small that a short run rotates, frees and reuses a good many.
template <LogPolicy L>
typename L::Options small_segments() {
    typename L::Options options;
    options.segment_bytes_min = 4_KiB;
    options.segment_bytes_max = 16_KiB;
    if constexpr (requires { options.spare_bytes_max; }) options.spare_bytes_max = 64_KiB;
    return options;
}

// One step of a random history: mostly appends; syncs, rotates, frees, preparations. False after an error of the log.
template <class Trial>
bool step_log(Trial& trial, std::uint64_t draw) {
    switch (draw % 16) {
    case 0:
        return trial.sync();
    case 1:
        return trial.rotate();
    case 2:
    case 3:
        trial.free_oldest();
        return true;
    case 4:
        trial.stay_ahead();
        return true;
    case 5:
        return trial.end_segment();
    case 6:
        trial.log().limit_spare_bytes(16_KiB);
        return trial.append();
    case 7:
        trial.remove_freed();
        return true;
    default:
        return trial.append();
    }
}

// Empty if the laws hold; otherwise a sentence that names the broken one and the seed. `directory` is empty and exists.
//   What is committed is found again in commit order, in memory at once and after reopening, whether closed by seal()
//   or not. Freed segments never come back, whatever their files are used for. Numbers only ascend.
template <LogPolicy L>
std::string check_log(const Environment& environment, const std::string& directory, std::uint64_t seed = 1) {
    const LogContext context{.environment = environment, .directory = directory, .identity = mix(seed)};
    LogTrial<L> trial(context, small_segments<L>(), seed);
    constexpr bool durable = L::provides.has(Capability::durable);
    if (std::string broken = trial.recover(0, 0); !broken.empty()) return broken;
    SegmentNumber highest = 0;
    for (std::uint64_t step = 0; step < 600; ++step) {
        const std::uint64_t draw = mix(seed, step);
        const SegmentNumber before = trial.log().active();
        if (!step_log(trial, draw >> 8)) return trial.says("a call fails: " + trial.error->message());
        const SegmentNumber active = trial.log().active();
        if (active != 0 && active != before && active <= highest) return trial.says("a segment number is used twice");
        highest = std::max(highest, active);
        if (trial.log().synced() > trial.log().end()) return trial.says("more is synced than was committed");
        if (draw % 8 == 0)
            if (std::string broken = trial.check_segments(); !broken.empty()) return broken;
        if (durable && draw % 64 == 1) {
            const bool sealed = draw % 128 == 1;
            if (sealed && !trial.seal()) return trial.says("seal fails: " + trial.error->message());
            trial.close();
            const std::uint64_t least = sealed || L::survives_process ? trial.model.committed : trial.model.synced;
            const std::uint64_t most = trial.model.committed;
            if (std::string broken = trial.recover(std::max(least, trial.model.first), most); !broken.empty())
                return broken;
            highest = trial.log().next_number() - 1; // what never reached a file was never used
            if (sealed && trial.scan.bytes_cut > 0) return trial.says("a sealed log was cut");
            if (auto checked = trial.log().verify(); !checked)
                return trial.says("verify fails: " + checked.error().message());
        }
    }
    return trial.check_segments();
}

} // namespace kvilt::laws
