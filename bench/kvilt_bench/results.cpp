#include "results.hpp"

#include "../figures.hpp"
#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

namespace bench {

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

template <class Of>
std::vector<double> over_rounds(const Result& result, Of of) {
    std::vector<double> values;
    for (const Figures& figures : result.rounds) values.push_back((figures.*of)());
    return values;
}

double ratio(double a, double b) { return b > 0 ? a / b : none; }

} // namespace

Figures Result::median() const {
    Figures figures{.workload = workload};
    std::vector<std::vector<double>> columns;
    for (const Figures& round : rounds) {
        std::size_t column = 0;
        Figures::for_each(round, [&](const char*, double number) {
            if (columns.size() == column) columns.emplace_back();
            columns[column++].push_back(number);
        });
    }
    std::size_t column = 0;
    Figures::for_each(figures, [&](const char*, double& number) {
        if (column < columns.size()) number = bench::median(columns[column++]);
    });
    return figures;
}

double Result::rate() const { return bench::median(over_rounds(*this, &Figures::rate)); }
double Result::rate_least() const { return rounds.empty() ? 0 : std::ranges::min(over_rounds(*this, &Figures::rate)); }
double Result::rate_most() const { return rounds.empty() ? 0 : std::ranges::max(over_rounds(*this, &Figures::rate)); }
double Result::amplification_written() const {
    const Figures middle = median();
    return middle.disk_bytes > 0 ? ratio(middle.written_bytes, middle.user_bytes) : none; // only what was weighed
}
double Result::amplification_space() const {
    const Figures middle = median();
    return ratio(middle.disk_bytes, middle.live_bytes);
}

Result& Results::of(const Description& engine, const std::string& workload) {
    for (Result& result : all_)
        if (result.engine == &engine && result.workload == workload) return result;
    return all_.emplace_back(Result{.engine = &engine, .workload = workload});
}

std::vector<std::string> Results::workloads() const {
    std::vector<std::string> names;
    for (const Result& result : all_)
        if (result.ran() && std::ranges::find(names, result.workload) == names.end()) names.push_back(result.workload);
    return names;
}

const Result* Results::best_peer(const Result& result) const {
    const Result* best = nullptr;
    for (const Result& peer : all_) {
        if (peer.engine->ours || peer.engine->ordered != result.engine->ordered) continue;
        if (peer.workload != result.workload || peer.rounds.empty()) continue;
        if (best == nullptr || peer.rate() > best->rate()) best = &peer;
    }
    return best;
}

const Result* Results::rocksdb(const Result& result) const {
    for (const Result& peer : all_)
        if (peer.engine->name == "rocksdb" && peer.workload == result.workload && !peer.rounds.empty()) return &peer;
    return nullptr;
}

Circumstances circumstances(const std::vector<std::string>& words) {
    std::string command = "kvilt_bench";
    for (const std::string& word : words) command += " " + word;
    const std::time_t now = std::time(nullptr);
    std::tm day{};
    ::gmtime_r(&now, &day);
    std::string date(10, ' ');
    std::strftime(date.data(), date.size() + 1, "%F", &day);
    return {.command = command, .machine = machine(), .date = date};
}

} // namespace bench
