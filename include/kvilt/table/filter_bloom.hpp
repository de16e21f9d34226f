// A blocked Bloom filter: one cache line a probe, about 1 % of false positives at 10 bits a key.
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/core/prefetch.hpp>
#include <kvilt/table/filter.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace kvilt::filter {

// Blocks of 512 bits. A key's block is the high half of its hash scaled to their number; its `probes` bits there are
// the top nine bits of the low half, multiplied once more for each. The bytes end in a block of u32 probes and zeros.
template <std::size_t bits_per_key = 10>
struct Bloom {
    static_assert(bits_per_key >= 2 && bits_per_key <= 64, "kvilt: filter::Bloom takes 2 to 64 bits a key");
    static constexpr std::string_view name = "filter::Bloom";
    static constexpr bool locates = false;
    static constexpr std::size_t block_bytes = 64;
    static constexpr std::uint32_t probes_max = 30;
    // bits * ln 2 is the optimum of an unblocked filter; blocks want a little less.
    static constexpr std::uint32_t probes =
        static_cast<std::uint32_t>(std::clamp<std::size_t>(bits_per_key * 6 / 10, 1, probes_max));

    class View;

    class Builder {
    public:
        void add(std::uint64_t hash, std::uint64_t) { hashes_.push_back(hash); }

        Built finish() const {
            const std::size_t blocks = hashes_.size() * bits_per_key / (block_bytes * 8) + 1;
            std::string bytes((blocks + 1) * block_bytes, '\0');
            for (const std::uint64_t hash : hashes_) {
                char* const block = bytes.data() + View::block_of(hash, blocks) * block_bytes;
                auto mixed = static_cast<std::uint32_t>(hash);
                for (std::uint32_t i = 0; i < probes; ++i) {
                    const std::uint32_t bit = View::next(mixed);
                    block[bit / 8] = static_cast<char>(block[bit / 8] | 1 << bit % 8);
                }
            }
            coding::store(bytes.data() + blocks * block_bytes, probes);
            return {Kind::bloom, std::move(bytes)};
        }

    private:
        std::vector<std::uint64_t> hashes_;
    };

    // Reads filters of any number of bits a key.
    class View {
    public:
        static std::optional<View> open(Kind kind, Bytes bytes) noexcept {
            if (kind != Kind::bloom || bytes.size() < 2 * block_bytes || bytes.size() % block_bytes != 0)
                return std::nullopt;
            const std::size_t blocks = bytes.size() / block_bytes - 1;
            const auto stored = coding::load<std::uint32_t>(bytes.data() + blocks * block_bytes);
            if (stored == 0 || stored > probes_max) return std::nullopt;
            return View(bytes.data(), blocks, stored);
        }

        void prefetch(std::uint64_t hash) const noexcept {
            prefetch_line(blocks_ + block_of(hash, count_) * block_bytes);
        }

        bool may_contain(std::uint64_t hash) const noexcept {
            const char* const block = blocks_ + block_of(hash, count_) * block_bytes;
            auto mixed = static_cast<std::uint32_t>(hash);
            for (std::uint32_t i = 0; i < probes_; ++i) {
                const std::uint32_t bit = next(mixed);
                if ((block[bit / 8] >> bit % 8 & 1) == 0) return false;
            }
            return true;
        }

    private:
        friend Builder;
        View(const char* blocks, std::size_t count, std::uint32_t probe_count) noexcept
            : blocks_(blocks), count_(count), probes_(probe_count) {}

        static std::size_t block_of(std::uint64_t hash, std::size_t blocks) noexcept {
            return static_cast<std::size_t>((hash >> 32) * blocks >> 32);
        }
        static std::uint32_t next(std::uint32_t& mixed) noexcept {
            mixed *= 0x9e37'79b9U;
            return mixed >> 23;
        }

        const char* blocks_;
        std::size_t count_;
        std::uint32_t probes_;
    };
};

} // namespace kvilt::filter
