// A mapped log and a hash map over it, as one writes them by hand: as durable as log::Mapped, and nothing more.
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>

#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace bench {

// Files of one size, allocated before they are mapped, since a hole that the disk has no room for is a signal.
//   frame  u32 checksum | u32 key bytes | u32 value bytes | u32 zero | key | value | to 8
// One thread. No reclaiming: what is overwritten stays.
class MappedMap {
public:
    static constexpr std::size_t segment_bytes = std::size_t{4} << 20;

    explicit MappedMap(std::string path) : path_(std::move(path)) {}
    MappedMap(MappedMap&& other) noexcept = default;
    MappedMap& operator=(MappedMap&&) = delete;
    ~MappedMap() {
        for (const Segment& segment : segments_) {
            ::munmap(segment.data, segment_bytes);
            ::close(segment.file);
        }
    }

    void put(std::string_view key, std::string_view value) {
        const std::size_t bytes = (header_bytes + key.size() + value.size() + 7) / 8 * 8;
        if (segments_.empty() || end_ + bytes > segment_bytes) rotate();
        char* const frame = segments_.back().data + end_;
        kvilt::coding::store(frame + 4, static_cast<std::uint32_t>(key.size()));
        kvilt::coding::store(frame + 8, static_cast<std::uint32_t>(value.size()));
        kvilt::coding::store(frame + 12, std::uint32_t{0});
        key.copy(frame + header_bytes, key.size());
        value.copy(frame + header_bytes + key.size(), value.size());
        const std::uint64_t sum = kvilt::checksum64({frame + 4, bytes - 4}, end_);
        kvilt::coding::store(frame, static_cast<std::uint32_t>(sum));
        end_ += bytes;
        frames_.insert_or_assign(std::string_view(frame + header_bytes, key.size()), frame);
    }

    std::optional<std::string_view> find(std::string_view key) const {
        const auto at = frames_.find(key);
        if (at == frames_.end()) return std::nullopt;
        const auto key_size = kvilt::coding::load<std::uint32_t>(at->second + 4);
        return std::string_view(at->second + header_bytes + key_size,
                                kvilt::coding::load<std::uint32_t>(at->second + 8));
    }

private:
    static constexpr std::size_t header_bytes = 16;

    struct Segment {
        int file;
        char* data;
    };

    void rotate() {
        const std::string path = path_ + std::to_string(segments_.size());
        const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
        if (file < 0 || ::posix_fallocate(file, 0, segment_bytes) != 0) throw std::runtime_error(path);
        void* const data = ::mmap(nullptr, segment_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (data == MAP_FAILED) throw std::runtime_error(path);
        segments_.push_back({file, static_cast<char*>(data)});
        end_ = 0;
    }

    std::string path_;
    std::vector<Segment> segments_{};
    std::size_t end_ = 0;
    std::unordered_map<std::string_view, const char*> frames_{};
};

} // namespace bench
