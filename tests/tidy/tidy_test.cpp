// The rules of docs/style.md, first each on text that breaks it, then on this repository.
#include <doctest/doctest.h>

#include "tidy.hpp"
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

const fs::path root = KVILT_SOURCE_DIR;

struct File {
    std::string path; // below the root
    std::string text;

    bool is_header() const { return path.starts_with("include/"); }
    bool is_code() const {
        for (const char* ending : {".hpp", ".cpp", ".def", ".py", ".cmake", "CMakeLists.txt", ".ci/run"})
            if (path.ends_with(ending)) return true;
        return false;
    }
    std::string below_kvilt() const { return path.substr(std::string("include/kvilt/").size()); }
};

std::string slurp(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

// What a clone holds: no builds, no hidden folders but our own.
std::vector<File> repository() {
    std::vector<File> files;
    for (auto at = fs::recursive_directory_iterator(root); at != fs::recursive_directory_iterator(); ++at) {
        const std::string name = at->path().filename();
        const bool hidden = name.starts_with('.') && name != ".ci" && name != ".clang-format" && name != ".gitignore";
        if (hidden || name == "build" || name == "__pycache__") {
            if (at->is_directory()) at.disable_recursion_pending();
        } else if (at->is_regular_file()) {
            files.push_back({at->path().lexically_relative(root), slurp(at->path())});
        }
    }
    return files;
}

const std::vector<File>& files() {
    static const std::vector<File> all = repository();
    return all;
}

template <class Check>
void expect_none(Check check) {
    std::size_t checked = 0;
    for (const File& file : files()) {
        const tidy::Complaints complaints = check(file, checked);
        for (const std::string& complaint : complaints) FAIL_CHECK(complaint);
    }
    CHECK_MESSAGE(checked > 0, "nothing was checked");
}

std::string repeated(const char* line, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += line;
    return text;
}

std::size_t including(const char* header, const char* other) {
    return tidy::check_includes(header, std::string("#include <kvilt/") + other + ">\n").size();
}

// How many functions are too long if `before` and `after` stand around `lines` lines?
std::size_t long_functions(const std::string& before, std::size_t lines, const std::string& after) {
    return tidy::check_functions("x.hpp", before + repeated("    a();\n", lines) + after).size();
}

} // namespace

