#include "options.hpp"

#include "workload.hpp"
#include <charconv>
#include <map>
#include <sstream>

namespace bench {

namespace {

constexpr const char* usage = R"(usage: kvilt_bench [OPTION]...

Runs the workloads of db_bench and YCSB on kvilt and on the embedded stores that were found when it was configured. Each
run is a process and a fresh directory of its own; engines take turns, each round begins with another one, and figures
are medians over rounds.

  --engines A,B           all but those that are marked "by name" (see --list)
  --workloads X,Y         all but those that are marked below
  --entries N             that are put (100000); k and M at a number's end are thousands and millions
  --value-bytes N         at least 8 (100); keys have 16, all digits
  --operations N          of workloads that read and of YCSB (as many as entries, a million at most); walks are a tenth
  --synced N              puts of fillsync (1000)
  --rounds N              (3)
  --once A,B              of these engines, which would take most of the time, one round
  --directory DIRECTORY   where the stores are made, and removed (the place for temporary files)
  --compressed            half-compressible values; engines compress with lz4, or what they have
  --memory-bytes-max N    what an engine may have for caches and buffers; with a group below, also the kernel's cache
  --memory-group PATH     a control group that runs join, its limit set to that many bytes: for data beyond memory
  --latency-every N       one operation in so many is timed alone (8): see below
  --timeout-seconds N     after which a run is ended and reported as failed (3600)
  --without-limits        of the machine, which are measured first: it takes some seconds and 512 MiB
  --csv FILE, --json FILE
  --list                  engines: versions, settings, what survives what
  --help

Workloads, in the order in which they run. Those of one group share a store, which the first of them fills; it is run,
but not shown, where only later ones are asked for. After each that is marked with * the store settles (flushes and does
what it has to in the background), which is not in its time, but in what it has written.

)";

constexpr const char* reading = R"(
Reading the figures: values that are read are compared by size, first and last 8 bytes, walks by entries, bytes and the
sum of all last bytes; a wrong answer ends the run. Making a key and a value, and judging one, takes 10 to 30 ns of each
operation, in rates and latencies alike; what YCSB asks for is drawn beforehand. One in --latency-every operations is
timed alone, which costs two looks at the processor's counter, some 20 ns; operations in between are timed together, and
"max" is of both. Batches, walks, many keys at once and synced puts are all timed. "written" is what the process made
dirty in the page cache (/proc/self/io; a mapped page that is dirtied again before the kernel wrote it counts once;
nothing is counted on tmpfs), until the store has settled, for each byte of keys and values put; what was dirty before
is written first. "space" is blocks on disk for each byte that is there. "memory" is the peak of the process (VmHWM): it
has mapped files in it, which the kernel can take back.
)";

std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string part; std::getline(stream, part, ',');)
        if (!part.empty()) parts.push_back(part);
    return parts;
}

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ",") + part;
    return text;
}

