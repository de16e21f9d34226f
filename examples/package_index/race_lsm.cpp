#include "race.hpp"

Figures race_lsm(const Dump& dump, const std::string& directory) {
    PackageStore store = must(PackageStore::open(directory, package_options()));
    return race("durable LSM", store, dump);
}