TEST_SUITE("the checks find what they look for") {
    TEST_CASE("an include may point down, never up or aside") {
        CHECK(including("core/batch.hpp", "core/bytes.hpp") == 0);
        CHECK(including("core/batch.hpp", "env/clock.hpp") == 1);
        CHECK(including("env/posix.hpp", "core/bytes.hpp") == 0);
        CHECK(including("env/posix.hpp", "log/concept.hpp") == 1);
        CHECK(including("log/mapped.hpp", "log/concept.hpp") == 0);
        CHECK(including("log/mapped.hpp", "env/clock.hpp") == 0);
        CHECK(including("log/mapped.hpp", "table/concept.hpp") == 1);
        CHECK(including("log/mapped.hpp", "engine/engine.hpp") == 1);
        CHECK(including("compose/rules.hpp", "table/concept.hpp") == 0);
        CHECK(including("compose/rules.hpp", "table/lsm.hpp") == 1);
        CHECK(including("engine/engine.hpp", "memtable/concept.hpp") == 0);
        CHECK(including("engine/engine.hpp", "memtable/art.hpp") == 1);
        CHECK(including("engine/engine.hpp", "cluster/cluster.hpp") == 1);
        CHECK(including("cluster/cluster.hpp", "engine/engine.hpp") == 0);
        CHECK(including("cluster/cluster.hpp", "partition/ring.hpp") == 1);
        CHECK(including("front/ring_client.hpp", "cluster/cluster.hpp") == 0);
        CHECK(including("front/ring_client.hpp", "engine/engine.hpp") == 1);
        CHECK(including("typed/codec.hpp", "core/codec.hpp") == 0);
        CHECK(including("typed/codec.hpp", "env/clock.hpp") == 1);
        CHECK(including("store.hpp", "cluster/cluster.hpp") == 0);
        CHECK(including("sim/world.hpp", "store.hpp") == 0);
        CHECK(including("engine/engine.hpp", "store.hpp") == 1);
        CHECK(including("engine/engine.hpp", "sim/world.hpp") == 1);
    }

    TEST_CASE("a slow, quoted or misplaced foreign include is found") {
        CHECK(tidy::check_includes("core/a.hpp", "#include <vector>\n").empty());
        CHECK(tidy::check_includes("core/a.hpp", "#include <regex>\n").size() == 1);
        CHECK(tidy::check_includes("core/a.hpp", "#include <iostream>\n#include <filesystem>\n").size() == 2);
        CHECK(tidy::check_includes("core/a.hpp", "#include \"bytes.hpp\"\n").size() == 1);
        CHECK(tidy::check_includes("core/a.hpp", "#include <boost/hana.hpp>\n").size() == 1);
        CHECK(tidy::check_includes("typed/a.hpp", "#include <boost/hana.hpp>\n").empty());
    }

    TEST_CASE("a header over 400 lines is found") {
        CHECK(tidy::check_header_length("x.hpp", repeated("\n", 400)).empty());
        CHECK(tidy::check_header_length("x.hpp", repeated("\n", 401)).size() == 1);
    }

    TEST_CASE("a function over 60 lines is found") {
        CHECK(long_functions("void f() {\n", 58, "}\n") == 0);
        CHECK(long_functions("void f() {\n", 59, "}\n") == 1);
        CHECK(long_functions("void f()\n{\n", 58, "}\n") == 1);
        CHECK(long_functions("namespace n {\nclass C final : B<int> {\npublic:\n    void f() const {\n", 59,
                             "}\n};\n}\n") == 1);
        CHECK(long_functions("template <class T>\n    requires A<T>\nclass C<T> {\npublic:\n    T f() {\n", 59,
                             "}\n};\n") == 1);
        CHECK(long_functions("struct S {\n    S() : a{1}, b{2} {\n", 59, "}\n};\n") == 1);
        CHECK(long_functions("inline constexpr auto f = [](int a) {\n", 59, "};\n") == 1);
        CHECK(long_functions("auto f(struct stat s) noexcept {\n    if (x) {\n", 58, "}\n}\n") == 1);
    }

    TEST_CASE("what only looks like a long function is none") {
        CHECK(long_functions("namespace n {\n", 100, "}\n") == 0);
        CHECK(long_functions("struct alignas(64) S {\n", 100, "};\n") == 0);
        CHECK(long_functions("enum class E : int {\n", 100, "};\n") == 0);
        CHECK(long_functions("void f() {}\n", 100, "void g() {}\n") == 0);
        CHECK(long_functions("class C {\n    void f() { g(\"{\", '{'); } // {\n", 100, "};\n") == 0);
        CHECK(long_functions("struct S {\n    const char* s = R\"({)\"; int n = 1'000;\n", 100, "};\n") == 0);
        CHECK(long_functions("#define X(a) { \\\n    {\nnamespace n {\n", 100, "}\n") == 0);
    }

    TEST_CASE("lines that are too long, ragged or unfinished are found") {
        CHECK(tidy::check_lines("x", std::string(120, 'x') + "\n").empty());
        CHECK(tidy::check_lines("x", std::string(121, 'x') + "\n").size() == 1);
        CHECK(tidy::check_lines("x", repeated("\xc3\xa4", 120) + "\n").empty());
        CHECK(tidy::check_lines("x", "a \n").size() == 1);
        CHECK(tidy::check_lines("x", "a\tb\n").size() == 1);
        CHECK(tidy::check_lines("x", "a").size() == 1);
        CHECK(tidy::check_lines("x", "// TO"
                                     "DO\n")
                  .size() == 1);
    }

    TEST_CASE("tables of a page may be wide, its other lines may not") {
        const std::string wide = "| " + std::string(120, 'x') + " |\n";
        CHECK(tidy::check_lines("x", tidy::without_tables("text\n" + wide + "text\n")).empty());
        CHECK(tidy::check_lines("x", tidy::without_tables("text " + wide)).size() == 1);
    }

    TEST_CASE("a header without its purpose is found") {
        CHECK(tidy::check_purpose("x", "// What this header is for.\n#pragma once\n").empty());
        CHECK(tidy::check_purpose("x", "#pragma once\n").size() == 1);
        CHECK(tidy::check_purpose("x", "// x.hpp\n#pragma once\n").size() == 1);
        CHECK(tidy::check_purpose("x", "// What this header is for.\n#ifndef X\n").size() == 1);
    }

    TEST_CASE("a path of one machine is found") {
        CHECK(tidy::check_paths("x", "a/b").empty());
        CHECK(tidy::check_paths("x", "\n see /ro"
                                     "ot/x") == tidy::Complaints{"x:2: names a place of one machine: /ro"
                                                                 "ot/"});
    }

    TEST_CASE("the links of a page are found") {
        CHECK(tidy::links_of("[a](b/c.md) and [d](https://e) and [f](g.md#h), [](auto a) {}") ==
              std::vector<std::string>{"b/c.md", "g.md"});
    }

    TEST_CASE("the pages that a text names are found") {
        CHECK(tidy::pages_named("// docs/formats/frame.md\n(docs/style.md). docs/decisions/") ==
              std::vector<std::string>{"docs/formats/frame.md", "docs/style.md"});
    }
}

