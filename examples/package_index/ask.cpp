// Act 2: every kind of question, judged by the std::map that was parsed.
#include <kvilt/core/checksum.hpp>

#include "acts.hpp"
#include <algorithm>
#include <set>

using namespace kvilt;

namespace {

using Names = std::vector<std::string>;

// In random order, and as many that are not there.
void look_up(Report& report, const Dump& dump, const PackageStore& store) {
    Names names;
    for (const auto& [name, package] : dump.packages) names.push_back(name);
    for (std::size_t n = names.size(); n > 1; --n) std::swap(names[n - 1], names[mix(1, n) % n]);

    std::vector<std::optional<Package>> found;
    found.reserve(names.size());
    const Stopwatch watch;
    for (const std::string& name : names) found.push_back(must(store.get<Package>(package_key(name))));
    report.say(grouped(names.size()) + " look-ups by name in " + decimal(watch.seconds(), 2) +
               " s: " + grouped(watch.per_second(names.size())) + " packages a second");

    std::size_t right = 0;
    std::size_t absent = 0;
    for (std::size_t n = 0; n < names.size(); ++n) {
        right += found[n] == dump.packages.at(names[n]);
        absent += !must(store.get<Package>(package_key(names[n] + "?"))).has_value();
    }
    report.check(right == names.size(), grouped(right) + " packages are, member by member, what was parsed");
    report.check(absent == names.size(), grouped(absent) + " packages that do not exist are not found");
}

// Both directions.
void walk(Report& report, const Dump& dump, const PackageStore& store) {
    const auto range_of_lib = range(package_key("lib"), package_key("lic"));
    Names expected;
    for (auto at = dump.packages.lower_bound("lib"); at != dump.packages.lower_bound("lic"); ++at)
        expected.push_back(at->first);

    Names found;
    const Stopwatch watch;
    for (const auto& [key, package] : store.scan<PackageKey, Package>(range_of_lib)) found.push_back(package.name);
    const double seconds = watch.seconds();
    report.check(found == expected, "[\"lib\", \"lic\") has " + grouped(found.size()) + " packages, in order, in " +
                                        decimal(seconds * 1000, 1) + " ms");

    found.clear();
    for (const auto& [key, package] : store.scan<PackageKey, Package>(range_of_lib).reverse())
        found.push_back(std::get<1>(key));
    report.check(std::equal(found.begin(), found.end(), expected.rbegin(), expected.rend()),
                 "and backwards the same ones");
}

// zlib1g, or what most packages need.
std::string in_demand(const Dump& dump) {
    std::map<std::string, std::size_t> needs;
    for (const auto& [name, package] : dump.packages)
        for (const Dependency& each : package.depends) ++needs[each.name];
    if (needs.contains("zlib1g")) return "zlib1g";
    const auto most =
        std::max_element(needs.begin(), needs.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    return most == needs.end() ? std::string() : most->first;
}

void who_needs(Report& report, const Dump& dump, const PackageStore& store) {
    const std::string needed = in_demand(dump);
    std::map<std::string, std::string> expected;
    for (const auto& [name, package] : dump.packages)
        for (const Dependency& each : package.depends)
            if (each.name == needed) expected.emplace(name, each.versions);

    std::map<std::string, std::string> found;
    const Stopwatch watch;
    for (auto&& [key, versions] : store.scan<ReverseKey, std::string>(prefix(std::tuple("rdep", needed))))
        found.emplace(std::get<2>(key), versions);
    const double seconds = watch.seconds();
    if (const auto package = must(store.get<Package>(package_key(needed))))
        report.say(package->name + " " + package->version + ", section " + package->section + ", " +
                   grouped(package->installed_kib) + " KiB installed: " + package->description);
    std::string some;
    for (const auto& [name, versions] : found) {
        some += (some.empty() ? "" : ", ") + name + (versions.empty() ? "" : " (" + versions + ")");
        if (some.size() > 60) break;
    }
    report.say("It is needed by " + some + ", ...");
    report.check(found == expected, grouped(found.size()) + " packages need " + needed + ": one prefix scan, " +
                                        decimal(seconds * 1000, 1) + " ms");
}

} // namespace

void ask(Report& report, const Dump& dump, const std::string& directory) {
    report.act("2. Ask");
    const PackageStore store = must(PackageStore::open(directory, package_options()));
    look_up(report, dump, store);
    walk(report, dump, store);
    who_needs(report, dump, store);
}
