// What a directory really takes, asked of the file system.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

inline std::uint64_t bytes_in(const std::string& directory) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
        if (entry.is_regular_file()) bytes += entry.file_size();
    return bytes;
}
