// The parts of a table file that are not blocks: names, properties, footer, and what seeds the checksums.
// docs/formats/table.md
#pragma once

#include <kvilt/core/bytes.hpp>

#include <cstdint>
#include <cstdio>
#include <string>

namespace kvilt {

// "table-000012": numbers beyond six digits grow longer.
inline std::string table_name(std::uint64_t number) {
    char name[40];
    std::snprintf(name, sizeof name, "table-%06llu", static_cast<unsigned long long>(number));
    return name;
}

struct TableFileOptions {
    // The size blocks are cut at: a power of two from 512 to 256 KiB. 0 is 4 KiB, and 16 KiB where compressed. A record
    // that does not fit has a block to itself.
    std::size_t block_bytes = 0;
};

} // namespace kvilt
