// The parts of a table file that are not blocks: its name, properties, footer, and what seeds the checksums.
// docs/formats/table.md
//
//   blocks | zeros to 64 | filter | index | properties | footer
#pragma once

#include <kvilt/core/checksum.hpp>
#include <kvilt/core/coding.hpp>
#include <kvilt/table/compression.hpp>
#include <kvilt/table/concept.hpp>
#include <kvilt/table/filter.hpp>

#include <cstdio>
#include <optional>
#include <string>

namespace kvilt {

// "table-000012"; numbers of more than six digits are written whole.
inline std::string table_name(std::uint64_t number) {
    char name[32];
    std::snprintf(name, sizeof name, "table-%06llu", static_cast<unsigned long long>(number));
    return name;
}

inline std::string table_path(const TableContext& context, std::uint64_t number) {
    return context.directory + "/" + table_name(number);
}

struct TableFileOptions {
    // The size at which blocks are cut, 512 to 256 KiB. 0 is 4 KiB, and 16 KiB where compressed. A record that does not
    // fit has a block to itself.
    std::size_t block_bytes = 0;

    static constexpr std::size_t block_bytes_min = 512;
    static constexpr std::size_t block_bytes_max = std::size_t{256} << 10;
};

namespace table_file {

inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t filter_alignment = 64;

// Bytes are valid only in their own place of their own file.
inline std::uint64_t seed(std::uint64_t identity, std::uint64_t number, std::uint64_t offset) noexcept {
    return mix(mix(identity, number), offset);
}

// The end of the file:
//   "kvilttbl" | u32 version | u8 filter | u8 compression | u8 single version | u8 0 | u64 number | u64 identity
//   | u64 data bytes | u64 filter bytes | u64 index bytes | u64 properties bytes
//   | u64 filter checksum | u64 index checksum | u64 properties checksum | u64 checksum
struct Footer {
    std::uint32_t format_version = version;
    filter::Kind filter = filter::Kind::none;
    compression::Kind compression = compression::Kind::none;
    bool single_version = true; // no key has two records
    std::uint64_t number = 0;
    std::uint64_t identity = 0;
    std::uint64_t data_bytes = 0;
    std::uint64_t filter_bytes = 0;
    std::uint64_t index_bytes = 0;
    std::uint64_t properties_bytes = 0;
    std::uint64_t filter_checksum = 0;
    std::uint64_t index_checksum = 0;
    std::uint64_t properties_checksum = 0;

    static constexpr std::size_t bytes = 96;
    static constexpr Bytes magic = "kvilttbl";

    std::uint64_t filter_offset() const noexcept { return round_up(data_bytes, filter_alignment); }
    std::uint64_t index_offset() const noexcept { return filter_offset() + filter_bytes; }
    std::uint64_t properties_offset() const noexcept { return index_offset() + index_bytes; }
    std::uint64_t footer_offset() const noexcept { return properties_offset() + properties_bytes; }
    std::uint64_t seed(std::uint64_t offset) const noexcept { return table_file::seed(identity, number, offset); }

    void append_to(std::string& to) const {
        const std::size_t from = to.size();
        to.append(magic);
        coding::append(to, format_version);
        coding::append(to, static_cast<std::uint8_t>(filter));
        coding::append(to, static_cast<std::uint8_t>(compression));
        coding::append(to, static_cast<std::uint8_t>(single_version ? 1 : 0));
        coding::append(to, std::uint8_t{0});
        for (const std::uint64_t field : {number, identity, data_bytes, filter_bytes, index_bytes, properties_bytes,
                                          filter_checksum, index_checksum, properties_checksum})
            coding::append(to, field);
        coding::append(to, checksum64(Bytes(to).substr(from), 0));
    }

