// Reads, makes up and parses package indexes: paragraphs of "Field: value" lines, continued by lines that begin with a
// space, an empty line between two packages.
#include "dump.hpp"

#include <kvilt/core/checksum.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>

namespace {

using Text = std::string_view;

Text trimmed(Text text) {
    const std::size_t first = text.find_first_not_of(" \t\r");
    return first == Text::npos ? Text{} : text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Calls use(piece) for each piece between separators.
void split(Text text, char separator, auto use) {
    for (;;) {
        const std::size_t end = text.find(separator);
        use(text.substr(0, end));
        if (end == Text::npos) return;
        text.remove_prefix(end + 1);
    }
}

// "libc6 (>= 2.34), awk | mawk:any": every name once, alternatives too.
void add_dependencies(std::vector<Dependency>& depends, Text field) {
    split(field, ',', [&](Text alternatives) {
        split(alternatives, '|', [&](Text one) {
            const std::size_t open = std::min(one.find('('), one.size());
            Text name = trimmed(one.substr(0, open));
            name = name.substr(0, name.find_first_of(": ["));
            const Text versions = trimmed(one.substr(open).substr(0, one.substr(open).find(')')));
            if (name.empty()) return;
            auto known = std::find_if(depends.begin(), depends.end(), [&](const auto& d) { return d.name == name; });
            if (known == depends.end()) known = depends.insert(known, {std::string(name), {}});
            if (versions.empty()) return;
            if (!known->versions.empty()) known->versions += ", ";
            known->versions += versions.substr(1);
        });
    });
}

void set_field(Package& package, Text field, Text value) {
    if (field == "Package")
        package.name = value;
    else if (field == "Version")
        package.version = value;
    else if (field == "Section")
        package.section = value;
    else if (field == "Maintainer")
        package.maintainer = value;
    else if (field == "Description" || field == "Description-en")
        package.description = value;
    else if (field == "Installed-Size")
        std::from_chars(value.data(), value.data() + value.size(), package.installed_kib);
    else if (field == "Depends" || field == "Pre-Depends")
        add_dependencies(package.depends, value);
}

Dump parse(std::string source, Text text) {
    Dump dump{.source = std::move(source), .text_bytes = text.size()};
    Package package;
    const auto finish = [&] {
        if (!package.name.empty()) dump.packages.insert_or_assign(package.name, std::move(package));
        package = {};
    };
    split(text, '\n', [&](Text line) {
        if (trimmed(line).empty()) return finish();
        const std::size_t colon = line.find(':');
        if (colon == Text::npos || line.front() == ' ' || line.front() == '\t') return;
        set_field(package, line.substr(0, colon), trimmed(line.substr(colon + 1)));
    });
    finish();
    for (const auto& [name, each] : dump.packages) dump.dependencies += each.depends.size();
    return dump;
}

// Nothing where there is no apt.
std::string text_of_apt() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen("apt-cache dumpavail 2>/dev/null", "r"), pclose);
    std::string text;
    std::array<char, 1 << 16> piece;
    while (pipe != nullptr) {
        const std::size_t count = std::fread(piece.data(), 1, piece.size(), pipe.get());
        if (count == 0) break;
        text.append(piece.data(), count);
    }
    return text;
}

std::string text_of_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || std::filesystem::is_directory(path))
        throw std::runtime_error(path + " cannot be read; give the output of `apt-cache dumpavail`");
    return {std::istreambuf_iterator<char>(file), {}};
}

// An index of the same shape and size: a few packages that many need, and many that few need. The same for one seed.
std::string generated_text(std::size_t packages, std::uint64_t seed) {
    constexpr std::array<Text, 6> families{"lib", "python3-", "golang-", "fonts-", "ruby-", ""};
    constexpr std::array<Text, 8> syllables{"ka", "vil", "to", "ren", "mi", "sol", "dar", "nue"};
    auto dice = [&, rolls = std::uint64_t{0}](std::size_t below) mutable {
        return static_cast<std::size_t>(kvilt::mix(seed, ++rolls) % below);
    };
    std::vector<std::string> names{"libc6", "zlib1g"};
    std::string text;
    for (std::size_t n = 0; n < packages; ++n) {
        if (n >= names.size()) {
            std::string name(families[dice(families.size())]);
            for (std::size_t count = 2 + dice(3); count > 0; --count) name += syllables[dice(syllables.size())];
            names.push_back(name + std::to_string(n));
        }
        text += "Package: " + names[n] + "\nVersion: " + std::to_string(dice(20)) + "." + std::to_string(dice(100)) +
                "-1\nInstalled-Size: " + std::to_string(1 + dice(50'000)) +
                "\nMaintainer: Nobody in Particular <nobody@example.org>\nSection: misc\nDepends: ";
        for (std::size_t count = dice(9); count > 0 && n > 1; --count)
            text += names[dice(1 + dice(n))] + " (>= " + std::to_string(dice(9)) + "), ";
        text += "libc6\nDescription: a package that was made up\n" + std::string(400, '.').insert(0, 1, ' ') + "\n\n";
    }
    return text;
}

} // namespace

Dump read_dump(const Input& input) {
    constexpr std::size_t few = 1000; // an apt that was never updated prints none, or the installed ones
    constexpr std::size_t typical = 60'000;
    constexpr std::uint64_t seed = 1;
    if (!input.file.empty()) {
        Dump dump = parse(input.file, text_of_file(input.file));
        if (dump.packages.empty())
            throw std::runtime_error(input.file +
                                     " holds no package; give the output of `apt-cache dumpavail`, or a Packages file");
        return dump;
    }
    if (input.generated > 0)
        return parse("a generator with seed " + std::to_string(seed), generated_text(input.generated, seed));
    Dump dump = parse("`apt-cache dumpavail`", text_of_apt());
    if (dump.packages.size() >= few) return dump;
    return parse("a generator with seed " + std::to_string(seed) + ", for `apt-cache dumpavail` knows only " +
                     std::to_string(dump.packages.size()) + " packages here (`apt-get update` mends that)",
                 generated_text(typical, seed));
}
