// The five acts. Each prints its figures and ends in checks.
#pragma once

#include "dump.hpp"
#include "report.hpp"

// Puts every package, and for every dependency its reverse, into a new durable store in `directory`.
void load(Report& report, const Dump& dump, const std::string& directory);

// Look-ups, ranges and reverse dependencies, each compared with what was parsed.
void ask(Report& report, const Dump& dump, const std::string& directory);

// Kills a process that writes to the store, and looks what is there.
void crash(Report& report, const Dump& dump, const std::string& directory);

// The same workload over four compositions.
void change_one_alias(Report& report, const Dump& dump, const std::string& directory);

// Three copies on five nodes: one stops, the rest is cut in two, and all are equal again.
void ring(Report& report, const Dump& dump, const std::string& directory);
