// Filter and point index in one probe: a hash table of fingerprints that names the entry.
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/core/prefetch.hpp>
#include <kvilt/table/filter.hpp>

#include <bit>
#include <vector>

namespace kvilt::filter {

namespace detail {

// 64 bytes, one cache line:  u16 fingerprints[slots] | addresses[slots] | u8 count | u8 overflow | zeros
// A key's bucket is the high half of its hash scaled to their number, its fingerprint the low 16 bits. A key that finds
// its bucket full is in the next one with room, and every bucket it passed is marked. Narrow: 12 slots of 24-bit
// addresses (128 MiB of data); wide: 10 slots of 32 bits (32 GiB).
template <std::size_t slots, std::size_t address_bytes>
struct LocatorBucket {
    static constexpr std::size_t bytes = 64;
    static constexpr std::size_t addresses_at = slots * 2;
    static constexpr std::size_t count_at = slots * (2 + address_bytes);
    static constexpr std::size_t overflow_at = count_at + 1;
    static constexpr std::uint64_t address_mask = (std::uint64_t{1} << address_bytes * 8) - 1;
    static_assert(overflow_at < bytes);

    static std::uint64_t address(const char* bucket, std::size_t slot) noexcept {
        return coding::load<std::uint32_t>(bucket + addresses_at + slot * address_bytes) & address_mask;
    }

    // Bit 16 * k + 15 of word w is set exactly if slot 4 * w + k has the fingerprint.
    static std::uint64_t matches(const char* bucket, std::size_t word, std::uint64_t pattern) noexcept {
        constexpr std::uint64_t low = 0x7fff'7fff'7fff'7fffULL;
        const std::uint64_t x = coding::load<std::uint64_t>(bucket + word * 8) ^ pattern;
        return ~(((x & low) + low) | x | low);
    }

    template <class Visit>
    static bool find(const char* bucket, std::uint16_t fingerprint, Visit& visit) {
        const std::size_t count = static_cast<std::uint8_t>(bucket[count_at]);
        const std::uint64_t pattern = fingerprint * 0x0001'0001'0001'0001ULL;
        for (std::size_t word = 0; word < (slots + 3) / 4; ++word)
            for (std::uint64_t hits = matches(bucket, word, pattern); hits != 0; hits &= hits - 1) {
                const std::size_t slot = word * 4 + static_cast<std::size_t>(std::countr_zero(hits)) / 16;
                if (slot < count && slot < slots && visit(address(bucket, slot))) return true;
            }
        return false;
    }

    static bool add(char* bucket, std::uint16_t fingerprint, std::uint64_t address) noexcept {
        const std::size_t count = static_cast<std::uint8_t>(bucket[count_at]);
        if (count == slots) {
            bucket[overflow_at] = 1;
            return false;
        }
        coding::store(bucket + count * 2, fingerprint);
        for (std::size_t i = 0; i < address_bytes; ++i)
            bucket[addresses_at + count * address_bytes + i] = static_cast<char>(address >> i * 8);
        bucket[count_at] = static_cast<char>(count + 1);
        return true;
    }
};

using NarrowBucket = LocatorBucket<12, 3>;
using WideBucket = LocatorBucket<10, 4>;

inline std::size_t bucket_of(std::uint64_t hash, std::size_t buckets) noexcept {
    return static_cast<std::size_t>((hash >> 32) * buckets >> 32);
}

} // namespace detail

// Seven bytes a key; one key in about 5,000 that is not there costs a look at an entry (it is compared, so no answer is
// ever wrong). Where data are far larger than memory, Bloom<10> takes less than a fifth of it.
struct Locator {
    static constexpr std::string_view name = "filter::Locator";
    static constexpr bool locates = true;
    static constexpr std::size_t bucket_bytes = 64;

    class Builder {
    public:
        void add(std::uint64_t hash, std::uint64_t address) { keys_.push_back({hash, address}); }

        Built finish() const {
            std::uint64_t highest = 0;
            for (const Key& key : keys_) highest = key.address > highest ? key.address : highest;
            if (keys_.empty() || highest > detail::WideBucket::address_mask) return {};
            if (highest <= detail::NarrowBucket::address_mask)
                return {Kind::locator, fill<detail::NarrowBucket>(keys_.size() / 9 + 1)};
            return {Kind::locator_wide, fill<detail::WideBucket>(keys_.size() / 7 + 1)};
        }

    private:
        struct Key {
            std::uint64_t hash;
            std::uint64_t address;
        };

        template <class Bucket>
        std::string fill(std::size_t buckets) const {
            std::string bytes(buckets * bucket_bytes, '\0');
            for (const Key& key : keys_) {
                std::size_t at = detail::bucket_of(key.hash, buckets);
                while (
                    !Bucket::add(bytes.data() + at * bucket_bytes, static_cast<std::uint16_t>(key.hash), key.address))
                    at = at + 1 == buckets ? 0 : at + 1;
            }
            return bytes;
        }

        std::vector<Key> keys_;
    };

    class View {
    public:
        static std::optional<View> open(Kind kind, Bytes bytes) noexcept {
            if ((kind != Kind::locator && kind != Kind::locator_wide) || bytes.empty() ||
                bytes.size() % bucket_bytes != 0)
                return std::nullopt;
            return View(bytes, kind == Kind::locator_wide);
        }

        void prefetch(std::uint64_t hash) const noexcept { prefetch_line(bucket(hash)); }

        template <class Visit>
        bool find(std::uint64_t hash, Visit visit) const {
            return wide_ ? find_in<detail::WideBucket>(hash, visit) : find_in<detail::NarrowBucket>(hash, visit);
        }

    private:
        View(Bytes bytes, bool wide) noexcept
            : buckets_(bytes.data()), count_(bytes.size() / bucket_bytes), wide_(wide) {}

        const char* bucket(std::uint64_t hash) const noexcept {
            return buckets_ + detail::bucket_of(hash, count_) * bucket_bytes;
        }

        template <class Bucket, class Visit>
        bool find_in(std::uint64_t hash, Visit& visit) const {
            const char* at = bucket(hash);
            for (std::size_t looked = 0; looked < count_; ++looked) {
                if (Bucket::find(at, static_cast<std::uint16_t>(hash), visit)) return true;
                if (at[Bucket::overflow_at] == 0) return false;
                at += bucket_bytes;
                if (at == buckets_ + count_ * bucket_bytes) at = buckets_;
            }
            return false;
        }

        const char* buckets_;
        std::size_t count_;
        bool wide_;
    };
};

} // namespace kvilt::filter
