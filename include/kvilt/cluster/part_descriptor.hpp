// The value of the first record of a part frame: which shards a batch went to, and the first sequence in each.
// docs/formats/log.md
#pragma once

#include <kvilt/core/coding.hpp>
#include <kvilt/core/record.hpp>

#include <optional>
#include <string>

namespace kvilt::cluster {

// u64 shard | u64 first sequence, for each part.
class PartDescriptor {
public:
    static constexpr std::size_t entry_bytes = 16;
    static constexpr std::size_t bytes_for(std::size_t parts) noexcept { return parts * entry_bytes; }

    void add(std::size_t shard, Sequence first) {
        coding::append(text_, static_cast<std::uint64_t>(shard));
        coding::append(text_, first);
    }
    Bytes bytes() const noexcept { return text_; }

    static std::optional<PartDescriptor> parse(Bytes bytes) {
        if (bytes.empty() || bytes.size() % entry_bytes != 0) return std::nullopt;
        PartDescriptor descriptor;
        descriptor.text_ = bytes;
        return descriptor;
    }

    bool shard_count_fits(std::size_t shards) const noexcept {
        return all_of([shards](std::size_t shard, Sequence) { return shard < shards; });
    }

    // judge(std::size_t shard, Sequence first)
    template <class Judge>
    bool all_of(Judge judge) const {
        for (std::size_t at = 0; at < text_.size(); at += entry_bytes)
            if (!judge(static_cast<std::size_t>(coding::load<std::uint64_t>(text_.data() + at)),
                       coding::load<Sequence>(text_.data() + at + 8)))
                return false;
        return true;
    }

private:
    std::string text_;
};

} // namespace kvilt::cluster