    // The footer of a file of `file_bytes` bytes, whose last `bytes` are `from`; on failure a reason.
    static std::expected<Footer, const char*> read(Bytes from, std::uint64_t file_bytes) noexcept;
};

inline std::expected<Footer, const char*> Footer::read(Bytes from, std::uint64_t file_bytes) noexcept {
    coding::Reader reader(from);
    if (from.size() != bytes || reader.bytes(magic.size()) != magic)
        return std::unexpected("it does not end as a table file does: cut short, or none");
    if (coding::load<std::uint64_t>(from.data() + bytes - 8) != checksum64(from.substr(0, bytes - 8), 0))
        return std::unexpected("the checksum of its footer does not match");
    Footer footer;
    footer.format_version = reader.fixed<std::uint32_t>();
    if (footer.format_version != version) return footer; // nothing else is known of it
    const auto filter = reader.fixed<std::uint8_t>();
    const auto compression = reader.fixed<std::uint8_t>();
    const auto single_version = reader.fixed<std::uint8_t>();
    if (filter >= filter::kinds || compression >= compression::kinds || single_version > 1 ||
        reader.fixed<std::uint8_t>() != 0)
        return std::unexpected("its footer is malformed");
    footer.filter = static_cast<filter::Kind>(filter);
    footer.compression = static_cast<compression::Kind>(compression);
    footer.single_version = single_version == 1;
    for (std::uint64_t* field :
         {&footer.number, &footer.identity, &footer.data_bytes, &footer.filter_bytes, &footer.index_bytes,
          &footer.properties_bytes, &footer.filter_checksum, &footer.index_checksum, &footer.properties_checksum})
        *field = reader.fixed<std::uint64_t>();
    for (const std::uint64_t part :
         {footer.data_bytes, footer.filter_bytes, footer.index_bytes, footer.properties_bytes})
        if (part > file_bytes || part % 8 != 0) return std::unexpected("the sizes in its footer are malformed");
    if (footer.data_bytes == 0 || footer.filter_bytes % filter_alignment != 0 ||
        footer.footer_offset() + bytes != file_bytes)
        return std::unexpected("the sizes in its footer do not add up to its own");
    return footer;
}

// What a file says about its contents.
//   u64 entries | u64 tombstones | u64 lowest sequence | u64 highest sequence | u32 first key bytes
//   | u32 last key bytes | first key | last key | zeros to 8
struct Properties {
    std::uint64_t entries = 0;
    std::uint64_t tombstones = 0;
    Sequence sequence_lowest = sequence_max;
    Sequence sequence_highest = 0;
    std::string key_first{};
    std::string key_last{};

    std::string encode() const {
        std::string to;
        for (const std::uint64_t field : {entries, tombstones, sequence_lowest, sequence_highest})
            coding::append(to, field);
        coding::append(to, static_cast<std::uint32_t>(key_first.size()));
        coding::append(to, static_cast<std::uint32_t>(key_last.size()));
        to.append(key_first).append(key_last);
        to.resize(round_up(to.size(), 8));
        return to;
    }

    static std::optional<Properties> decode(Bytes from) {
        coding::Reader reader(from);
        Properties properties;
        properties.entries = reader.fixed<std::uint64_t>();
        properties.tombstones = reader.fixed<std::uint64_t>();
        properties.sequence_lowest = reader.fixed<std::uint64_t>();
        properties.sequence_highest = reader.fixed<std::uint64_t>();
        const auto first_bytes = reader.fixed<std::uint32_t>();
        const auto last_bytes = reader.fixed<std::uint32_t>();
        properties.key_first = reader.bytes(first_bytes);
        properties.key_last = reader.bytes(last_bytes);
        const Bytes rest = reader.rest();
        if (!reader.ok() || rest.size() >= 8 || rest.find_first_not_of('\0') != Bytes::npos) return std::nullopt;
        return properties;
    }

    // What the manifest says of such a file; level and run are its own affair.
    TableFile table_file(std::uint64_t number, std::uint64_t bytes) const {
        TableFile file;
        file.number = number;
        file.bytes = bytes;
        file.entries = entries;
        file.tombstones = tombstones;
        file.sequence_lowest = sequence_lowest;
        file.sequence_highest = sequence_highest;
        file.key_first = key_first;
        file.key_last = key_last;
        return file;
    }
};

} // namespace table_file
} // namespace kvilt
