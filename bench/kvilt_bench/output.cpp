// Tables for people, CSV for plots, JSON for the rest.
#include "results.hpp"
#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {

namespace {

std::string printed(const char* form, double number) {
    if (std::isnan(number)) return "-";
    char text[64];
    std::snprintf(text, sizeof text, form, number);
    return text;
}

std::string duration(double ns) {
    if (ns < 1) return "-";
    if (ns < 1e3) return printed("%.0f ns", ns);
    if (ns < 1e6) return printed("%.1f us", ns / 1e3);
    if (ns < 1e9) return printed("%.1f ms", ns / 1e6);
    return printed("%.1f s", ns / 1e9);
}

std::string cell(std::string text, std::size_t width) {
    return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string times(double a, const Result* peer) { return peer ? printed("%.2f", a / peer->rate()) : "-"; }

std::string row(const Results& results, const Result& result) {
    std::string line = result.engine->name + (result.engine->warning.empty() ? "" : " (!)");
    line.resize(std::max<std::size_t>(line.size() + 1, 20), ' ');
    if (!result.failure.empty()) return line + " FAILED: " + result.failure + "\n";
    const Figures middle = result.median();
    line += cell(printed("%.0f", result.rate()), 12);
    for (const double ns : {middle.p50_ns, middle.p99_ns, middle.p999_ns, middle.max_ns})
        line += cell(duration(ns), 10);
    line += cell(printed("%.2f", result.amplification_written()), 9);
    line += cell(printed("%.2f", result.amplification_space()), 7);
    line += cell(middle.peak_memory_bytes > 0 ? printed("%.0f MiB", middle.peak_memory_bytes / (1 << 20)) : "-", 11);
    if (result.engine->ours) {
        line += cell(times(result.rate(), results.best_peer(result)), 10);
        line += cell(result.engine->ordered ? times(result.rate(), results.rocksdb(result)) : "-", 9);
    }
    return line + "\n";
}

std::string quoted(const std::string& text, const char* quote_inside) {
    std::string quotation = "\"";
    for (const char c : text) {
        if (c == '"')
            quotation += quote_inside;
        else if (static_cast<unsigned char>(c) < ' ')
            quotation += ' ';
        else if (c == '\\' && *quote_inside == '\\')
            quotation += "\\\\";
        else
            quotation += c;
    }
    return quotation + "\"";
}
std::string in_csv(const std::string& text) {
    return text.find_first_of(",\"\n") == std::string::npos ? text : quoted(text, "\"\"");
}
std::string in_json(const std::string& text) { return quoted(text, "\\\""); }
std::string in_json(double number) { return std::isfinite(number) ? printed("%.17g", number) : "null"; }

// visit(name, value) for what both files state beside the figures of rounds.
template <class Visitor>
void derived(const Results& results, const Result& result, Visitor visit) {
    const Result* const best = result.engine->ours ? results.best_peer(result) : nullptr;
    const Result* const rocksdb = result.engine->ours ? results.rocksdb(result) : nullptr;
    visit("ops_per_second", result.rate());
    visit("ops_per_second_min", result.rate_least());
    visit("ops_per_second_max", result.rate_most());
    visit("write_amplification", result.amplification_written());
    visit("space_amplification", result.amplification_space());
    visit("ratio_to_best_peer", best ? result.rate() / best->rate() : NAN);
    visit("ratio_to_rocksdb", rocksdb ? result.rate() / rocksdb->rate() : NAN);
}

std::string best_peer_name(const Results& results, const Result& result) {
    const Result* const best = result.engine->ours ? results.best_peer(result) : nullptr;
    return best ? best->engine->name : "";
}

std::string in_json(const Results& results, const Result& result) {
    std::string text = "    {\"engine\": " + in_json(result.engine->name);
    text += ", \"workload\": " + in_json(result.workload);
    text += ", \"failure\": " + in_json(result.failure);
    text += ", \"best_peer\": " + in_json(best_peer_name(results, result));
    derived(results, result,
            [&](const char* name, double number) { text += std::string(", \"") + name + "\": " + in_json(number); });
    text += ",\n     \"rounds\": [";
    for (std::size_t n = 0; n < result.rounds.size(); ++n) {
        std::string figures;
        Figures::for_each(result.rounds[n], [&](const char* name, double number) {
            figures += std::string(figures.empty() ? "" : ", ") + "\"" + name + "\": " + in_json(number);
        });
        text += (n == 0 ? "{" : ",\n                {") + figures + "}";
    }
    return text + "]}";
}

std::string in_json(const Description& engine) {
    std::string text = "    {\"name\": " + in_json(engine.name);
    text += ", \"version\": " + in_json(engine.version) + ", \"settings\": " + in_json(engine.settings);
    text += ", \"after_kill\": " + in_json(engine.after_kill) + ", \"after_power\": " + in_json(engine.after_power);
    text += ", \"warning\": " + in_json(engine.warning);
    text += std::string(", \"ours\": ") + (engine.ours ? "true" : "false");
    text += std::string(", \"ordered\": ") + (engine.ordered ? "true" : "false");
    return text + std::string(", \"threads\": ") + (engine.threads ? "true" : "false") + "}";
}

std::vector<const Description*> engines_of(const Results& results) {
    std::vector<const Description*> engines;
    for (const Result& result : results.all())
        if (std::ranges::find(engines, result.engine) == engines.end()) engines.push_back(result.engine);
    return engines;
}

} // namespace

std::string table(const Results& results) {
    std::string text;
    for (const std::string& workload : results.workloads()) {
        std::string head = workload;
        head.resize(std::max<std::size_t>(head.size() + 1, 20), ' ');
        text += "\n" + head + cell("ops/s", 12) + cell("p50", 10) + cell("p99", 10) + cell("p99.9", 10) +
                cell("max", 10) + cell("written", 9) + cell("space", 7) + cell("memory", 11) + cell("best peer", 10) +
                cell("RocksDB", 9) + "\n";
        for (const Result& result : results.all())
            if (result.workload == workload && result.ran()) text += row(results, result);
    }
    text += "\nThe last two: how many times the best peer's rate ours is; a store that keeps no order is compared with "
            "those\nthat keep none. \"-\": not measured.\n";
    for (const Description* engine : engines_of(results))
        if (!engine->warning.empty()) text += "(!) " + engine->name + ": " + engine->warning + "\n";
    return text;
}

std::string csv(const Results& results, const Options& options, const Circumstances& circumstances) {
    std::string text = "# " + circumstances.command + "\n# " + circumstances.machine + "\n# " + circumstances.date +
                       "\nengine,version,ours,ordered,workload,entries,value_bytes,compressed,rounds,failure,best_peer";
    const Description nobody;
    derived({}, {.engine = &nobody}, [&](const char* name, double) { text += std::string(",") + name; });
    Figures::for_each(Figures{}, [&](const char* name, double) { text += std::string(",") + name; });
    text += "\n";
    for (const Result& result : results.all()) {
        if (!result.ran()) continue;
        text += in_csv(result.engine->name) + "," + in_csv(result.engine->version) + "," +
                (result.engine->ours ? "1," : "0,") + (result.engine->ordered ? "1," : "0,") + result.workload + "," +
                std::to_string(options.entries) + "," + std::to_string(options.value_bytes) + "," +
                (options.compressed ? "1," : "0,") + std::to_string(result.rounds.size()) + "," +
                in_csv(result.failure) + "," + best_peer_name(results, result);
        const auto add = [&](const char*, double number) {
            text += ',';
            if (std::isfinite(number)) text += printed("%.10g", number);
        };
        derived(results, result, add);
        Figures::for_each(result.median(), add);
        text += "\n";
    }
    return text;
}

std::string json(const Results& results, const Options& options, const Circumstances& circumstances,
                 const std::optional<Limits>& limits) {
    std::string text =
        "{\"command\": " + in_json(circumstances.command) + ",\n \"machine\": " + in_json(circumstances.machine) +
        ",\n \"date\": " + in_json(circumstances.date) + ",\n \"entries\": " + std::to_string(options.entries) +
        ", \"value_bytes\": " + std::to_string(options.value_bytes) +
        ", \"compressed\": " + (options.compressed ? "true" : "false") +
        ", \"memory_bytes_max\": " + std::to_string(options.memory_bytes_max) +
        ", \"rounds\": " + std::to_string(options.rounds) + ",\n \"limits\": " + (limits ? to_json(*limits) : "null") +
        ",\n \"engines\": [\n";
    const auto add_all = [&](const auto& parts, auto shown) {
        bool first = true;
        for (const auto& part : parts) {
            text += first ? "" : ",\n";
            text += shown(part);
            first = false;
        }
    };
    add_all(engines_of(results), [](const Description* engine) { return in_json(*engine); });
    text += "],\n \"results\": [\n";
    add_all(results.all(), [&](const Result& result) { return in_json(results, result); });
    return text + "]}\n";
}

std::string list(const std::vector<Candidate>& candidates) {
    std::string text;
    for (const Candidate& candidate : candidates) {
        const Description& engine = candidate.description;
        text += engine.name + (engine.by_name ? " (by name)" : "") + ": " + engine.version + "\n";
        text += "    settings: " + engine.settings + "\n";
        text += "    a killed process has left: " + engine.after_kill + "\n";
        text += "    a power cut has left: " + engine.after_power + "\n";
        if (!engine.ordered) text += "    keeps no order of keys\n";
        if (!engine.threads) text += "    for one thread\n";
        if (!engine.warning.empty()) text += "    MIND: " + engine.warning + "\n";
    }
    return text;
}

} // namespace bench