std::size_t number(const std::string& option, std::string text, std::size_t least, std::size_t most) {
    const std::string given = text;
    std::size_t scale = 1;
    if (text.ends_with('k')) scale = 1000;
    if (text.ends_with('M')) scale = 1'000'000;
    if (scale != 1) text.pop_back();
    std::size_t value = 0;
    const auto [stopped, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (wrong != std::errc() || stopped != text.data() + text.size() || value > most / scale || value * scale < least)
        throw Usage(option + " needs a number from " + std::to_string(least) + " to " + std::to_string(most) +
                    ", not \"" + given + "\"");
    return value * scale;
}

constexpr std::size_t billion = 1'000'000'000;

struct Number {
    std::size_t Options::* place;
    std::size_t least;
    std::size_t most;
};
const std::map<std::string, Number> numbers{
    {"--entries", {&Options::entries, 1000, billion}},
    {"--value-bytes", {&Options::value_bytes, 8, 100'000}},
    {"--operations", {&Options::operations, 1, billion}},
    {"--synced", {&Options::synced, 1, billion}},
    {"--rounds", {&Options::rounds, 1, 1000}},
    {"--latency-every", {&Options::latency_every, 1, 1'000'000}},
    {"--memory-bytes-max", {&Options::memory_bytes_max, 16 << 20, std::size_t{1} << 50}},
    {"--timeout-seconds", {&Options::timeout_seconds, 1, 1'000'000}},
};
const std::map<std::string, std::string Options::*> texts{
    {"--memory-group", &Options::memory_group},
    {"--directory", &Options::directory},
    {"--csv", &Options::csv},
    {"--json", &Options::json},
    {"--run-engine", &Options::run_engine},
    {"--run-directory", &Options::run_directory},
};
const std::map<std::string, std::vector<std::string> Options::*> lists{
    {"--engines", &Options::engines},
    {"--workloads", &Options::workloads},
    {"--once", &Options::once},
    {"--run-workloads", &Options::run_workloads},
};
const std::map<std::string, bool Options::*> flags{{"--compressed", &Options::compressed},
                                                   {"--without-limits", &Options::without_limits},
                                                   {"--list", &Options::list},
                                                   {"--help", &Options::help}};

void check(const Options& options) {
    for (const std::string& name : options.workloads)
        if (workload_named(name) == nullptr)
            throw Usage("--workloads: there is no \"" + name + "\"; --help names those that there are");
    if (!options.memory_group.empty() && options.memory_bytes_max == 0)
        throw Usage("--memory-group needs --memory-bytes-max, the limit that it is given");
}

} // namespace

Options parse(const std::vector<std::string>& words) {
    Options options;
    for (std::size_t at = 0; at < words.size(); ++at) {
        std::string name = words[at];
        if (const auto flag = flags.find(name); flag != flags.end()) {
            options.*flag->second = true;
            continue;
        }
        std::string value;
        if (const std::size_t equals = name.find('='); equals != std::string::npos) {
            value = name.substr(equals + 1);
            name.resize(equals);
        } else if (at + 1 < words.size()) {
            value = words[++at];
        }
        const auto numeric = numbers.find(name);
        const auto text = texts.find(name);
        const auto list = lists.find(name);
        if (numeric == numbers.end() && text == texts.end() && list == lists.end())
            throw Usage("\"" + name + "\" is no option; --help names those that there are");
        if (value.empty()) throw Usage(name + " needs a value behind it");
        if (numeric != numbers.end())
            options.*numeric->second.place = number(name, value, numeric->second.least, numeric->second.most);
        if (text != texts.end()) options.*text->second = value;
        if (list != lists.end()) options.*list->second = split(value);
    }
    check(options);
    return options;
}

std::vector<std::string> words_of(const Options& options) {
    const Options usual;
    std::vector<std::string> words;
    const auto add = [&](const std::string& name, const std::string& value) {
        words.push_back(name);
        words.push_back(value);
    };
    for (const auto& [name, which] : numbers)
        if (options.*which.place != usual.*which.place) add(name, std::to_string(options.*which.place));
    for (const auto& [name, place] : texts)
        if (!(options.*place).empty()) add(name, options.*place);
    for (const auto& [name, place] : lists)
        if (!(options.*place).empty()) add(name, joined(options.*place));
    for (const auto& [name, place] : flags)
        if (options.*place) words.push_back(name);
    return words;
}

std::string help() {
    std::string text = usage;
    int sequence = -1;
    for (const Workload& workload : workloads()) {
        if (workload.sequence != sequence && sequence >= 0) text += "\n";
        sequence = workload.sequence;
        std::string name = std::string("  ") + workload.name + (workload.is(Trait::writes) ? "*" : "");
        name.resize(std::max<std::size_t>(name.size() + 1, 21), ' ');
        text += name + workload.does + (workload.is(Trait::by_name) ? " (only if it is named)" : "") + "\n";
    }
    return text + reading;
}

} // namespace bench
