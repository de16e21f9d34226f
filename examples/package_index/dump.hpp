// The input: a Debian package index as text, and parsed.
#pragma once

#include "package.hpp"
#include <cstddef>
#include <map>
#include <string>

struct Dump {
    std::string source; // where it comes from, to be told
    std::size_t text_bytes = 0;
    std::map<std::string, Package> packages{}; // the oracle of every check
    std::size_t dependencies = 0;
};

struct Input {
    std::string file{};        // empty: ask apt
    std::size_t generated = 0; // more than 0: so many made-up packages instead
};

// Throws std::runtime_error with a sentence that says what is wrong and what to give instead.
Dump read_dump(const Input& input);
