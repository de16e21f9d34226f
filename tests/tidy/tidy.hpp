// The rules of docs/style.md that a machine can judge, as functions from a file's text to complaints. Pure, so that
// each rule is itself tested on text that breaks it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tidy {

using Text = std::string_view;
using Complaints = std::vector<std::string>; // "path:line: what is wrong", or "path: what is wrong"

inline constexpr std::size_t header_lines_max = 400;
inline constexpr std::size_t function_lines_max = 60;
inline constexpr std::size_t columns_max = 120;

inline std::vector<Text> lines_of(Text text) {
    std::vector<Text> lines;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

inline std::string at(Text path, std::size_t line, Text what) {
    return std::string(path).append(":").append(std::to_string(line)).append(": ").append(what);
}

inline bool one_of(Text text, std::initializer_list<Text> set) {
    return std::find(set.begin(), set.end(), text) != set.end();
}

// "kvilt/core/bytes.hpp" of `#include <kvilt/core/bytes.hpp>`; empty if the line includes nothing.
inline Text included_by(Text line) {
    if (!line.starts_with("#include")) return {};
    const std::size_t open = line.find_first_of("<\"");
    const std::size_t close = line.find_first_of(">\"", open + 1);
    return close < line.size() ? line.substr(open + 1, close - open - 1) : Text{};
}

// ---- Includes point down. Paths are below include/kvilt/.

inline bool is_slot(Text room) {
    return one_of(room, {"memtable", "log", "table", "partition", "replication", "conflict"});
}

inline Text room_of(Text header) {
    const std::size_t slash = header.find('/');
    return slash == Text::npos ? Text{} : header.substr(0, slash);
}

inline bool is_contract(Text header) { return is_slot(room_of(header)) && header.ends_with("/concept.hpp"); }

// May `header` include `other`? The table of layers of docs/architecture.md.
inline bool may_include(Text header, Text other) {
    const Text from = room_of(header);
    const Text to = room_of(other);
    if (from.empty() || one_of(from, {"sim", "laws"})) return true;
    if (to == "core" || to == from) return true;
    if (from == "core" || from == "typed") return false;
    if (to == "env") return true;
    if (from == "env" || is_slot(from)) return false;
    if (from == "compose" || from == "engine") return is_contract(other);
    if (from == "cluster") return is_contract(other) || to == "engine";
    if (from == "front") return is_contract(other) || to == "cluster";
    return false;
}

inline bool may_include_boost(Text header) {
    return !one_of(room_of(header), {"core", "env"}) && !is_slot(room_of(header));
}

inline Complaints check_includes(Text header, Text text) {
    Complaints complaints;
    const std::vector<Text> lines = lines_of(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const Text other = included_by(lines[i]);
        const auto complain = [&](Text why) {
            complaints.push_back(at(header, i + 1, std::string("includes ").append(other).append(", ").append(why)));
        };
        if (other.empty()) continue;
        if (lines[i].find('"') != Text::npos) complain("but headers are named in angle brackets, from kvilt/ on");
        if (one_of(other, {"iostream", "regex", "filesystem"})) complain("which costs every user its compile time");
        if (other.starts_with("boost/") && !may_include_boost(header))
            complain("but Boost.Hana is for compose/ and typed/");
        if (other.starts_with("kvilt/") && !may_include(header, other.substr(6)))
            complain("but includes point down: see the layers in docs/style.md");
    }
    return complaints;
}

// ---- Sizes.

inline Complaints check_header_length(Text path, Text text) {
    const std::size_t lines = lines_of(text).size();
    if (lines <= header_lines_max) return {};
    return {std::string(path) + ": " + std::to_string(lines) + " lines; a header has one idea and at most 400"};
}

// Columns, not bytes: UTF-8 continuation bytes do not count.
inline Complaints check_lines(Text path, Text text) {
    Complaints complaints;
    const std::vector<Text> lines = lines_of(text);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const auto columns = std::count_if(lines[i].begin(), lines[i].end(), [](char c) { return (c & 0xc0) != 0x80; });
        if (columns > static_cast<std::ptrdiff_t>(columns_max))
            complaints.push_back(at(path, i + 1, "over 120 columns"));
        if (lines[i].ends_with(' ') || lines[i].ends_with('\r'))
            complaints.push_back(at(path, i + 1, "trailing space"));
        if (lines[i].find('\t') != Text::npos) complaints.push_back(at(path, i + 1, "a tab"));
        for (const Text mark : {Text("TO"
                                     "DO"),
                                Text("FIX"
                                     "ME")})
            if (lines[i].find(mark) != Text::npos)
                complaints.push_back(at(path, i + 1, std::string(mark) + ": do it, or decide it in docs/decisions/"));
    }
    if (!text.empty() && !text.ends_with('\n')) complaints.push_back(at(path, lines.size(), "no newline at the end"));
    return complaints;
}

