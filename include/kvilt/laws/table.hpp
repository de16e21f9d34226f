// The laws of the table slot, for any model of it: whatever is flushed, compacted, given up and opened anew, every
// reader sees what the history says, nothing is left over, and what nobody can see goes in the end.
#pragma once

#include <kvilt/laws/table_trial.hpp>

namespace kvilt::laws {

namespace detail {

// One random step of a history, then what must hold after it.
template <class Trial>
std::string table_step(Trial& trial, Dice& dice) {
    std::string wrong;
    switch (dice.below(12)) {
    case 0:
        trial.take_snapshot();
        break;
    case 1:
        trial.drop_snapshot();
        break;
    case 2:
        wrong = trial.open();
        break;
    case 3:
        if (dice.once_in(3)) wrong = trial.compact(true);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
        trial.write(1 + dice.below(150), dice.below(60));
        wrong = trial.flush();
        break;
    default:
        wrong = trial.compact(false);
    }
    if (wrong.empty() && dice.once_in(2)) wrong = trial.check_ahead();
    if (wrong.empty()) wrong = trial.inspect();
    return wrong;
}

template <class Trial>
std::string table_end(Trial& trial, const std::string& link_directory) {
    trial.drop_snapshots();
    std::string wrong = trial.compact(true);
    if (wrong.empty()) wrong = trial.inspect_settled();
    if (wrong.empty()) wrong = trial.compare();
    if (wrong.empty()) wrong = trial.compare_linked(link_directory);
    trial.erase_all();
    if (wrong.empty()) wrong = trial.flush();
    if (wrong.empty()) wrong = trial.compare();
    if (wrong.empty()) wrong = trial.compact(true);
    if (wrong.empty()) wrong = trial.inspect_settled();
    if (wrong.empty()) wrong = trial.inspect();
    return wrong;
}

} // namespace detail

// Drives tables of policy T through `steps` random steps in the empty directory `context.directory`, which holds their
// files and nothing else; `link_directory` is another empty one on the same disk. Small sizes in `options` let the
// shape show. Empty: the laws hold; otherwise a sentence that names the broken one and the seed that breaks it.
template <TablePolicy T, ThreadsTag Threads = threads::One>
std::string table_laws(const TableContext& context, const typename T::Options& options,
                       const std::string& link_directory, std::uint64_t seed, std::size_t steps = 100) {
    detail::TableTrial<T, Threads> trial(context, options, seed, 150);
    Dice dice(mix(seed));
    std::string wrong = trial.open();
    for (std::size_t step = 0; wrong.empty() && step < steps; ++step) {
        wrong = detail::table_step(trial, dice);
        if (wrong.empty() && step % 4 == 3) wrong = trial.compare();
    }
    if (wrong.empty()) wrong = detail::table_end(trial, link_directory);
    if (wrong.empty()) return wrong;
    return std::string(T::name) + ": " + wrong + " (seed " + std::to_string(seed) + ")";
}

} // namespace kvilt::laws