TEST_SUITE("the repository keeps its rules") {
    TEST_CASE("includes point down") {
        expect_none([](const File& file, std::size_t& checked) {
            if (!file.is_header()) return tidy::Complaints{};
            ++checked;
            return tidy::check_includes(file.below_kvilt(), file.text);
        });
    }

    TEST_CASE("headers are short and say what they are for") {
        expect_none([](const File& file, std::size_t& checked) {
            if (!file.is_header() || !file.path.ends_with(".hpp")) return tidy::Complaints{};
            ++checked;
            tidy::Complaints complaints = tidy::check_header_length(file.path, file.text);
            for (const std::string& more : tidy::check_purpose(file.path, file.text)) complaints.push_back(more);
            return complaints;
        });
    }

    TEST_CASE("functions fit on a page") {
        expect_none([](const File& file, std::size_t& checked) {
            const bool ours = file.is_header() || file.path.starts_with("examples/") || file.path.starts_with("bench/");
            if (!ours || !(file.path.ends_with(".hpp") || file.path.ends_with(".cpp"))) return tidy::Complaints{};
            ++checked;
            return tidy::check_functions(file.path, file.text);
        });
    }

    TEST_CASE("lines are tidy") {
        expect_none([](const File& file, std::size_t& checked) {
            if (!file.is_code()) return tidy::Complaints{};
            ++checked;
            return tidy::check_lines(file.path, file.text);
        });
    }

    TEST_CASE("pages are tidy, but for the width of their tables") {
        expect_none([](const File& file, std::size_t& checked) {
            if (!file.path.ends_with(".md")) return tidy::Complaints{};
            ++checked;
            return tidy::check_lines(file.path, tidy::without_tables(file.text));
        });
    }

    TEST_CASE("the links of pages lead somewhere") {
        expect_none([](const File& file, std::size_t& checked) {
            tidy::Complaints complaints;
            if (!file.path.ends_with(".md")) return complaints;
            for (const std::string& link : tidy::links_of(file.text)) {
                ++checked;
                if (!fs::exists((root / file.path).parent_path() / link))
                    complaints.push_back(file.path + ": links to " + link + ", which is not there");
            }
            return complaints;
        });
    }

    TEST_CASE("no file names a place of one machine") {
        expect_none([](const File& file, std::size_t& checked) {
            ++checked;
            return tidy::check_paths(file.path, file.text);
        });
    }

    TEST_CASE("the top level holds what it should and nothing else") {
        const std::vector<std::string> allowed = {
            "CMakeLists.txt", "CMakePresets.json", "README.md",     "include",      "tests",
            "bench",          "examples",          "docs",          "conanfile.py", "vcpkg.json",
            "LICENSE",        "CHANGELOG.md",      ".clang-format", ".gitignore",   ".ci",
        };
        for (const std::string& name : allowed) CHECK_MESSAGE(fs::exists(root / name), name, " is missing");
        for (const auto& entry : fs::directory_iterator(root)) {
            const std::string name = entry.path().filename();
            const bool local = name.starts_with('.') || name == "build"; // editors' and git's own folders
            const bool known = std::find(allowed.begin(), allowed.end(), name) != allowed.end();
            CHECK_MESSAGE((local || known), name, " does not belong at the top level");
        }
    }

    TEST_CASE("one version is stated") {
        const std::string version = std::string("\"") + KVILT_VERSION + "\"";
        CHECK(slurp(root / "vcpkg.json").find("\"version\": " + version) != std::string::npos);
        CHECK(slurp(root / "CHANGELOG.md").find(std::string("[") + KVILT_VERSION + "]") != std::string::npos);
    }

    TEST_CASE("the README fits on four pages and quotes its first program as it is compiled") {
        const std::string readme = slurp(root / "README.md");
        CHECK(std::count(readme.begin(), readme.end(), '\n') <= 200);
        const std::string program = slurp(root / "examples/first_program.cpp");
        const std::size_t code = program.find("#include");
        REQUIRE(code != std::string::npos);
        CHECK(readme.find("```cpp\n" + program.substr(code) + "```\n") != std::string::npos);
    }

    // Once the docs are there, they are complete.
    TEST_CASE("every slot and every page that a source names has its page") {
        if (!fs::exists(root / "docs/policies") || fs::is_empty(root / "docs/policies")) {
            MESSAGE("skipped: docs/policies/ is not written yet");
            return;
        }
        for (const char* slot : {"memtable", "log", "table", "partition", "replication", "conflict"})
            CHECK_MESSAGE(fs::exists(root / "docs/policies" / (std::string(slot) + ".md")), slot, " has no page");
        expect_none([](const File& file, std::size_t& checked) {
            tidy::Complaints complaints;
            if (file.path.starts_with("tests/tidy/")) return complaints;
            ++checked;
            for (const std::string& page : tidy::pages_named(file.text))
                if (!fs::exists(root / page))
                    complaints.push_back(file.path + ": names " + page + ", which is not there");
            return complaints;
        });
    }
}