// The text with comments, literals and preprocessor lines blanked, each line break kept.
class Blanked {
public:
    explicit Blanked(Text text) : text_(text), code_(text) {
        while (at_ < text_.size()) step();
    }
    const std::string& code() const { return code_; }

private:
    void step() {
        const Text rest = text_.substr(at_);
        const bool line_start = at_ == 0 || text_[at_ - 1] == '\n';
        if (line_start && rest.substr(std::min(rest.find_first_not_of(" "), rest.size())).starts_with('#'))
            directive();
        else if (rest.starts_with("//"))
            blank(rest.find('\n'));
        else if (rest.starts_with("/*"))
            blank(past(rest, "*/", 2));
        else if (rest.starts_with("R\"") && !in_word())
            blank(past(rest, std::string(")").append(rest.substr(2, rest.find('(') - 2)).append("\""), 2));
        else if (rest.starts_with('"') || (rest.starts_with('\'') && !in_word()))
            literal(rest.front());
        else
            ++at_;
    }

    // Is the previous character part of a word (then ' separates digits and R" ends an identifier)?
    bool in_word() const {
        if (at_ == 0) return false;
        const char c = text_[at_ - 1];
        return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    }

    static std::size_t past(Text rest, Text close, std::size_t from) {
        const std::size_t found = rest.find(close, from);
        return found == Text::npos ? rest.size() : found + close.size();
    }

    void directive() {
        for (bool more = true; more && at_ < text_.size();) {
            const std::size_t end = std::min(text_.find('\n', at_), text_.size());
            more = end > at_ && text_[end - 1] == '\\';
            blank(std::min(end + 1, text_.size()) - at_);
        }
    }

    void literal(char quote) {
        std::size_t end = at_ + 1;
        while (end < text_.size() && text_[end] != quote) end += text_[end] == '\\' ? 2 : 1;
        blank(end + 1 - at_);
    }

    void blank(std::size_t count) {
        for (count = std::min(count, text_.size() - at_); count > 0; --count, ++at_)
            if (text_[at_] != '\n') code_[at_] = ' ';
    }

    Text text_;
    std::string code_;
    std::size_t at_ = 0;
};

// `head` is what stands before a brace at namespace or class scope: does the brace open a namespace or type, in which
// functions may stand? Every other brace there opens a function (or a variable's initialiser: judged alike).
inline bool opens_scope(Text head) {
    std::vector<std::string> words;
    std::string word;
    int angles = 0;
    for (const char c : head) {
        if (c == '<') ++angles;
        const bool letter = c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter && angles == 0) word += c;
        if (!letter && !word.empty()) words.push_back(std::exchange(word, {}));
        if (c == '>' && angles > 0) --angles;
        if (c == ')') words.emplace_back(")");
    }
    if (!word.empty()) words.push_back(word);
    if (words.empty() || one_of(words.back(), {")", "const", "noexcept", "override"})) return false;
    return std::any_of(words.begin(), words.end(), [](const std::string& each) {
        return one_of(each, {"namespace", "class", "struct", "union", "enum", "extern"});
    });
}

// Counts a function from the first line of its head to its closing brace; lambdas count as part of it.
inline Complaints check_functions(Text path, Text text) {
    const std::string code = Blanked(text).code();
    Complaints complaints;
    std::vector<bool> scopes; // open braces: is it a scope?
    std::size_t inside = 0;   // open braces that are no scope
    std::string head;
    std::size_t line = 1;
    std::size_t first_line = 1;
    for (const char c : code) {
        if (c == '{') {
            const bool scope = inside == 0 && opens_scope(head);
            scopes.push_back(scope);
            if (!scope) ++inside;
        } else if (c == '}' && !scopes.empty()) {
            if (!scopes.back() && --inside == 0 && line - first_line + 1 > function_lines_max)
                complaints.push_back(
                    at(path, first_line,
                       "a function of " + std::to_string(line - first_line + 1) + " lines; at most 60 fit on a page"));
            scopes.pop_back();
        }
        if (c == '\n') ++line;
        if (inside > 0) continue;
        const bool label = c == ':' && one_of(head, {"public", "private", "protected"});
        if (c == '{' || c == '}' || c == ';' || label)
            head.clear();
        else if (!head.empty() || (c != ' ' && c != '\n')) {
            if (head.empty()) first_line = line;
            head += c;
        }
    }
    return complaints;
}

// ---- Words.

inline Complaints check_purpose(Text path, Text text) {
    const std::vector<Text> lines = lines_of(text);
    std::size_t i = 0;
    while (i < lines.size() && lines[i].starts_with("//")) ++i;
    if (i == 0 || lines[0].find(' ', 3) == Text::npos)
        return {at(path, 1, "a header begins with a sentence of its purpose")};
    if (i == lines.size() || lines[i] != "#pragma once") return {at(path, i + 1, "#pragma once follows the purpose")};
    return {};
}

// A page with its tables' lines left empty: they cannot be broken.
inline std::string without_tables(Text text) {
    std::string rest;
    bool table = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == 0 || text[i - 1] == '\n') table = text[i] == '|';
        if (!table || text[i] == '\n') rest += text[i];
    }
    return rest;
}

inline Complaints check_paths(Text path, Text text) {
    Complaints complaints;
    for (const Text local : {Text("/wo"
                                  "rk/"),
                             Text("/ro"
                                  "ot/"),
                             Text("/ho"
                                  "me/")})
        if (const std::size_t found = text.find(local); found != Text::npos) {
            const auto line = static_cast<std::size_t>(
                std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(found), '\n'));
            complaints.push_back(at(path, line + 1, std::string("names a place of one machine: ").append(local)));
        }
    return complaints;
}

// Pages "docs/<...>.md" that a source's text names.
inline std::vector<std::string> pages_named(Text text) {
    std::vector<std::string> pages;
    for (std::size_t from = text.find("docs/"); from != Text::npos; from = text.find("docs/", from + 1)) {
        const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-/.", from);
        Text page = text.substr(from, end == Text::npos ? end : end - from);
        while (page.ends_with('.')) page.remove_suffix(1);
        if (page.ends_with(".md")) pages.emplace_back(page);
    }
    return pages;
}

// What the links of a page lead to, but for other sites and places in a page.
inline std::vector<std::string> links_of(Text page) {
    std::vector<std::string> links;
    for (std::size_t at = page.find("]("); at != Text::npos; at = page.find("](", at + 1)) {
        const Text link = page.substr(at + 2, page.find_first_of("#)", at) - at - 2);
        const bool code = link.find(' ') != Text::npos; // a lambda
        if (!link.empty() && !code && !link.starts_with("http")) links.emplace_back(link);
    }
    return links;
}

} // namespace tidy
